/**
 * The editor's colours: the page's own variables, which reach into the shadow root; each at least 4.5:1 on its ground.
 */
import { HighlightStyle } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

export const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--link)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'light-dark(#1a6334, #8fd6a3)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'light-dark(#7a3e9d, #d3b0f2)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--soft)', fontStyle: 'italic' },
  { tag: [tags.separator, tags.punctuation, tags.meta, tags.typeName, tags.labelName], color: 'var(--soft)' },
]);

export const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'var(--ground)', fontSize: '0.875rem' },
  // The page outlines the whole.
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'ui-monospace, monospace', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)', padding: '0.25rem 0' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--text)', borderLeftWidth: '2px' },
  '.cm-gutters': {
    backgroundColor: 'var(--shade)',
    color: 'var(--soft)',
    border: 'none',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'light-dark(#f4f4f580, #21242980)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'light-dark(#cfe0fb, #2f4a75) !important',
  },
  '.cm-lit': {
    backgroundColor: 'light-dark(#fff3d6, #3d3315)',
    boxShadow: 'inset 3px 0 light-dark(#8a6100, #ffca5f)',
  },
  '.cm-lit-gutter': { width: '1em', textAlign: 'center', color: 'light-dark(#8a6100, #ffca5f)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--ground)',
    color: 'var(--text)',
    border: '1px solid var(--soft)',
    borderRadius: '4px',
    maxWidth: 'min(40rem, 95vw)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'ui-monospace, monospace', maxHeight: '14em' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'light-dark(#0b57d0, #8ab4f8) !important',
    color: 'light-dark(#fff, #16181b) !important',
  },
  '.cm-completionDetail': { fontStyle: 'normal', color: 'var(--soft)' },
  'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.cm-completionMatchedText': { fontWeight: '700' },
  '.cm-diagnostic': { fontFamily: 'system-ui, sans-serif', whiteSpace: 'pre-wrap' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--dropped)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--undecided)' },
  '.cm-matchingBracket': { backgroundColor: 'light-dark(#d9e2f1, #3b4660) !important' },
});
