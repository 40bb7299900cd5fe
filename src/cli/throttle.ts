/**
 * Something that is done now and then, however often it is asked for.
 *
 * In:  stir().  Out: `act`, some time behind the first stir() since it was done last, and not before a rest is over.
 */
export class Throttle {
  private timer: NodeJS.Timeout | undefined;
  private restUntil = 0;
  private isStirred = false;

  /** @param act returns milliseconds to rest behind it */
  constructor(
    private readonly milliseconds: number,
    private readonly act: () => number,
  ) {}

  stir(): void {
    this.isStirred = true;
    this.timer ??= setTimeout(() => this.flush(), Math.max(this.milliseconds, this.restUntil - performance.now()));
  }

  /** Does it now where it was asked for. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.isStirred) return;
    this.isStirred = false;
    this.restUntil = performance.now() + this.act();
  }

  /** It is done no more. */
  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isStirred = false;
  }
}
