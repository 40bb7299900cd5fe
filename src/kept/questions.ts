/**
 * Questions: what a replay would ask the policies, each distinct question kept once (cold: called once a connection).
 *
 * In:  the questions of a replay (verdict/ends.ts).  Out: in the place of an answer a decision whose egress outcome is the question's
 * number, and whose code is one that whoever keeps them chose. A real replay's decision on it hangs on the question and the
 * policies alone, so that answers() of other policies tells what another replay would have decided.
 */
import type { Backend } from '../cluster/inventory.js';
import { DST, FAMILY, SRC, STRIDE } from '../packet/row.js';
import type { OwnerLookup } from '../tree/classifier.js';
import { AS_ADDRESSED, type Decisions, NOBODY } from '../verdict/decisions.js';
import type { Ends } from '../verdict/ends.js';
import { type Destination, END_WORDS } from '../verdict/services.js';
import { grown } from './grow.js';
import type { Headers } from './headers.js';

/** Question.kind: the functions of Ends. */
const PLAIN = 0;
const ARRIVED = 1;
const BACKENDS = 2;
const KINDS = 3;
/** More than there are owners, or destinations. */
const MOST_ABOUT = 2 ** 26;

export class Questions {
  count = 0;
  private kind = new Uint8Array(0);
  private header = new Int32Array(0);
  /** ARRIVED: the service's owner index; BACKENDS: a place in `destinations`. */
  private about = new Int32Array(0);
  private readonly destinations: Destination[] = [];
  /** By their backends: each replay makes destinations of its own, of the same services. */
  private readonly places = new Map<readonly Backend[], number>();
  private readonly known = new Map<number, number>();

  constructor(
    private readonly headers: Headers,
    private readonly owners: OwnerLookup,
  ) {}

  /** Whoever asks this one is told the question's number. @param code of all decisions */
  asking(decisions: Decisions, code: number): Ends {
    const { owners } = this;
    const end = (rows: Int32Array, base: number, word: number): number =>
      owners.ownerOf(rows, base, word) < 0 ? NOBODY : AS_ADDRESSED;
    const plain = (rows: Int32Array, base: number): number => {
      const question = this.ask(PLAIN, rows, base, 0);
      return decisions.intern(question, 0, 0, end(rows, base, SRC), end(rows, base, DST), code, -1, -1, null);
    };
    const translated = (kind: number, rows: Int32Array, base: number, about: number, service: number): number => {
      const question = this.ask(kind, rows, base, about);
      const source = owners.ownerOf(rows, base, SRC);
      // Which backend it was the policies may tell; that it is no packet's address is certain.
      return decisions.intern(question, 0, 0, source, NOBODY, code, service, -1, null);
    };
    return {
      decide: plain,
      decideArrived: (rows, base, service) => translated(ARRIVED, rows, base, service, service),
      decideBackends: (rows, base, destination) =>
        hasBackend(destination, rows, base)
          ? translated(BACKENDS, rows, base, this.placeOf(destination), destination.service.owner)
          : plain(rows, base),
    };
  }

  /** The decisions on all questions, by their numbers. */
  answers(ends: Ends): Int32Array {
    const answers = new Int32Array(this.count);
    const row = new Int32Array(STRIDE);
    const { kind, header, about, headers, destinations } = this;
    for (let question = 0; question < this.count; question++) {
      headers.write(header[question]!, row, 0);
      const of = about[question]!;
      if (kind[question] === PLAIN) answers[question] = ends.decide(row, 0);
      else if (kind[question] === ARRIVED) answers[question] = ends.decideArrived(row, 0, of);
      else answers[question] = ends.decideBackends(row, 0, destinations[of]!);
    }
    return answers;
  }

  /** Whether a decision on the question that names ends is about others than the answer's own. */
  isPlain(question: number): boolean {
    return this.kind[question] === PLAIN;
  }

  get bytes(): number {
    return this.kind.byteLength + this.header.byteLength + this.about.byteLength;
  }

  private ask(kind: number, rows: Int32Array, base: number, about: number): number {
    const header = this.headers.find(rows, base);
    const key = (header * KINDS + kind) * MOST_ABOUT + about;
    const found = this.known.get(key);
    if (found !== undefined) return found;
    const question = this.count++;
    this.kind = grown(this.kind, this.count);
    this.header = grown(this.header, this.count);
    this.about = grown(this.about, this.count);
    this.kind[question] = kind;
    this.header[question] = header;
    this.about[question] = about;
    this.known.set(key, question);
    return question;
  }

  private placeOf(destination: Destination): number {
    let place = this.places.get(destination.backends);
    if (place === undefined) {
      place = this.destinations.push(destination) - 1;
      this.places.set(destination.backends, place);
    }
    return place;
  }
}

/** Of the packet's family. */
function hasBackend({ ends }: Destination, rows: Int32Array, base: number): boolean {
  for (let at = 0; at < ends.length; at += END_WORDS) if (ends[at] === rows[base + FAMILY]) return true;
  return false;
}
