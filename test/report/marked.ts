/**
 * A marked capture made the slow way, a packet at a time with nothing remembered: what the pcapng report is held to.
 */
import type { FrameBatch } from '../../src/capture/frame.js';
import { STRIDE } from '../../src/packet/row.js';
import { commentText, listed } from '../../src/report/reason-text.js';
import type { ReplayContext, Report } from '../../src/report/report.js';
import { outcomeRecord } from '../../src/verdict/outcome.js';
import {
  DROPPED_CONNECTION,
  MARK_DUPLICATE,
  MARK_ORIGINAL,
  reasonOf,
  type Verdict,
  verdictOf,
} from '../../src/verdict/verdict.js';

const MOST_COMMENT = 65532 - 64;
const LAST = 2n ** 64n - 1n;

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

function option(code: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return padded(Buffer.concat([head, value]));
}

function block(type: number, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length + 12);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(type);
  return Buffer.concat([head, length, body, length]);
}

const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value, 4 * i);
  });
  return bytes;
};

/** Whole characters, as many as there is room for. */
function cut(text: string): Buffer {
  const bytes = Buffer.alloc(MOST_COMMENT);
  return bytes.subarray(0, new TextEncoder().encodeInto(text, bytes).written);
}

export function createMarkedOracle(only?: Verdict): Report & { bytes(): Buffer } {
  const blocks: Buffer[] = [];
  const ids = new Map<number, number>();
  let context: ReplayContext;

  function describe(source: number): number {
    const { linkType, snapLength, fcsLength, name } = context.source.interfaces[source]!;
    const head = words(linkType, snapLength);
    const options = [
      ...(name === undefined ? [] : [option(2, Buffer.from(name))]),
      option(9, Buffer.from([9])),
      ...(fcsLength > 0 ? [option(13, Buffer.from([fcsLength]))] : []),
    ];
    blocks.push(block(1, Buffer.concat([head, ...options, words(0)])));
    ids.set(source, ids.size);
    return ids.size - 1;
  }

  function comment(code: number, decided: number, original: boolean, rows: Int32Array, base: number): string {
    const verdict = verdictOf(code);
    const word = verdict.toUpperCase();
    if (decided < 0) return `${word} ${reasonOf(code)}`;
    const it = context.decisions[decided]!;
    if (it.backends !== null) {
      const { allowed, dropped } = it.backends;
      return `${word} ${reasonOf(code)}: ${listed(allowed)} would allow, ${listed(dropped)} would drop`;
    }
    context.ends.find(decided, rows, base, original);
    const { source, destination } = context.ends;
    const { ruleset, inventory } = context.compiled;
    const said = (
      [
        ['egress', it.egress, source],
        ['ingress', it.ingress, destination],
        ['forward', it.forward, source],
      ] as const
    ).flatMap(([side, outcome, subject]) => {
      const record = outcomeRecord(side, outcome, subject, ruleset, inventory);
      const says = record?.verdict === verdict && (verdict !== 'allowed' || record.reason === 'rule');
      return says ? [commentText(side, record)] : [];
    });
    const state = reasonOf(code) === reasonOf(it.code) && said.length > 0 ? '' : ` ${reasonOf(code)}`;
    return `${word}${state}${said.length === 0 ? '' : `${state === '' ? '' : ':'} ${said.join('; ')}`}`;
  }

  function packetBlock(frames: FrameBatch, i: number, id: number, note: Buffer, verdict: Verdict): Buffer {
    const { bytes, offset, captured, original, seconds, nanoseconds } = frames;
    const time = BigInt(seconds[i]!) * 1_000_000_000n + BigInt(nanoseconds[i]!);
    const written = seconds[i]! < 0 ? 0n : time > LAST ? LAST : time;
    const head = words(id, Number(written >> 32n), Number(written & 0xffffffffn), captured[i]!, original[i]!);
    const frame = padded(Buffer.from(bytes.subarray(offset[i]!, offset[i]! + captured[i]!)));
    const xdp = { allowed: 2, dropped: 1, undecided: 0 }[verdict];
    const mark = xdp === 0 ? [] : [option(7, Buffer.from([2, xdp, 0, 0, 0, 0, 0, 0, 0]))];
    return block(6, Buffer.concat([head, frame, option(1, note), ...mark, words(0)]));
  }

  return {
    begin(begun) {
      context = begun;
      const head = Buffer.concat([words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff), option(4, Buffer.from('policap'))]);
      blocks.push(block(0x0a0d0d0a, Buffer.concat([head, words(0)])));
    },
    batch(frames, { rows }, { code, decision, marks, packet, count }) {
      for (let i = 0; i < count; i++) {
        const c = code[i]!;
        if (only !== undefined && verdictOf(c) !== only) continue;
        const source = frames.interfaceIndex[i]!;
        const id = ids.get(source) ?? describe(source);
        const text = comment(c, decision[i]!, (marks[i]! & MARK_ORIGINAL) !== 0, rows, i * STRIDE);
        const isCopy = (marks[i]! & MARK_DUPLICATE) !== 0;
        const more = isCopy ? ', copy of packet ' : c === DROPPED_CONNECTION ? ', refused at packet ' : '';
        const note = Buffer.concat([cut(text), Buffer.from(more === '' ? '' : `${more}${packet[i]!}`)]);
        blocks.push(packetBlock(frames, i, id, note, verdictOf(c)));
      }
    },
    end() {},
    bytes: () => Buffer.concat(blocks),
  };
}
