/**
 * Numbers of texts about a side's outcome and subject (cold: asked once a connection).
 *
 * In:  a form (what is said, in whichever way), an outcome and its subject.  Out: the number kept for them.
 */
import type { ReplayContext } from './report.js';

/** No number that anyone keeps. */
const NOTHING = -2147483648;

export class SideTexts {
  private readonly known: readonly Map<number, number>[];
  /** By form and subject, the outcome asked for last and what was kept for it: mostly it is asked for again. */
  private readonly last: Int32Array;
  private readonly lastNumber: Int32Array;

  /** @param forms how many there are @param owners of the inventory */
  constructor(
    forms: number,
    private readonly owners: number,
  ) {
    this.known = Array.from({ length: forms }, () => new Map());
    this.last = new Int32Array(forms * (owners + 1));
    this.lastNumber = new Int32Array(forms * (owners + 1)).fill(NOTHING);
  }

  /** @param subject an owner, -1 for nobody @param make asked where nothing is kept */
  numberOf(form: number, outcome: number, subject: number, make: () => number): number {
    const place = form * (this.owners + 1) + subject + 1;
    if (this.last[place] === outcome && this.lastNumber[place] !== NOTHING) return this.lastNumber[place]!;
    const number = this.find(form, outcome, subject, make);
    this.last[place] = outcome;
    this.lastNumber[place] = number;
    return number;
  }

  private find(form: number, outcome: number, subject: number, make: () => number): number {
    const numbers = this.known[form]!;
    // Outcomes are 32-bit numbers, some below 0.
    const key = (outcome + 2 ** 31) * (this.owners + 1) + subject + 1;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = make();
    numbers.set(key, number);
    return number;
  }

  clear(): void {
    for (const numbers of this.known) numbers.clear();
    this.lastNumber.fill(NOTHING);
  }
}

/** Those of every context: outcomes and owners are numbered in each of them. */
export class ContextSides {
  private all = new WeakMap<ReplayContext, SideTexts>();

  constructor(private readonly forms: number) {}

  of(context: ReplayContext): SideTexts {
    let sides = this.all.get(context);
    if (sides === undefined) {
      sides = new SideTexts(this.forms, context.compiled.inventory.owners.length);
      this.all.set(context, sides);
    }
    return sides;
  }

  clear(): void {
    this.all = new WeakMap();
  }
}
