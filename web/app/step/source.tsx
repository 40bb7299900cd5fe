/**
 * Where a document says something: a link that shows the line beside the packet; the link's parameter `source` is the position.
 */
import type { JSX } from 'preact';
import { go, href, link } from '../link.js';
import { Source } from '../parts/source.js';
import { workspace } from '../workspace.js';

const fileOf = (at: string): string => at.replace(/:\d+:\d+$/, '');

const isOpen = (at: string): boolean => workspace.value.documents.some(({ name }) => name === fileOf(at));

/** @param at `file:line:column`; what stands in no open document is named alone */
export function SourceLink({ at }: { readonly at: string }): JSX.Element {
  if (!isOpen(at)) return <code>{at}</code>;
  return (
    <a class="code" href={href('step', { ...link.value.parameters, source: at })}>
      {at}
    </a>
  );
}

/** What the link names; nothing without it. */
export function SourcePane(): JSX.Element | null {
  const at = link.value.parameters['source'];
  if (at === undefined || !isOpen(at)) return null;
  return (
    <aside class="source-pane" aria-label={`Text of ${at}`} data-keeps-keys>
      <button type="button" onClick={() => go('step', { source: null })}>
        Close
      </button>
      <Source at={at} />
    </aside>
  );
}
