/**
 * What is known of connections, in typed arrays (hot: one packet after the other is counted).
 *
 * In:  packets with their connection's number.  Out: a slot a connection. There are `limit` slots at most: when all are taken, one
 * is given up whose connection had no packet for long (a clock hand takes the mark of recent use from one after the other,
 * and the first that has none). Whoever gives a slot up has read it first.
 */
export class ConnectionTable {
  /** Slots 0..used-1 are taken. */
  used = 0;
  number = new Int32Array(0);
  code = new Uint8Array(0);
  marks = new Uint8Array(0);
  family = new Uint8Array(0);
  protocol = new Int32Array(0);
  decision = new Int32Array(0);
  /** Four words of the initiator's address, four of the responder's. */
  words = new Int32Array(0);
  /** Ports of both, or ICMP's type and code; -1 where there are none. */
  transport = new Int32Array(0);
  /** Owners of both ends, -1 for nobody. */
  owners = new Int32Array(0);
  /** Keys of the three outcomes. */
  sides = new Int32Array(0);
  firstPacket = new Float64Array(0);
  /** The packet with which it was decided, where it was refused. */
  refusedAt = new Float64Array(0);
  /** First and last time. */
  seconds = new Float64Array(0);
  nanoseconds = new Int32Array(0);
  /** From the initiator, then from the responder. */
  packets = new Float64Array(0);
  bytes = new Float64Array(0);
  dropped = new Float64Array(0);
  /** Slot + 1 by place, 0 where there is none: open addressing by connection number. */
  private places = new Int32Array(16);
  private recent = new Uint8Array(0);
  private hand = 0;

  constructor(readonly limit: number) {}

  /** The connection's slot, or -1. */
  find(number: number): number {
    const { places } = this;
    const mask = places.length - 1;
    for (let place = placeOf(number, mask); places[place] !== 0; place = (place + 1) & mask) {
      const slot = places[place]! - 1;
      if (this.number[slot] === number) return slot;
    }
    return -1;
  }

  touch(slot: number): void {
    this.recent[slot] = 1;
  }

  /** A slot for a connection that has none. `used` must be below `limit`. */
  add(number: number): number {
    if (this.used === this.number.length) this.grow();
    const slot = this.used++;
    this.take(slot, number);
    return slot;
  }

  /** The slot that is given up next: read it, then replace() it. */
  idle(): number {
    const { recent } = this;
    for (;;) {
      this.hand = this.hand + 1 < this.used ? this.hand + 1 : 0;
      if (recent[this.hand] === 0) return this.hand;
      recent[this.hand] = 0;
    }
  }

  replace(slot: number, number: number): void {
    this.forget(slot);
    this.take(slot, number);
  }

  /** Taken slots by their connections' numbers. */
  ordered(): Int32Array {
    const { number } = this;
    return Int32Array.from({ length: this.used }, (_, slot) => slot).sort((a, b) => number[a]! - number[b]!);
  }

  private take(slot: number, number: number): void {
    this.number[slot] = number;
    this.recent[slot] = 1;
    this.marks[slot] = 0;
    this.packets.fill(0, 2 * slot, 2 * slot + 2);
    this.bytes.fill(0, 2 * slot, 2 * slot + 2);
    this.dropped[slot] = 0;
    const { places } = this;
    const mask = places.length - 1;
    let place = placeOf(number, mask);
    while (places[place] !== 0) place = (place + 1) & mask;
    places[place] = slot + 1;
  }

  /** Takes the slot's place away, and moves those behind it that would not be found any more. */
  private forget(slot: number): void {
    const { places, number } = this;
    const mask = places.length - 1;
    let free = placeOf(number[slot]!, mask);
    while (places[free] !== slot + 1) free = (free + 1) & mask;
    for (let next = (free + 1) & mask; places[next] !== 0; next = (next + 1) & mask) {
      const home = placeOf(number[places[next]! - 1]!, mask);
      if (((next - home) & mask) < ((next - free) & mask)) continue;
      places[free] = places[next]!;
      free = next;
    }
    places[free] = 0;
  }

  private grow(): void {
    const slots = Math.min(this.limit, Math.max(1024, 2 * this.number.length));
    this.number = longer(this.number, slots);
    this.code = longer(this.code, slots);
    this.marks = longer(this.marks, slots);
    this.family = longer(this.family, slots);
    this.protocol = longer(this.protocol, slots);
    this.decision = longer(this.decision, slots);
    this.words = longer(this.words, 8 * slots);
    this.transport = longer(this.transport, 2 * slots);
    this.owners = longer(this.owners, 2 * slots);
    this.sides = longer(this.sides, 3 * slots);
    this.firstPacket = longer(this.firstPacket, slots);
    this.refusedAt = longer(this.refusedAt, slots);
    this.seconds = longer(this.seconds, 2 * slots);
    this.nanoseconds = longer(this.nanoseconds, 2 * slots);
    this.packets = longer(this.packets, 2 * slots);
    this.bytes = longer(this.bytes, 2 * slots);
    this.dropped = longer(this.dropped, slots);
    this.recent = longer(this.recent, slots);
    this.places = new Int32Array(2 ** Math.ceil(Math.log2(2 * slots)));
    const mask = this.places.length - 1;
    for (let slot = 0; slot < this.used; slot++) {
      let place = placeOf(this.number[slot]!, mask);
      while (this.places[place] !== 0) place = (place + 1) & mask;
      this.places[place] = slot + 1;
    }
  }
}

/** Numbers are given one after the other: they spread by themselves. */
const placeOf = (number: number, mask: number): number => number & mask;

function longer<T extends Int32Array | Uint8Array | Float64Array>(array: T, length: number): T {
  const wider = new (array.constructor as new (length: number) => T)(length);
  wider.set(array);
  return wider;
}
