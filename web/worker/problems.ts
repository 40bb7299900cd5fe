/**
 * Problems of documents as the page has them.
 */
import type { Problem } from '../../src/documents/document.js';
import type { DocumentProblem } from './protocol.js';

export const problemOf = ({ severity, position, message, hint }: Problem): DocumentProblem => ({
  severity,
  file: position.file,
  line: position.line,
  column: position.column,
  message,
  hint: hint ?? null,
});
