/**
 * One packet of a replay, with its connection (cold).
 *
 * In:  captures that can be read twice, and the packet's number.  Out: PacketFacts: what the replay said of it, what connection
 * tracking made of it, and the header that its connection was judged by: that of the packet which opened it, from the
 * initiator to the responder, behind whatever service stood between.
 */
import type { CaptureError, FrameBatch, FrameSource } from '../capture/frame.js';
import type { Compiled } from '../compile.js';
import { type TrackedPacket, watchPacket } from '../flow/watched.js';
import {
  DPORT,
  DST,
  FAMILY,
  FLAG_AUTH_HEADER,
  FLAGS,
  ICMP_CODE,
  ICMP_TYPE,
  type PacketBatch,
  PROTOCOL,
  SPORT,
  SRC,
  STRIDE,
} from '../packet/row.js';
import { addressText } from '../packet/text.js';
import { type ReplayOptions, replay } from '../replay.js';
import { isIcmp, transportKnown } from '../report/fields.js';
import { ownerAddress } from '../report/owners.js';
import type { ReplayContext, Report } from '../report/report.js';
import { hasPorts } from '../rules/protocols.js';
import { createLinear } from '../tree/linear.js';
import type { Decision } from '../verdict/decisions.js';
import { reverseRow } from '../verdict/initiator.js';
import { MARK_DUPLICATE, MARK_FIRST, MARK_ORIGINAL, type VerdictBatch } from '../verdict/verdict.js';
import type { Header } from './conditions.js';

/** A packet as a report is given it. */
export interface Caught {
  readonly number: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly row: Int32Array;
  readonly code: number;
  readonly marks: number;
  /** 0 for none. */
  readonly connection: number;
  /** As VerdictBatch.packet: where its connection was refused, or of what it is a copy. */
  readonly other: number;
  readonly decision: Decision | null;
  /** Owners of the connection's ends, initiator and responder; -1 for nobody. */
  readonly source: number;
  readonly destination: number;
}

export interface PacketFacts {
  readonly packet: Caught;
  /** The one that opened its connection, which may be itself; null where it belongs to none, or nobody knows. */
  readonly opening: Caught | null;
  /** What the decision is about; null where nothing was decided. */
  readonly header: Header | null;
  /** Of a copy what it made of the first one. */
  readonly tracked: TrackedPacket | null;
  /** The policies as the replay took them. */
  readonly compiled: Compiled;
}

/** The capture ends before it. */
export interface NoSuchPacket {
  readonly packets: number;
  /** Why, where it is damaged. */
  readonly damage: CaptureError | null;
}

export type Reopen = () => Promise<FrameSource | null>;

/** @returns null where it was interrupted */
export async function catchPacket(
  reopen: Reopen,
  compiled: Compiled,
  options: ReplayOptions,
  number: number,
): Promise<PacketFacts | NoSuchPacket | null> {
  const watch = watchPacket(number);
  const first = await catchWhere(
    reopen,
    compiled,
    { ...options, watch },
    (_verdicts, i, at) => at + i === number,
    number,
  );
  if (first === null || options.signal?.aborted) return null;
  const { caught: packet, context } = first;
  if (packet === null) return { packets: first.packets, damage: first.damage };
  let opening = (packet.marks & (MARK_FIRST | MARK_DUPLICATE)) === MARK_FIRST ? packet : null;
  if (opening === null && packet.connection > 0) {
    const { connection } = packet;
    const opens = (verdicts: VerdictBatch, i: number): boolean =>
      verdicts.connection[i] === connection && (verdicts.marks[i]! & MARK_FIRST) !== 0;
    const second = await catchWhere(reopen, compiled, options, opens, number);
    if (second === null || options.signal?.aborted) return null;
    opening = second.caught;
  }
  const original = (packet.marks & MARK_DUPLICATE) === 0 ? watch : watchPacket(packet.other);
  if (original !== watch) {
    const isOriginal: Wanted = (_verdicts, i, at) => at + i === packet.other;
    await catchWhere(reopen, compiled, { ...options, watch: original }, isOriginal, packet.other);
    if (options.signal?.aborted) return null;
  }
  const { compiled: judged } = context!;
  return { packet, opening, header: headerOf(judged, packet, opening), tracked: original.seen, compiled: judged };
}

type Wanted = (verdicts: VerdictBatch, i: number, first: number) => boolean;

interface Search {
  readonly caught: Caught | null;
  readonly packets: number;
  readonly damage: CaptureError | null;
  readonly context: ReplayContext | null;
}

/** The first packet that is wanted, among those up to `last`. */
async function catchWhere(
  reopen: Reopen,
  compiled: Compiled,
  options: ReplayOptions,
  wanted: Wanted,
  last: number,
): Promise<Search | null> {
  const source = await reopen();
  if (source === null) return null;
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  options.signal?.addEventListener('abort', interrupt);
  let context: ReplayContext | null = null;
  let caught: Caught | null = null;
  const report: Report = {
    begin(begun) {
      context = begun;
    },
    batch(frames, packets, verdicts, first) {
      for (let i = 0; i < verdicts.count && caught === null; i++) {
        if (wanted(verdicts, i, first)) caught = take(context!, frames, packets, verdicts, i, first);
      }
      if (caught !== null || first + verdicts.count > last) stop.abort();
    },
    end() {},
  };
  try {
    const { packets, errors } = await replay(source, compiled, { ...options, fastPath: null, signal: stop.signal }, [
      report,
    ]);
    return { caught, packets, damage: errors[0] ?? null, context };
  } finally {
    options.signal?.removeEventListener('abort', interrupt);
    source.close();
  }
}

/** @param i place in the batch whose first packet has the number `first` */
export function take(
  { decisions, ends }: ReplayContext,
  { seconds, nanoseconds }: FrameBatch,
  { rows }: PacketBatch,
  { code, decision, connection, packet, marks }: VerdictBatch,
  i: number,
  first: number,
): Caught {
  const decided = decision[i]!;
  if (decided >= 0) ends.find(decided, rows, i * STRIDE, (marks[i]! & MARK_ORIGINAL) !== 0);
  return {
    number: first + i,
    seconds: seconds[i]!,
    nanoseconds: nanoseconds[i]!,
    row: rows.slice(i * STRIDE, (i + 1) * STRIDE),
    code: code[i]!,
    marks: marks[i]!,
    connection: connection[i]!,
    other: packet[i]!,
    decision: decided < 0 ? null : decisions[decided]!,
    source: decided < 0 ? -1 : ends.source,
    destination: decided < 0 ? -1 : ends.destination,
  };
}

/** What the connection's decision is about; where several headers are possible the one that gives what was decided. */
export function headerOf(compiled: Compiled, packet: Caught, opening: Caught | null): Header | null {
  const from = opening ?? packet;
  if (packet.decision === null || from.decision === null || from.row[FAMILY] === 0) return null;
  const row = new Int32Array(STRIDE);
  if ((from.marks & MARK_ORIGINAL) !== 0) row.set(from.row);
  else reverseRow(from.row, 0, row);
  const { decision, source, destination } = from;
  const protocol = row[PROTOCOL]!;
  const isKnown = transportKnown(from.row, 0);
  const at = (word: number, has: boolean): number => (has && isKnown ? row[word]! : -1);
  const header: Header = {
    source: { owner: -1, address: endAddress(compiled, row, SRC, source) },
    destination: { owner: -1, address: endAddress(compiled, row, DST, destination) },
    protocol,
    sourcePort: at(SPORT, hasPorts(protocol)),
    destinationPort: decision.port >= 0 ? decision.port : at(DPORT, hasPorts(protocol)),
    icmpType: at(ICMP_TYPE, isIcmp(protocol)),
    icmpCode: at(ICMP_CODE, isIcmp(protocol)),
  };
  if ((row[FLAGS]! & FLAG_AUTH_HEADER) === 0) return header;
  // Some plugins' rules stop at IPv6's authentication header.
  const authenticated: Header = { ...header, protocol: AUTHENTICATION, sourcePort: -1, destinationPort: -1 };
  const { egress, ingress, forward } = decision;
  const said = createLinear(compiled.ruleset, compiled.inventory).decide(authenticated);
  return said[0] === egress && said[1] === ingress && said[2] === forward ? authenticated : header;
}

/** Protocol number of the authentication header (RFC 4302). */
const AUTHENTICATION = 51;

/** Of the end that was judged: behind a service, or in front of a masquerade, the packet shows another. */
function endAddress({ classifier, inventory }: Compiled, row: Int32Array, word: number, owner: number): string {
  const shown = addressText(row, 0, word);
  if (owner < 0 || classifier.ownerOf(row, 0, word) === owner) return shown;
  return ownerAddress(inventory.owners[owner]!, row[FAMILY]!) ?? shown;
}
