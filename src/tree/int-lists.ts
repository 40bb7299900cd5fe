/**
 * Lists of whole numbers, each once (cold): list -> its number, counted from 0 in the order of first appearance.
 *
 * No strings, no objects a list: there are tens of thousands of them in every build.
 */
import { createImage, type Image } from './image.js';

export class IntLists {
  private slots = new Int32Array(1024);
  /** Word of each list in `image`: its length, and behind it the list. */
  private readonly image: Image = createImage();
  private places = new Int32Array(256);
  private hashes = new Int32Array(256);
  count = 0;

  /** @param list list[from..to) is looked up; a list that is new is copied */
  numberOf(list: ArrayLike<number>, from: number, to: number): number {
    let hash = to - from;
    for (let i = from; i < to; i++) {
      hash = Math.imul(hash ^ list[i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (; this.slots[slot] !== 0; slot = (slot + 1) & mask) {
      const number = this.slots[slot]! - 1;
      if (this.hashes[number] === hash && this.isAt(this.places[number]!, list, from, to)) return number;
    }
    this.slots[slot] = this.count + 1;
    return this.keep(hash, list, from, to);
  }

  private isAt(place: number, list: ArrayLike<number>, from: number, to: number): boolean {
    const words = this.image.words();
    if (words[place] !== to - from) return false;
    for (let i = from; i < to; i++) if (words[place + 1 + i - from] !== list[i]) return false;
    return true;
  }

  private keep(hash: number, list: ArrayLike<number>, from: number, to: number): number {
    const place = this.image.reserve(1 + to - from);
    const words = this.image.words();
    words[place] = to - from;
    for (let i = from; i < to; i++) words[place + 1 + i - from] = list[i]!;
    if (this.count === this.places.length) {
      this.places = larger(this.places);
      this.hashes = larger(this.hashes);
    }
    const number = this.count++;
    this.places[number] = place;
    this.hashes[number] = hash;
    if (this.count * 2 > this.slots.length) this.spread();
    return number;
  }

  private spread(): void {
    this.slots = new Int32Array(this.slots.length * 4);
    const mask = this.slots.length - 1;
    for (let number = 0; number < this.count; number++) {
      let slot = this.hashes[number]! & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = number + 1;
    }
  }
}

function larger(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2);
  copy.set(array);
  return copy;
}
