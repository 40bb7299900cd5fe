/**
 * Numbers of texts about a side's outcome and subject (cold: asked once a connection).
 *
 * In:  a form (what is said, in whichever way), an outcome and its subject.  Out: the number kept for them.
 */
export class SideTexts {
  private readonly known: readonly Map<number, number>[];

  /** @param forms how many there are @param owners of the inventory */
  constructor(
    forms: number,
    private readonly owners: number,
  ) {
    this.known = Array.from({ length: forms }, () => new Map());
  }

  /** @param subject an owner, -1 for nobody @param make asked where nothing is kept */
  numberOf(form: number, outcome: number, subject: number, make: () => number): number {
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
  }
}
