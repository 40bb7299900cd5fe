/**
 * Rules that ask for names: what a replay has learned from the capture's DNS answers decides them (cold).
 *
 * In:  every batch's packets, up to the one that is judged; the plain classifier.  Out: a classifier that asks the linear
 * engine again where the first rule to match asks for a name. An address that its listener has heard of under other names
 * alone does not have the name. Of one that it never heard of nobody can tell, as the answer may have come before the capture
 * or beside it; nor of one whose answer has run out.
 * An answer counts if a pod that is listened to had it from a server that its rule allows: whoever sends from port 53 would
 * otherwise open a door. Where only replies count, it must also have been let through as one: what was refused is not
 * learned, and of what may not be a reply (its question is not in the capture, or undecided) nobody can tell.
 * A listener is a node: its pods share what they hear. A pod of no known node is one by itself.
 */
import type { FrameBatch } from '../capture/frame.js';
import type { Inventory, Owner } from '../cluster/inventory.js';
import { LearnedNames } from '../names/learned.js';
import { readAnswer } from '../names/message.js';
import { DnsStreams } from '../names/streams.js';
import { payloadAt } from '../packet/payload.js';
import {
  DST,
  END,
  FAMILY,
  FRAG_LATER,
  FRAGMENT,
  PAYLOAD,
  type PacketBatch,
  PROTOCOL,
  SPORT,
  SRC,
  STATUS,
  STATUS_OK,
  STRIDE,
  TCP_FLAGS,
  TCP_SEQ,
} from '../packet/row.js';
import { addressText, ipv4Text, wordsText } from '../packet/text.js';
import { containsV4, containsV6, parseV4, parseV6 } from '../rules/addresses.js';
import { TCP, UDP } from '../rules/protocols.js';
import type { AddressSet, DnsListeners, NameLearner } from '../rules/ruleset.js';
import { type Classifier, EGRESS, FORWARD, INGRESS } from '../tree/classifier.js';
import { createLinear, type Side } from '../tree/linear.js';
import { ALLOWED_ESTABLISHED, MARK_MIDSTREAM, MARK_ORIGINAL, type VerdictBatch, verdictOf } from './verdict.js';

const DNS_PORT = 53;
const FIN = 1;
const SYN = 2;
const RST = 4;

export class NameLearning {
  /** Answers by name where a rule asks for one. */
  readonly classifier: Classifier;
  private readonly learned: LearnedNames;
  private readonly streams: DnsStreams;
  private readonly nodes: ReadonlySet<string>;
  /** The next packet of the batch that was not looked at. */
  private next = 0;
  private seconds = 0;

  /**
   * @param dns whose answers count; empty: nobody's, so that no name is ever known
   * @param before what was learned so far, under other policies
   */
  constructor(
    private readonly plain: Classifier,
    private readonly inventory: Inventory,
    private readonly dns: readonly DnsListeners[],
    before: NameLearning | null = null,
  ) {
    this.learned = before?.learned ?? new LearnedNames();
    this.streams = before?.streams ?? new DnsStreams();
    this.nodes = new Set(inventory.nodes.map(({ name }) => name));
    const linear = createLinear(plain.ruleset, inventory, ({ matches, learner }, subject, peer) => {
      const address = peer.v4 !== null ? ipv4Text(peer.v4 | 0) : peer.v6 === null ? null : textOf6(peer.v6);
      if (address === null) return null;
      const listener = ofLearner(learner, listenerOf(subject, inventory));
      return this.learned.knows(listener, address, matches, this.seconds);
    });
    const { rules } = plain.ruleset;
    const isNamed = (outcome: number): boolean => outcome >= 0 && rules[outcome]!.names !== undefined;
    this.classifier = {
      ...plain,
      classify(rows, base, out, at) {
        plain.classify(rows, base, out, at);
        if (isNamed(out[at + EGRESS]!) || isNamed(out[at + INGRESS]!) || isNamed(out[at + FORWARD]!)) {
          linear.classify(rows, base, out, at);
        }
      },
    };
  }

  /** A batch begins. */
  begin(): void {
    this.next = 0;
  }

  /** Listens to the packets in front of `end`, which are judged. @param seconds of the packet that is judged next */
  advance(frames: FrameBatch, { rows }: PacketBatch, judged: VerdictBatch, end: number, seconds: number): void {
    for (; this.next < end; this.next++) {
      const base = this.next * STRIDE;
      if (rows[base + SPORT] !== DNS_PORT || rows[base + STATUS] !== STATUS_OK) continue;
      if ((rows[base + FRAGMENT]! & FRAG_LATER) !== 0) continue;
      const now = frames.seconds[this.next]! + frames.nanoseconds[this.next]! / 1e9;
      this.listen(frames, rows, base, now, replyOf(judged, this.next));
    }
    this.seconds = seconds;
  }

  private listen({ bytes }: FrameBatch, rows: Int32Array, base: number, now: number, reply: Reply): void {
    const protocol = rows[base + PROTOCOL];
    if (protocol !== UDP && protocol !== TCP) return;
    const heard = this.dns.filter(
      ({ subjects, peers, learner }) =>
        (learner?.repliesOnly !== true || reply !== 'no') &&
        holds(subjects, addressText(rows, base, DST)) &&
        this.isFrom(peers, rows, base),
    );
    if (heard.length === 0) return;
    const from = payloadAt(bytes, rows, base);
    const end = rows[base + END]!;
    if (protocol === UDP) {
      this.learn(bytes, from, end, rows, base, now, heard, reply);
      return;
    }
    const key = [...rows.subarray(base + FAMILY, base + SPORT + 2)].join();
    const flags = rows[base + TCP_FLAGS]!;
    const payload = bytes.subarray(from, end);
    const cut = rows[base + PAYLOAD]! - payload.length;
    this.streams.segment(key, rows[base + TCP_SEQ]!, (flags & SYN) !== 0, payload, cut, (all, from, to) =>
      this.learn(all, from, to, rows, base, now, heard, reply),
    );
    if ((flags & (FIN | RST)) !== 0) this.streams.end(key);
  }

  /** Whether an answer is one of these servers': its own, or that of a service in front of it. */
  private isFrom(servers: AddressSet, rows: Int32Array, base: number): boolean {
    const it = this.inventory.owners[this.plain.ownerOf(rows, base, SRC)];
    if (it?.kind !== 'service') return holds(servers, addressText(rows, base, SRC));
    return it.ports.some(
      ({ port }, i) => port === DNS_PORT && it.backends[i]!.some(({ address }) => holds(servers, address)),
    );
  }

  private learn(
    bytes: Uint8Array,
    from: number,
    to: number,
    rows: Int32Array,
    base: number,
    now: number,
    heard: readonly DnsListeners[],
    reply: Reply,
  ): void {
    const answer = readAnswer(bytes, from, to);
    if (answer === null) return;
    const learning = heard.filter(({ matches }) => matches(answer.name));
    const listener = this.listenerAt(rows, base);
    for (const learner of new Set(learning.map(it => it.learner))) {
      const isSure = learner?.repliesOnly !== true || reply === 'yes';
      const until = isSure ? now + answer.ttl : Number.NEGATIVE_INFINITY;
      for (const address of answer.addresses) {
        this.learned.learn(ofLearner(learner, listener), textOf(address), answer.name, until);
      }
    }
  }

  private listenerAt(rows: Int32Array, base: number): string {
    const owner = this.plain.ownerOf(rows, base, DST);
    const it = owner < 0 ? undefined : this.inventory.owners[owner];
    if (it === undefined) return addressText(rows, base, DST);
    return it.kind === 'pod' && this.nodes.has(it.node) ? `host ${it.node}` : nameOf(it);
  }
}

type Reply = 'yes' | 'no' | 'perhaps';

/** Whether a packet is a reply of a connection that the policies let through, as far as its verdict tells. */
function replyOf({ code, marks }: VerdictBatch, i: number): Reply {
  const verdict = verdictOf(code[i]!);
  if (verdict === 'dropped') return 'no';
  const isReply = code[i] === ALLOWED_ESTABLISHED && (marks[i]! & (MARK_ORIGINAL | MARK_MIDSTREAM)) === 0;
  return isReply ? 'yes' : 'perhaps';
}

/** What plugins have learned is kept apart. */
const ofLearner = (learner: NameLearner | undefined, listener: string): string =>
  learner === undefined ? listener : `${learner.name} ${listener}`;

const listenerOf = ({ host, owner }: Side, { owners }: Inventory): string =>
  host >= 0 ? `host ${owners[host]!.name}` : owner >= 0 ? nameOf(owners[owner]!) : '';

/** The same in every inventory: what was learned outlives one. */
const nameOf = (owner: Owner): string =>
  owner.kind === 'node' ? `node ${owner.name}` : `${owner.kind} ${owner.namespace}/${owner.name}`;

function holds(set: AddressSet, address: string): boolean {
  const v4 = parseV4(address);
  return v4 !== null ? containsV4(set, v4) : containsV6(set, parseV6(address) ?? -1n);
}

function textOf(address: Uint8Array): string {
  const view = new DataView(address.buffer, address.byteOffset, address.length);
  if (address.length === 4) return ipv4Text(view.getInt32(0));
  return wordsText(6, [view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12)]);
}

const textOf6 = (address: bigint): string =>
  wordsText(
    6,
    [96n, 64n, 32n, 0n].map(shift => Number((address >> shift) & 0xffffffffn) | 0) as [number, number, number, number],
  );
