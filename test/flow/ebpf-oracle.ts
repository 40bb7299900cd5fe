/**
 * The two eBPF tables as docs/conntrack.md tells them, slowly: Maps and strings, written without the code.
 *
 * In:  described packets with their times.  Out: the answer in words, and the number of the connection it is about.
 */
import type { Described } from './ebpf-packets.js';

export interface Answer {
  readonly answer: string;
  /** Number of the connection, in the order in which they were kept; null where there is none. */
  readonly connection: number | null;
}

interface Entry {
  number: number;
  /** Address and port of who sent its first packet. */
  readonly from: string;
  expires: number;
  used: number;
  replied: boolean;
  readonly isConnection: boolean;
  /** TCP: what each end (address and port) has shown. */
  readonly marks: Map<string, Set<string>>;
  readonly sequence: Map<string, number>;
  resetAt: number | null;
  /** What-if mode: refused, and kept; the exchange of its first packet. */
  refused: string | null;
}

/** let through; refused and kept, as in what-if mode; refused and forgotten, as in dataplane mode. */
export type Fate = 'passes' | 'refused' | 'forgotten';

const isError = (d: Described, v4: readonly number[], v6: (type: number) => boolean): boolean =>
  d.protocol === 1 && !d.src.includes(':') ? v4.includes(d.type!) : d.protocol === 58 && v6(d.type!);
const flag = (d: Described, letter: string): boolean => d.flags!.includes(letter);
/** What Linux would tell an exchange by, beside the addresses. */
const exchangeOf = (d: Described): string => {
  if (d.protocol !== 1 && d.protocol !== 58)
    return [`${d.src} ${d.sport ?? 0}`, `${d.dst} ${d.dport ?? 0}`].sort().join();
  const replies: Record<number, number> = d.protocol === 1 ? { 0: 8, 14: 13, 16: 15, 18: 17 } : { 129: 128, 140: 139 };
  const request = replies[d.type!];
  return request === undefined ? `${d.src} ${d.type} ${d.id}` : `${d.dst} ${request} ${d.id}`;
};
const isSyn = (d: Described): boolean => flag(d, 'S') && !flag(d, 'A');

abstract class Oracle {
  created = 0;
  evicted = 0;
  protected now = 0;
  protected readonly entries = new Map<string, Entry>();
  private uses = 0;

  constructor(private readonly capacity: number) {}

  get live(): number {
    return [...this.entries.values()].filter(({ isConnection }) => isConnection).length;
  }

  /** @param now milliseconds @param fate of a first packet */
  play(d: Described, now: number, fate: Fate): Answer {
    this.now = now;
    for (const [key, { expires }] of this.entries) if (expires <= now) this.entries.delete(key);
    return this.judge(d, fate);
  }

  protected abstract judge(d: Described, fate: Fate): Answer;
  protected abstract endsOf(d: Described): readonly [string, string];

  protected keyOf(d: Described): string {
    return `${d.protocol} ${[...this.endsOf(d)].sort().join(' ')}`;
  }

  protected isOther({ refused }: Entry, d: Described): boolean {
    return refused !== null && refused !== exchangeOf(d);
  }

  protected use(entry: Entry, seconds: number | null): void {
    entry.used = ++this.uses;
    if (seconds !== null) entry.expires = this.now + seconds * 1000;
  }

  protected add(key: string, from: string, isConnection: boolean): Entry {
    if (!this.entries.has(key) && this.entries.size === this.capacity) {
      const [oldest, gone] = [...this.entries].sort(([, a], [, b]) => a.used - b.used)[0]!;
      if (gone.isConnection) this.evicted++;
      this.entries.delete(oldest);
    }
    const entry: Entry = {
      number: 0,
      from,
      expires: 0,
      used: 0,
      replied: false,
      isConnection,
      marks: new Map(),
      sequence: new Map(),
      resetAt: null,
      refused: null,
    };
    this.entries.set(key, entry);
    return entry;
  }

  protected mark(entry: Entry, end: string, ...names: string[]): void {
    const marks = entry.marks.get(end) ?? new Set();
    for (const name of names) marks.add(name);
    entry.marks.set(end, marks);
  }

  protected has(entry: Entry, end: string, ...names: string[]): boolean {
    return names.every(name => entry.marks.get(end)?.has(name));
  }

  protected ofEntry(entry: Entry, d: Described, again = false): Answer {
    const reply = this.endsOf(d)[0] !== entry.from;
    if (reply) {
      entry.replied = true;
      return { answer: 'reply', connection: entry.number };
    }
    return { answer: entry.replied && !again ? 'original' : 'unreplied', connection: entry.number };
  }
}

export class CiliumOracle extends Oracle {
  protected endsOf({ protocol, src, dst, sport, dport, type, id }: Described): readonly [string, string] {
    if (protocol === 6 || protocol === 17) return [`${src}|${sport}`, `${dst}|${dport}`];
    const [request, reply] = protocol === 1 ? [8, 0] : [128, 129];
    return [`${src}|${type === reply ? id : 0}`, `${dst}|${type === request ? id : 0}`];
  }

  protected judge(d: Described, fate: Fate): Answer {
    const isV6 = d.src.includes(':');
    const isIcmp = d.protocol === (isV6 ? 58 : 1);
    if (d.protocol !== 6 && d.protocol !== 17 && !isIcmp) return { answer: 'invalid protocol', connection: null };
    if (isV6 && isIcmp && (d.type === 135 || d.type === 136)) return { answer: 'untracked', connection: null };
    if (isError(d, [3, 11, 12], type => type >= 1 && type <= 4)) return this.judgeError(d, fate);
    const key = this.keyOf(d);
    const entry = this.entries.get(key);
    if (entry === undefined) return this.open(key, d, fate);
    if (this.isOther(entry, d)) return this.replace(key, d, fate);
    if (d.protocol !== 6) {
      this.use(entry, 60);
      return this.ofEntry(entry, d);
    }
    const [source, destination] = this.endsOf(d);
    const closes = (end: string): boolean => this.has(entry, end, 'closing');
    const both = (): boolean => closes(source) && closes(destination);
    const wasOpen = !both();
    if (wasOpen && !flag(d, 'S')) this.mark(entry, 'any', 'non-syn');
    if (flag(d, 'F') || flag(d, 'R')) {
      this.mark(entry, source, 'closing');
      if (flag(d, 'R')) this.mark(entry, destination, 'closing');
      if (both()) {
        this.use(entry, 10);
        return this.ofEntry(entry, d);
      }
    } else if (isSyn(d) && (closes(source) || closes(destination))) {
      entry.marks.clear();
      this.use(entry, 60);
      return this.replace(key, d, fate);
    }
    this.use(entry, wasOpen ? (this.has(entry, 'any', 'non-syn') ? 8000 : 60) : null);
    return this.ofEntry(entry, d);
  }

  private replace(key: string, d: Described, fate: Fate): Answer {
    if (fate !== 'forgotten') this.entries.delete(key);
    return this.open(key, d, fate);
  }

  private open(key: string, d: Described, fate: Fate): Answer {
    if (fate === 'forgotten') return { answer: 'new', connection: null };
    const number = ++this.created;
    if (fate === 'passes') this.relate(d.src, d.dst).number = number;
    const entry = this.add(key, this.endsOf(d)[0], true);
    this.use(entry, 60);
    entry.number = number;
    if (fate === 'refused') entry.refused = exchangeOf(d);
    return { answer: 'new', connection: number };
  }

  private relate(from: string, to: string): Entry {
    const key = `related ${from} ${to}`;
    const entry = this.entries.get(key) ?? this.add(key, from, false);
    this.use(entry, 60);
    return entry;
  }

  private judgeError(d: Described, fate: Fate): Answer {
    const about = d.quote !== undefined && d.quote.src === d.dst ? this.quoted(d.quote) : undefined;
    if (about !== undefined && about.refused !== null) return { answer: 'related', connection: about.number };
    const against = this.entries.get(`related ${d.dst} ${d.src}`);
    if (against !== undefined) {
      this.use(against, 60);
      return { answer: 'related', connection: (about ?? against).number };
    }
    const key = `related ${d.src} ${d.dst}`;
    const along = this.entries.get(key);
    if (along !== undefined) this.use(along, 60);
    if (fate !== 'passes') return { answer: 'new', connection: null };
    this.entries.delete(key);
    const entry = this.add(key, d.src, false);
    this.use(entry, 60);
    entry.number = ++this.created;
    return { answer: 'new', connection: entry.number };
  }

  private quoted(quote: Described): Entry | undefined {
    if (isError(quote, [3, 11, 12], type => type >= 1 && type <= 4)) return undefined;
    // (CT11) Neighbour discovery never met the table.
    if (quote.protocol === 58 && (quote.type === 135 || quote.type === 136)) return undefined;
    return this.entries.get(this.keyOf(quote));
  }
}

export class CalicoOracle extends Oracle {
  constructor(
    capacity: number,
    private readonly loose: boolean,
  ) {
    super(capacity);
  }

  protected endsOf({ protocol, src, dst, sport, dport }: Described): readonly [string, string] {
    const hasPorts = protocol === 6 || protocol === 17;
    return [`${src}|${hasPorts ? sport : 0}`, `${dst}|${hasPorts ? dport : 0}`];
  }

  protected judge(d: Described, fate: Fate): Answer {
    const isV6 = d.src.includes(':');
    if (isV6 && d.protocol === 58 && [130, 131, 132, 133, 135, 136].includes(d.type!))
      return { answer: 'untracked', connection: null };
    if (this.isError(d)) {
      const quoted = d.quote === undefined ? undefined : this.entries.get(this.keyOf(d.quote));
      if (quoted === undefined) return { answer: 'invalid unrelated', connection: null };
      this.use(quoted, this.secondsOf(d.quote!.protocol, quoted));
      return { answer: 'related', connection: quoted.number };
    }
    const key = this.keyOf(d);
    const [source, destination] = this.endsOf(d);
    let entry = this.entries.get(key);
    if (entry !== undefined && this.isOther(entry, d)) {
      if (fate !== 'forgotten') this.entries.delete(key);
      return this.open(key, d, fate);
    }
    if (entry !== undefined && d.protocol === 6 && isSyn(d)) {
      const over = [source, destination].every(end => this.has(entry!, end, 'fin') || this.has(entry!, end, 'rst'));
      if (over) {
        this.entries.delete(key);
        entry = undefined;
      }
    }
    if (entry === undefined) return this.open(key, d, fate);
    if (d.protocol === 6) this.learn(entry, d, source, destination);
    this.use(entry, this.secondsOf(d.protocol, entry));
    if (d.protocol !== 6 || !isSyn(d)) return this.ofEntry(entry, d);
    if (source === entry.from) return this.ofEntry(entry, d, true);
    if (fate === 'forgotten') return { answer: 'new', connection: null };
    // The entry is turned round: it knows what it knew.
    this.entries.delete(key);
    const turned: Entry = { ...entry, from: source, replied: false, number: ++this.created, refused: null };
    if (fate === 'refused') turned.refused = exchangeOf(d);
    this.entries.set(key, turned);
    this.use(turned, this.secondsOf(6, turned));
    return { answer: 'new', connection: turned.number };
  }

  private isError(d: Described): boolean {
    return isError(d, [3, 4, 5, 11, 12], type => d.src.includes(':') && type < 128);
  }

  private open(key: string, d: Described, fate: Fate): Answer {
    const [source, destination] = this.endsOf(d);
    const picksUp = this.loose && d.protocol === 6 && flag(d, 'A') && !/[SFR]/.test(d.flags!);
    if (d.protocol === 6 && !isSyn(d) && !picksUp) return { answer: 'invalid no-entry', connection: null };
    if (fate === 'forgotten') return { answer: 'new', connection: null };
    const entry = this.add(key, source, true);
    if (fate === 'refused') entry.refused = exchangeOf(d);
    if (picksUp) for (const end of [source, destination]) this.mark(entry, end, 'syn', 'ack');
    else if (d.protocol === 6) {
      this.mark(entry, source, 'syn');
      entry.sequence.set(source, d.seq!);
    }
    this.use(entry, this.secondsOf(d.protocol, entry));
    entry.number = ++this.created;
    return { answer: 'new', connection: entry.number };
  }

  private learn(entry: Entry, d: Described, source: string, destination: string): void {
    if (flag(d, 'R')) {
      this.mark(entry, source, 'rst');
      entry.resetAt = this.now;
    } else if (entry.resetAt !== null && this.now - entry.resetAt > 120_000) entry.resetAt = null;
    if (flag(d, 'F')) this.mark(entry, source, 'fin');
    const acknowledges =
      this.has(entry, destination, 'syn') && d.ack === ((entry.sequence.get(destination) ?? 0) + 1) % 2 ** 32;
    if (flag(d, 'S') && flag(d, 'A')) {
      if (!acknowledges) return;
      this.mark(entry, source, 'syn', 'ack');
      entry.sequence.set(source, d.seq!);
    } else if (flag(d, 'A') && this.has(entry, source, 'syn') && !this.has(entry, source, 'ack')) {
      if (acknowledges) this.mark(entry, source, 'ack');
    } else if (this.has(entry, destination, 'ack')) {
      for (const end of [source, destination]) entry.marks.get(end)?.delete('rst');
    }
  }

  private secondsOf(protocol: number, entry: Entry): number {
    if (protocol === 17) return 60;
    if (protocol === 1 || protocol === 58) return 5;
    if (protocol !== 6) return 600;
    const ends = [...entry.marks.keys()];
    const all = (...names: string[]): boolean => ends.length === 2 && ends.every(end => this.has(entry, end, ...names));
    const times = [all('syn', 'ack') ? 3600 : 20];
    if (all('syn', 'ack') && entry.resetAt !== null) times.push(120);
    if (ends.some(end => this.has(entry, end, 'rst'))) times.push(40);
    if (all('fin')) times.push(30);
    return Math.min(...times);
  }
}
