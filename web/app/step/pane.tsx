/**
 * A part of the view that can be closed; the link says which are.
 */
import type { ComponentChildren, JSX } from 'preact';
import { go, link } from '../link.js';

export type PaneName = 'headers' | 'verdict' | 'tree' | 'rules' | 'table' | 'machine';

const closedIn = (text: string | undefined): string[] => (text ?? '').split('.').filter(name => name !== '');

export function Pane(given: {
  readonly name: PaneName;
  readonly title: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { name, title, children } = given;
  const closed = closedIn(link.value.parameters['closed']);
  const isOpen = !closed.includes(name);
  return (
    <details
      class={`pane pane-${name}`}
      open={isOpen}
      onToggle={event => {
        if (event.currentTarget.open === isOpen) return;
        const next = isOpen ? [...closed, name] : closed.filter(it => it !== name);
        go('step', { closed: next.join('.') }, true);
      }}
    >
      <summary>
        <h2>{title}</h2>
      </summary>
      {isOpen && children}
    </details>
  );
}

/** What may be wider or longer than its place: it scrolls by keyboard too. */
export function Scroll(given: { readonly label: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" aria-label={given.label} tabIndex={0} data-keeps-keys>
      {given.children}
    </section>
  );
}
