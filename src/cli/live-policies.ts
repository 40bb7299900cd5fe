/**
 * What policap live judges by, as it changes: files that are watched, and a stream of the cluster's objects.
 *
 * In:  InputOptions, and text of the stream as it comes.  Out: what was compiled first, then PolicyChanges for the replay: a change
 * is compiled beside it, between two batches, and taken with the next packet; of several that nobody took, the last. What is
 * wrong with a change is said, and what was before stays in force.
 * The stream is compiled no oftener than every QUIET milliseconds, and takes no more than a fifth of the time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterEvents } from '../cluster/events.js';
import { ObjectStream, ObjectStreamError } from '../cluster/object-stream.js';
import type { Compiled } from '../compile.js';
import type { ClusterStream } from '../node/cluster-stream.js';
import { createWatch } from '../node/watch.js';
import type { PolicyChanges } from '../replay.js';
import type { Style } from '../report/style.js';
import type { InputOptions } from './documents.js';
import { DocumentError, UsageError } from './errors.js';
import { createInputCompiler } from './recompile.js';
import { sayProblem } from './say-problem.js';
import type { Terminal } from './terminal.js';
import { Throttle } from './throttle.js';

export interface LivePolicies extends PolicyChanges {
  readonly first: Compiled;
  close(): void;
}

/** Milliseconds without an object behind which the stream's are compiled; at first it may take FIRST until it is quiet. */
const QUIET = 250;
const FIRST = 5000;
const TICK = 20;
/** Milliseconds of pause for each one of compiling. */
const PAUSE = 4;

/**
 * @param check throws where what was compiled cannot take the place of what was compiled first (absent: it is the first)
 * @throws UsageError, DocumentError where nothing can be judged by to begin with
 */
export async function watchPolicies(
  input: InputOptions,
  reevaluates: boolean,
  stream: ClusterStream | null,
  check: (compiled: Compiled, first?: Compiled) => void,
  terminal: Terminal,
  style: Style,
): Promise<LivePolicies> {
  const { policies = [], cluster = [], rules = [] } = input;
  const paths = [...policies, ...cluster, ...rules];
  const compiler = createInputCompiler(terminal, style);
  const events = stream === null ? null : new ClusterEvents();
  const closing = new AbortController();
  const watch = createWatch();
  let first: Compiled | null = null;
  let last: Compiled | null = null;
  let ready: Compiled | null = null;
  let failure: unknown = null;

  const compile = (): Compiled =>
    compiler.compile(input, events === null ? undefined : documents => events.over(documents));

  /** @returns milliseconds that it took @param say told where something else is in force then */
  function change(say: (took: number) => void): number {
    const started = performance.now();
    try {
      const compiled = compile();
      check(compiled, first!);
      if (compiled !== last) {
        last = compiled;
        ready = compiled;
        say(Math.max(1, Math.round(performance.now() - started)));
      }
    } catch (error) {
      sayProblem(mendable(error), terminal, style, 'what was judged by before stays in force');
    }
    return performance.now() - started;
  }

  async function followFiles(): Promise<void> {
    for (;;) {
      const files = await watch.changed(closing.signal);
      if (files === null) return;
      change(took => {
        const names =
          files.length > 3 ? `${files.slice(0, 3).join(', ')} and ${files.length - 3} more` : files.join(', ');
        terminal.say(`policap: changed: ${names}; in force from the next packet on (compiled in ${took} ms)`);
      });
    }
  }

  const recompile = new Throttle(QUIET, () => (first === null ? 0 : change(() => {}) * PAUSE));
  /** When the stream's last object came; Infinity before the first, -Infinity where it has ended. */
  let heard = Number.POSITIVE_INFINITY;

  async function followStream({ name, text }: ClusterStream): Promise<void> {
    const objects = new ObjectStream();
    try {
      for await (const piece of text) {
        for (const object of objects.take(piece)) apply(object, name);
      }
      if (objects.isOpen) throw new ObjectStreamError('it ends in the middle of an object');
      if (!closing.signal.aborted) terminal.say(`policap: ${name} has ended: the cluster stays as it was told last`);
    } catch (error) {
      if (closing.signal.aborted) return;
      const { message } = error as Error;
      terminal.say(`policap: ${style('red', 'error:')} --cluster-stream ${name}: ${message}`);
      terminal.say('    the cluster stays as it was told last; give what kubectl get pods -A -w -o json writes');
    } finally {
      heard = Number.NEGATIVE_INFINITY;
      recompile.flush();
    }
  }

  function apply(object: string, name: string): void {
    heard = performance.now();
    const problems = events!.apply(object, name);
    if (problems.some(({ severity }) => severity === 'error')) {
      sayProblem(new DocumentError(problems), terminal, style, 'what the cluster was before stays');
    } else recompile.stir();
  }

  const failed = (error: unknown): void => {
    failure ??= error;
  };
  const close = (): void => {
    closing.abort();
    recompile.close();
    watch.close();
    stream?.close();
  };
  try {
    watch.remember(paths);
    if (stream !== null) {
      followStream(stream).catch(failed);
      const end = performance.now() + FIRST;
      while (performance.now() < Math.min(end, heard + QUIET)) await sleep(TICK);
    }
    first = compile();
    last = first;
    ready = null;
    check(first);
    followFiles().catch(failed);
  } catch (error) {
    close();
    throw error;
  }
  return {
    first,
    reevaluates,
    times: [],
    take() {
      if (failure !== null) throw failure;
      const taken = ready;
      ready = null;
      return taken;
    },
    close,
  };
}

/** A file that went while it was looked at. */
function mendable(error: unknown): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  return syscall === undefined ? error : new UsageError(message);
}
