/**
 * The engine in its worker, as functions of the page.
 *
 * In:  calls.  Out: promises of what the worker answers; EngineFault where it cannot. The engine's script is loaded when the
 * first call is made. Opened from a folder (file:), a browser starts no worker from a file: there the script is loaded into the
 * page, which runs nothing of it, and the worker is started from the function's text.
 */
import { type Engine, EngineFault, type Progress, type Remote, type Reply } from '../worker/protocol.js';

export interface EngineClient extends Remote<Engine> {}

interface Waiting {
  give(value: unknown): void;
  fail(fault: EngineFault): void;
}

export function createEngine(onProgress: (progress: Progress) => void): EngineClient {
  const waiting = new Map<number, Waiting>();
  let worker: Promise<Worker> | null = null;
  let calls = 0;

  const failAll = (sentence: string): void => {
    for (const { fail } of waiting.values()) fail(new EngineFault(sentence));
    waiting.clear();
    worker = null;
  };

  async function start(): Promise<Worker> {
    const started = location.protocol === 'file:' ? await fromText() : new Worker('engine.js');
    started.onmessage = ({ data }: MessageEvent<Reply>) => {
      if ('progress' in data) return onProgress(data.progress);
      const asked = waiting.get(data.id);
      waiting.delete(data.id);
      if ('fault' in data) asked?.fail(new EngineFault(data.fault));
      else asked?.give(data.value);
    };
    started.onerror = event => failAll(`the engine could not be started: ${event.message ?? 'engine.js is missing'}`);
    return started;
  }

  const call =
    (method: keyof Engine) =>
    async (...given: unknown[]) => {
      worker ??= start();
      const id = ++calls;
      const answer = new Promise((give, fail) => waiting.set(id, { give, fail }));
      try {
        (await worker).postMessage({ id, method, given });
      } catch (error) {
        failAll(error instanceof Error ? error.message : String(error));
      }
      return answer;
    };

  return new Proxy({} as EngineClient, { get: (_, method) => call(method as keyof Engine) });
}

async function fromText(): Promise<Worker> {
  await loadScript('engine.js');
  const { policapEngine } = globalThis as unknown as { policapEngine: () => void };
  const url = URL.createObjectURL(new Blob([`(${policapEngine})()`], { type: 'text/javascript' }));
  return new Worker(url);
}

/** A further script of this site; resolves when it has run. */
export function loadScript(name: string): Promise<void> {
  const script = document.createElement('script');
  script.src = name;
  return new Promise((give, fail) => {
    script.onload = () => give();
    script.onerror = () => fail(new EngineFault(`${name} could not be loaded: is the whole folder there?`));
    document.head.append(script);
  });
}
