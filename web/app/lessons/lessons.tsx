/**
 * The course: its lessons in order, or the one that the link names.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { EngineFault } from '../../worker/protocol.js';
import { href, link } from '../link.js';
import { Html } from '../parts/html.js';
import { LessonView } from './lesson.js';
import { loadShelf, passed, shelf } from './shelf.js';

export function LessonsView(): JSX.Element {
  const fault = useSignal<string | null>(null);
  useEffect(() => {
    loadShelf().catch((error: unknown) => {
      fault.value = error instanceof EngineFault ? error.message : String(error);
    });
  }, []);
  const name = link.value.parameters['lesson'];
  if (fault.value !== null) return <p class="dropped-text">{fault.value}</p>;
  const lessons = shelf.value;
  if (lessons === null) return <p>Loading …</p>;
  const at = lessons.findIndex(it => it.name === name);
  if (at >= 0) return <LessonView title={lessons[at]!} next={lessons[at + 1] ?? null} key={name} />;
  const done = lessons.filter(it => passed.value.has(it.name)).length;
  return (
    <section>
      <h1>Lessons</h1>
      <p>
        Each is a real capture and a task; what you write is checked by its verdicts. They build on each other, and take
        five to ten minutes each. The same lessons run in a terminal: <code>policap learn</code>.
      </p>
      {name !== undefined && <p class="dropped-text">There is no lesson {name}.</p>}
      <p>
        {done} of {lessons.length} passed in this browser.
      </p>
      <ol class="lessons">
        {lessons.map(it => (
          <li key={it.name}>
            <a href={href('lessons', { lesson: it.name })}>{it.title}</a>
            {passed.value.has(it.name) && <strong class="passed"> ✓ passed</strong>}
            <Html text={it.about} />
          </li>
        ))}
      </ol>
    </section>
  );
}
