/**
 * The worker's entry: calls in, replies out, one after another in the order they came; a few at once.
 *
 * The whole engine is one function, policapEngine, so that a page opened from a folder, which may start no worker from a file,
 * can start one from the function's own text (web/app/engine.ts).
 */
import { CaptureError } from '../../src/capture/frame.js';
import { TimeoutError } from '../../src/flow/timeouts.js';
import { AT_ONCE, type Call, EngineFault, type Progress, type Reply } from './protocol.js';
import { createWorkbench } from './workbench.js';

interface WorkerScope {
  onmessage: ((event: MessageEvent<Call>) => void) | null;
  postMessage(message: Reply): void;
}

const scope = globalThis as unknown as WorkerScope;
let current = 0;
const onProgress = (progress: Progress): void => scope.postMessage({ id: current, progress });
const engine = createWorkbench(onProgress);
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if (AT_ONCE.has(data.method)) return void answer(data);
  last = last.then(() => answer(data));
};

async function answer({ id, method, given }: Call): Promise<void> {
  if (!AT_ONCE.has(method)) current = id;
  try {
    const run = engine[method] as (...given: readonly unknown[]) => unknown;
    scope.postMessage({ id, value: await run(...given) });
  } catch (error) {
    scope.postMessage({ id, fault: sentenceOf(error) });
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof EngineFault || error instanceof CaptureError || error instanceof TimeoutError)
    return error.message;
  // A fault of ours: what a report of it needs.
  console.error(error);
  return `policap failed: ${error instanceof Error ? error.message : String(error)}. The browser's console has more.`;
}
