/**
 * What expressions become: tests of fields, joined (cold).
 */
import type { Field } from './field.js';

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression }
  | { readonly kind: 'test'; readonly field: Field; readonly test: Test };

/** null never passes a test but `null` itself; `!=` and `!~` are `not` around the others. */
export type Test =
  | { readonly kind: 'null' }
  /** A text, one of texts, or a boolean, that is one of these. */
  | { readonly kind: 'is'; readonly values: readonly (string | boolean)[] }
  /** A number or a time within one of these ranges, ends included. */
  | { readonly kind: 'within'; readonly ranges: readonly Range[] }
  | { readonly kind: 'under'; readonly blocks: readonly Block[] }
  /** A text, or one of texts, that the expression matches: RE2's syntax, anywhere in the value. */
  | { readonly kind: 'matches'; readonly pattern: string };

/** Whole numbers: of times nanoseconds since 1970. null: to the end. */
export interface Range {
  readonly from: bigint | null;
  readonly to: bigint | null;
}

/** Addresses whose first bits are these. */
export interface Block {
  readonly family: 4 | 6;
  /** As a row holds them: signed, most significant first; IPv4 in the first. */
  readonly words: readonly [number, number, number, number];
  readonly length: number;
}

/** The fields that are asked about. */
export function fieldsOf(expression: Expression): ReadonlySet<string> {
  if (expression.kind === 'test') return new Set([expression.field.name]);
  const parts = expression.kind === 'not' ? [expression.part] : expression.parts;
  return new Set(parts.flatMap(part => [...fieldsOf(part)]));
}
