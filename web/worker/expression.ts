/**
 * Expressions of `--where` as the page has them.
 *
 * In:  the text, the fields it may name.  Out: the expression, null for none; EngineFault with the character where it is wrong.
 */
import type { Expression } from '../../src/where/expression.js';
import { type Field, WhereError } from '../../src/where/field.js';
import { parseWhere } from '../../src/where/parse.js';
import { EngineFault } from './protocol.js';

export function expressionOf(text: string, fields: readonly Field[]): Expression | null {
  if (text.trim() === '') return null;
  try {
    return parseWhere(text, fields);
  } catch (error) {
    throw expressionFault(error);
  }
}

/** What is wrong with an expression, as the page says it; any other error as it is. */
export function expressionFault(error: unknown): unknown {
  if (!(error instanceof WhereError)) return error;
  const { position, problem, hint } = error;
  return new EngineFault(`at character ${position + 1}: ${problem}${hint ? `; ${hint}` : ''}`);
}
