/**
 * What is odd about an inventory, one warning a kind of oddity, naming the first few: a thousand pods without an
 * address are one line, not a thousand.
 */
import type { Position, Problem } from '../documents/document.js';

const NAMED = 10;

/** Collects the names of things that share one oddity. */
export class Oddity {
  private readonly names: string[] = [];
  private first: Position | null = null;

  /**
   * @param headline told with the count: "3 Running pods have no address"
   * @param hint the next step
   */
  constructor(
    private readonly headline: (count: number) => string,
    private readonly hint: string,
  ) {}

  add(name: string, position: Position): void {
    this.first ??= position;
    this.names.push(name);
  }

  get problems(): Problem[] {
    const { names, first } = this;
    if (first === null) return [];
    const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : '';
    const message = `${this.headline(names.length)}: ${names.slice(0, NAMED).join(', ')}${more}`;
    return [{ severity: 'warning', position: first, message, hint: this.hint }];
  }
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
