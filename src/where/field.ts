/**
 * Fields: what an expression may ask about a row (cold).
 *
 * A row is whatever has values by these names: a packet, a connection, a line that a page in a browser has read. Nothing here
 * knows which.
 */
export type FieldType = 'text' | 'texts' | 'number' | 'boolean' | 'address' | 'time';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Of text: all values there are, in the order in which they are shown; where others may come (`read`), the known ones. */
  readonly values?: readonly string[];
  /** The value that a word stands for which is none of these; null where there is none. */
  read?(word: string): string | null;
}

/** By type: text and addresses are strings, times whole nanoseconds since 1970, texts a list. null where there is none. */
export type Value = string | number | bigint | boolean | readonly string[] | null;

/** What is wrong with an expression, where (from 0), and what would be right; one sentence each. */
export class WhereError extends Error {
  override readonly name = 'WhereError';
  constructor(
    readonly expression: string,
    readonly position: number,
    readonly problem: string,
    readonly hint?: string,
  ) {
    super(problem);
  }
}
