// A parsing thread's program that claims a batch, says so, and ends with it: DYING=throws,-1 or DYING=exits,-1.
import { workerData } from 'node:worker_threads';
import { joinReplay } from '../../dist/node/joining.js';
import { CLAIMED } from '../../dist/threads/ring.js';

const { ring } = joinReplay(workerData);
for (let batch = ring.get(CLAIMED); !ring.exchange(CLAIMED, batch, batch + 1); ) batch = ring.get(CLAIMED);
const channel = new BroadcastChannel('dying-parser');
channel.postMessage('claimed');
channel.close();
if (process.env.DYING.startsWith('exits')) process.exit(3);
throw new Error('out of luck');
