/**
 * Text as it stands. Long lines scroll, by keyboard too.
 */
import type { JSX } from 'preact';

export const Pre = ({ text }: { readonly text: string }): JSX.Element => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
  <pre tabIndex={0}>
    <code>{text}</code>
  </pre>
);
