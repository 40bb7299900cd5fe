// A parsing thread's program that claims the first batch and ends with it: DYING=throws,-1 or DYING=exits,-1.
import { workerData } from 'node:worker_threads';
import { joinReplay } from '../../dist/node/joining.js';
import { CLAIMED, FILLED, PARSER_BELL } from '../../dist/threads/ring.js';

const { ring } = joinReplay(workerData);
for (;;) {
  const heard = ring.get(PARSER_BELL);
  const batch = ring.get(CLAIMED);
  if (ring.between(FILLED, CLAIMED) <= 0) ring.wait(PARSER_BELL, heard);
  else if (ring.exchange(CLAIMED, batch, batch + 1) && !ring.isParsed(batch)) break;
}
if (process.env.DYING.startsWith('exits')) process.exit(3);
throw new Error('out of luck');
