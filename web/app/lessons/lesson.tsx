/**
 * One lesson: the story, who is there, the task, what the learner writes, and the check.
 *
 * In:  the lesson's title; its parts are loaded when it is opened.  Out: verdicts on what stands in the editor, and the lesson's traffic
 * opened in the other views.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { EngineFault, type LessonPage, type LessonVerdict } from '../../worker/protocol.js';
import { go, href } from '../link.js';
import { downloadText } from '../parts/download.js';
import { Html } from '../parts/html.js';
import { Pre } from '../parts/pre.js';
import { Problems } from '../parts/problems.js';
import { engine, open } from '../workspace.js';
import { Result } from './result.js';
import { draftOf, keepDraft, keepPassed, type LessonText, type LessonTitle, loadLesson } from './shelf.js';

interface LessonViewProps {
  readonly title: LessonTitle;
  readonly next: LessonTitle | null;
}

interface Opened {
  readonly text: LessonText;
  readonly page: LessonPage;
}

export function LessonView({ title: { name, title }, next }: LessonViewProps): JSX.Element {
  const opened = useSignal<Opened | null>(null);
  const fault = useSignal<string | null>(null);
  const fail = (error: unknown): void => {
    fault.value = error instanceof EngineFault ? error.message : String(error);
  };
  useEffect(() => {
    let isHere = true;
    loadLesson(name)
      .then(async text => ({ text, page: await engine.openLesson(name, text.files) }))
      .then(it => {
        if (isHere) opened.value = it;
      }, fail);
    return () => {
      isHere = false;
    };
  }, [name]);

  return (
    <section class="lesson">
      <p>
        <a href={href('lessons', { lesson: null })}>All lessons</a>
      </p>
      <h1>{title}</h1>
      {fault.value !== null && (
        <p class="dropped-text" role="alert">
          {fault}
        </p>
      )}
      {opened.value === null ? <p>Loading …</p> : <Parts name={name} {...opened.value} next={next} fail={fail} />}
    </section>
  );
}

interface PartsProps extends Opened {
  readonly name: string;
  readonly next: LessonTitle | null;
  fail(error: unknown): void;
}

function Parts({ name, text, page, next, fail }: PartsProps): JSX.Element {
  const draft = useSignal(draftOf(name) ?? page.start);
  const verdict = useSignal<LessonVerdict | null>(null);
  const isChecking = useSignal(false);
  const hints = useSignal(0);

  const write = (to: string): void => {
    draft.value = to;
    keepDraft(name, to === page.start ? null : to);
  };

  async function check(): Promise<void> {
    isChecking.value = true;
    try {
      verdict.value = await engine.checkLesson(draft.value);
      if (verdict.value.passed) keepPassed(name);
    } catch (error) {
      fail(error);
    }
    isChecking.value = false;
  }

  const isPolicy = page.learnerFile === 'policy.yaml';
  const see = (view: 'replay' | 'step') => async () => {
    const own = isPolicy ? [{ name: page.learnerFile, text: draft.value }] : [];
    await open({ captures: page.captures, documents: [...own, ...page.documents], options: {} });
    go(view);
  };

  return (
    <div class="lesson-parts">
      <div>
        <Html text={text.about} />
        <Html text={text.story} />
        <details>
          <summary>Who is there</summary>
          <Pre text={page.cast.join('\n')} />
        </details>
        <h2>Task</h2>
        <Html text={text.task} />
        {text.hints.slice(0, hints.value).map((hint, i) => (
          <section class="hint" key={hint} aria-label={`Hint ${i + 1}`}>
            <Html text={hint} />
          </section>
        ))}
        {hints.value < text.hints.length && (
          <button
            type="button"
            onClick={() => {
              hints.value++;
            }}
          >
            {hints.value === 0 ? 'A hint' : 'One more hint'}
          </button>
        )}
      </div>
      <div>
        <label class="block">
          <span>{isPolicy ? 'Your policy' : 'Your answers'}</span>
          <textarea
            class="code"
            rows={Math.min(30, Math.max(12, draft.value.split('\n').length + 2))}
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            value={draft.value}
            onInput={event => write(event.currentTarget.value)}
          />
        </label>
        <div class="buttons">
          <button type="button" class="primary" disabled={isChecking.value} onClick={() => void check()}>
            Check
          </button>
          <button type="button" onClick={() => write(page.start)}>
            Begin again
          </button>
          <button type="button" onClick={() => write(page.solution)}>
            Show a right answer
          </button>
          <button type="button" onClick={() => downloadText(page.learnerFile, draft.value)}>
            Download
          </button>
          <button type="button" onClick={() => void see('replay')().catch(fail)}>
            See the traffic
          </button>
          <button type="button" onClick={() => void see('step')().catch(fail)}>
            Step through it
          </button>
        </div>
        <div aria-live="polite">
          {verdict.value !== null && <Result verdict={verdict.value} />}
          {verdict.value !== null && <Problems problems={verdict.value.problems} />}
          {verdict.value?.passed && (
            <>
              <Html text={text.solved} />
              {next !== null && (
                <p>
                  Next: <a href={href('lessons', { lesson: next.name })}>{next.title}</a>
                </p>
              )}
            </>
          )}
        </div>
      </div>
    </div>
  );
}
