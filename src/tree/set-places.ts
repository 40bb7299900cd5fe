/**
 * Where the sets of rules lie (cold): address sets -> the intervals they are made of, over both lines.
 *
 * In:  the lists of sets of one build after the other; sets must not change.  Out: a Place a set, equal sets one Place. Of
 * sets that were there in the build before only what has moved is looked up anew, nothing where the lines are cut as they
 * were, and what is no longer there is forgotten in time. Intervals of IPv6 are numbered behind those of IPv4.
 */
import { NOWHERE } from '../rules/addresses.js';
import type { AddressSet } from '../rules/ruleset.js';
import type { Line } from './line.js';

/** Pairs [first, behind the last] of interval numbers, rising: SetPlaces.pairs[at..end). */
export interface Place {
  readonly set: AddressSet;
  /** Of a set that is put together: what of. It is nowhere itself, and has no number. */
  readonly parts: readonly Place[] | null;
  readonly hash: number;
  at: number;
  end: number;
  /** The last build it was in. */
  build: number;
  /** The cutting of the lines that `at` and `end` are of. */
  cutting: number;
  /** Who numbers the places of a list marks them: the mark, and the number. */
  mark: number;
  number: number;
  /** Borders that no owner makes. */
  readonly own4: readonly number[];
  readonly own6: readonly bigint[];
  /** Among the owners' starts, where there are no others. */
  readonly among4: Int32Array;
  readonly among6: Int32Array;
}

type Sets = readonly AddressSet[];

interface Known {
  readonly sets: Sets;
  readonly places: readonly Place[];
}

export class SetPlaces {
  pairs = new Int32Array(1024);
  private used = 0;
  private build = 0;
  private cutting = 0;
  private marks = 0;
  private readonly bySet = new Map<AddressSet, Place>();
  private readonly byHash = new Map<number, Place[]>();
  /** Of the last build: most of a list stands where it stood. */
  private readonly before = new Map<number, Known>();

  constructor(
    private readonly line4: Line<number>,
    private readonly line6: Line<bigint>,
  ) {}

  /**
   * Cuts both lines for the sets of these lists and no others.
   * @param isKnown lists of which only the sets that were not in them the last time need pairs: others may be of an older cutting
   * @returns their places, list by list
   */
  cut(
    lists: ReadonlyMap<number, Sets>,
    isKnown: (list: number) => boolean = () => false,
  ): Map<number, readonly Place[]> {
    this.build++;
    const all: Place[] = [];
    const found = new Map<number, readonly Place[]>();
    const wanted: Place[] = [];
    for (const [key, sets] of lists) {
      const { places, anew } = this.findAll(sets, this.before.get(key));
      for (const place of places) this.gather(place, all);
      found.set(key, places);
      for (const place of isKnown(key) ? anew : places) {
        if (place.parts === null) wanted.push(place);
        else for (const part of place.parts) wanted.push(part);
      }
      this.before.set(key, { sets, places });
    }
    const own4: number[] = [];
    const own6: bigint[] = [];
    for (const place of all) {
      if (place.own4.length > 0) for (const border of place.own4) own4.push(border);
      if (place.own6.length > 0) for (const border of place.own6) own6.push(border);
    }
    const { line4, line6 } = this;
    const { starts: starts4 } = line4;
    const { starts: starts6 } = line6;
    line4.cut(own4);
    line6.cut(own6);
    // Pairs of sets that are gone are left lying for a while.
    let placed = 0;
    for (const { cutting, at, end } of all) if (cutting === this.cutting) placed += end - at;
    const isFull = this.used > placed * 2 + MOST_LEFT;
    if (isFull || line4.starts !== starts4 || line6.starts !== starts6) {
      this.cutting++;
      this.used = 0;
    }
    for (const place of wanted) if (place.cutting !== this.cutting) this.place(place);
    if (this.bySet.size > 4 * all.length + 4096) this.forget();
    return found;
  }

  /** What it is made of goes to `all`, each once a build. */
  private gather(place: Place, all: Place[]): void {
    if (place.build === this.build) return;
    place.build = this.build;
    if (place.parts === null) all.push(place);
    else for (const part of place.parts) this.gather(part, all);
  }

  /** A list changes in one place mostly: what stands before it and behind it is known. */
  private findAll(sets: Sets, known: Known | undefined): { places: Place[]; anew: Place[] } {
    if (known === undefined) {
      const places = sets.map(set => this.find(set));
      return { places, anew: places };
    }
    const longest = Math.min(sets.length, known.sets.length);
    const shift = known.sets.length - sets.length;
    let head = 0;
    while (head < longest && sets[head] === known.sets[head]) head++;
    let tail = sets.length;
    while (tail > head && tail + shift > head && sets[tail - 1] === known.sets[tail - 1 + shift]) tail--;
    const places: Place[] = known.places.slice(0, head);
    for (let i = head; i < tail; i++) places.push(this.find(sets[i]!));
    for (let i = tail; i < sets.length; i++) places.push(known.places[i + shift]!);
    return { places, anew: places.slice(head, tail) };
  }

  /** What the places of a list are made of, each once, numbered in that order (Place.number) until the next list is. */
  distinct(list: readonly Place[]): Place[] {
    const mark = ++this.marks;
    const places: Place[] = [];
    const add = (place: Place): void => {
      if (place.mark === mark) return;
      place.mark = mark;
      if (place.parts === null) place.number = places.push(place) - 1;
      else for (const part of place.parts) add(part);
    };
    for (const place of list) add(place);
    return places;
  }

  /** Whether it is among those that were numbered last. */
  isNumbered = (place: Place): boolean => place.mark === this.marks;

  /** What the last build did not have. */
  private forget(): void {
    for (const [set, { build }] of this.bySet) if (build !== this.build) this.bySet.delete(set);
    this.byHash.clear();
    for (const place of new Set(this.bySet.values())) this.remember(place);
  }

  private find(set: AddressSet): Place {
    let place = this.bySet.get(set);
    if (place !== undefined) return place;
    if (set.parts !== undefined) return this.together(set, set.parts);
    const hash = hashOf(set);
    place = this.byHash.get(hash)?.find(other => isEqual(other.set, set));
    if (place === undefined) {
      place = this.search(set, hash);
      this.remember(place);
    }
    this.bySet.set(set, place);
    return place;
  }

  private together(set: AddressSet, parts: readonly AddressSet[]): Place {
    const place: Place = { ...this.search(NOWHERE, 0), set, parts: parts.map(part => this.find(part)) };
    this.bySet.set(set, place);
    return place;
  }

  private remember(place: Place): void {
    if (place.parts !== null) return;
    const list = this.byHash.get(place.hash);
    if (list === undefined) this.byHash.set(place.hash, [place]);
    else list.push(place);
  }

  private place(located: Place): void {
    const { line4, line6 } = this;
    const { set, own4, own6, among4, among6 } = located;
    located.at = this.used;
    if (own4.length === 0) this.add(among4, line4.shifted);
    else this.add(line4.search(line4.starts, set.v4, []), null);
    const first6 = this.used;
    if (own6.length === 0) this.add(among6, line6.shifted);
    else this.add(line6.search(line6.starts, set.v6, []), null);
    for (let i = first6; i < this.used; i++) this.pairs[i]! += line4.starts.length;
    located.end = this.used;
    located.cutting = this.cutting;
  }

  private add(borders: Int32Array, shifted: Int32Array | null): void {
    if (this.used + borders.length > this.pairs.length) {
      const larger = new Int32Array(2 * (this.used + borders.length));
      larger.set(this.pairs);
      this.pairs = larger;
    }
    const { pairs } = this;
    if (shifted === null) pairs.set(borders, this.used);
    else for (let i = 0; i < borders.length; i++) pairs[this.used + i] = shifted[borders[i]!]!;
    this.used += borders.length;
  }

  private search(set: AddressSet, hash: number): Place {
    const own4: number[] = [];
    const own6: bigint[] = [];
    const among4 = this.line4.search(this.line4.base, set.v4, own4);
    const among6 = this.line6.search(this.line6.base, set.v6, own6);
    return {
      set,
      parts: null,
      hash,
      own4,
      own6,
      among4: own4.length === 0 ? among4 : NONE,
      among6: own6.length === 0 ? among6 : NONE,
      at: 0,
      end: 0,
      build: 0,
      cutting: -1,
      mark: 0,
      number: 0,
    };
  }
}

const NONE = new Int32Array(0);

const MOST_LEFT = 1 << 16;

function hashOf({ v4, v6 }: AddressSet): number {
  let hash = v4.length;
  for (let i = 0; i < v4.length; i++) hash = mix(hash ^ (v4[i]! | 0));
  for (let i = 0; i < v6.length; i++) {
    hash = mix(hash ^ Number(BigInt.asIntN(32, v6[i]!)));
    hash = mix(hash ^ Number(BigInt.asIntN(32, v6[i]! >> 64n)));
  }
  return hash;
}

function mix(x: number): number {
  const h = Math.imul(x, 0x9e3779b1);
  return h ^ (h >>> 15);
}

const isEqual = (a: AddressSet, b: AddressSet): boolean => a === b || (sameList(a.v4, b.v4) && sameList(a.v6, b.v6));

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
