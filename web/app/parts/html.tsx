/**
 * Text of the site's own, rendered when it was built. Never anything that a capture, a document or a learner wrote.
 */
import type { JSX } from 'preact';

export const Html = ({ text }: { readonly text: string }): JSX.Element => (
  <div class="prose" dangerouslySetInnerHTML={{ __html: text }} />
);
