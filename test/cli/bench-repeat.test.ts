/** A capture repeated for the stages of policap bench is judged each time as the first. */
import { expect, it } from 'vitest';
import { REPEATED_TIMEOUTS, repeatCapture, withClockGoingOn } from '../../src/cli/bench-repeat.js';
import { openCaptures } from '../../src/node/captures.js';
import { replay } from '../../src/replay.js';
import { compileText, createRecorder } from '../support/replay.js';

const CAPTURE = 'pcaps/shop/capture.pcapng';
const PACKETS = 780;

/** Each packet's reason and connection. */
async function judged(path: string, repetition: number): Promise<[string, number][]> {
  const opened = await openCaptures([path]);
  const source = repetition > 0 ? withClockGoingOn(opened, repetition) : opened;
  const recorder = createRecorder();
  await replay(source, compileText(), { timeouts: REPEATED_TIMEOUTS, captures: [path] }, [recorder]);
  source.close();
  return recorder.records.map(({ reason, connection }) => [reason, connection ?? 0]);
}

it('opens every connection anew, with the same verdicts', async () => {
  const once = await judged(CAPTURE, 0);
  expect(once.length).toBe(PACKETS);
  const opened = Math.max(...once.map(([, connection]) => connection));
  expect(opened).toBeGreaterThan(20);
  const again = once.map(([reason, connection]) => [reason, connection > 0 ? connection + opened : 0]);
  const repeated = repeatCapture(CAPTURE, 125_000)!;
  try {
    expect(repeated.times).toBe(2);
    expect(await judged(repeated.path, PACKETS)).toEqual([...once, ...again]);
    // Without the clock going on, the second time meets the connections of the first.
    expect(await judged(repeated.path, 0)).not.toEqual([...once, ...again]);
  } finally {
    repeated.remove();
  }
  expect(repeatCapture(CAPTURE, 250_000)).toBeNull();
});
