/**
 * A frame's layers, outermost to innermost, as the parser reads them (cold).
 *
 * In:  a frame and what its interface is.  Out: Layers: each with the fields that the parser takes from it, their values in words, and
 * where they stand in the frame. The parser is src/packet: each packet on the way in is its row. What it steps over without
 * taking it apart (link layers, tunnel headers, options, payload) is a layer of bytes.
 */
import type { CaptureInterface } from '../capture/frame.js';
import { LINKTYPE_ETHERNET, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2, link } from '../packet/link.js';
import { NO_TUNNEL } from '../packet/next.js';
import { MAX_TUNNELS } from '../packet/open.js';
import { describeOuter } from '../packet/outer.js';
import { clearRow, PROTOCOL_TCP, packet } from '../packet/packet.js';
import {
  END,
  FAMILY,
  FRAG_LATER,
  FRAG_MORE,
  FRAGMENT,
  L3,
  L4,
  PAYLOAD,
  PROTOCOL,
  STATUS,
  STATUS_MALFORMED,
  STATUS_OK,
  STATUS_TRUNCATED,
  STRIDE,
} from '../packet/row.js';
import { protocolText } from '../packet/text.js';
import { tunnel } from '../packet/tunnel.js';
import { type Field, networkFields, transportFields, transportLength } from './fields.js';

export interface Layer {
  readonly name: string;
  /** In the frame; `length` is what was captured of it. */
  readonly offset: number;
  readonly length: number;
  readonly fields: readonly Field[];
  /** What is to be known besides; null for nothing. */
  readonly note: string | null;
}

export interface Frame {
  readonly bytes: Uint8Array;
  readonly original: number;
  readonly interface: Pick<CaptureInterface, 'linkType' | 'fcsLength'>;
}

/** @param tunnels whether they are opened */
export function layersOf(frame: Frame, tunnels: boolean): Layer[] {
  const { rows, why } = packetsIn(frame, tunnels);
  const outermost = rows[0]?.[L3] ?? frame.bytes.length;
  const layers: Layer[] = [linkLayer(frame, outermost, rows.length === 0 ? why : null)];
  rows.forEach((row, depth) => {
    layers.push(...packetLayers(row, frame));
    const inner = rows[depth + 1];
    if (inner !== undefined) layers.push(tunnelLayer(row, inner, frame));
  });
  const last = rows.at(-1);
  if (last === undefined) return layers;
  if (why !== null) layers.push(restLayer(transportEnd(last), frame, why));
  else layers.push(...payloadLayers(last, frame));
  return layers.filter(({ length, note }) => length > 0 || note !== null);
}

interface Packets {
  /** A row a packet, the outermost first. */
  readonly rows: readonly Int32Array[];
  /** Why there is no packet, or none inside the last one. */
  readonly why: string | null;
}

/** The rows that packet/open.ts goes through to the one that is judged, which is the last. */
export function packetsIn({ bytes, original, interface: { linkType, fcsLength } }: Frame, tunnels: boolean): Packets {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wire = Math.max(0, Math.max(original, bytes.length) - fcsLength);
  const end = Math.min(bytes.length, wire);
  const first = new Int32Array(STRIDE);
  clearRow(first, 0);
  let next = link(linkType, view, 0, end, wire, first, 0);
  let ends = [first[END]!, first[PAYLOAD]!] as const;
  const rows: Int32Array[] = [];
  while (next >= 0) {
    const row = new Int32Array(STRIDE);
    clearRow(row, 0);
    packet(next & 3, view, next >> 2, ends[0], ends[1], row, 0);
    // What is no packet after all leaves the one around it judged.
    if (rows.length > 0 && row[STATUS] === STATUS_MALFORMED && row[FAMILY] === 0) return { rows, why: null };
    rows.push(row);
    const isWhole = row[STATUS] === STATUS_OK && (row[FRAGMENT]! & (FRAG_MORE | FRAG_LATER)) === 0;
    if (!isWhole || !tunnels || rows.length > MAX_TUNNELS || (rows.length === 1 && row[PROTOCOL] === PROTOCOL_TCP))
      return { rows, why: null };
    const scratch = row.slice();
    next = tunnel(view, scratch, 0);
    if (next === NO_TUNNEL) return { rows, why: null };
    ends = [scratch[END]!, scratch[PAYLOAD]!];
  }
  return { rows, why: whyNone(-next, linkType) };
}

function whyNone(status: number, linkType: number): string {
  if (status === STATUS_TRUNCATED) return 'the capture cut the headers';
  if (status === STATUS_MALFORMED) return 'the headers contradict themselves';
  return linkType in LINK_NAMES ? 'it holds no IP packet' : `link type ${linkType} is not read`;
}

const LINK_NAMES: Readonly<Record<number, string>> = {
  0: 'BSD loopback',
  [LINKTYPE_ETHERNET]: 'Ethernet',
  12: 'Raw IP',
  14: 'Raw IP',
  101: 'Raw IP',
  108: 'OpenBSD loopback',
  [LINKTYPE_LINUX_SLL]: 'Linux cooked capture',
  228: 'Raw IPv4',
  229: 'Raw IPv6',
  [LINKTYPE_LINUX_SLL2]: 'Linux cooked capture v2',
};

function linkLayer({ bytes, interface: { linkType } }: Frame, length: number, why: string | null): Layer {
  const name = LINK_NAMES[linkType] ?? `Link type ${linkType}`;
  const note = why ?? (length === 0 ? null : 'not taken apart: only the way to the IP header is read');
  return { name, offset: 0, length: Math.min(length, bytes.length), fields: [], note };
}

function packetLayers(row: Int32Array, { bytes }: Frame): Layer[] {
  const [from, to] = [row[L3]!, row[END]!];
  const family = row[FAMILY]!;
  if (family === 0) {
    const why = row[STATUS] === STATUS_TRUNCATED ? 'the capture cut its header' : 'its header contradicts itself';
    return [{ name: 'IP', offset: from, length: Math.max(0, to - from), fields: [], note: why }];
  }
  const network: Layer = {
    name: `IPv${family}`,
    offset: from,
    length: Math.max(0, Math.min(row[L4]! || to, to) - from),
    fields: networkFields(row),
    note: statusNote(row),
  };
  const name = protocolText(row[PROTOCOL]!);
  const fields = transportFields(row, bytes);
  if (fields.length === 0) return [network];
  const length = Math.min(transportLength(row, bytes), to - row[L4]!);
  return [network, { name, offset: row[L4]!, length, fields, note: null }];
}

function statusNote(row: Int32Array): string | null {
  if (row[STATUS] === STATUS_TRUNCATED) return 'the capture cut the headers behind it';
  if (row[STATUS] === STATUS_MALFORMED) return 'its headers contradict themselves';
  return (row[FRAGMENT]! & FRAG_LATER) !== 0 ? 'a later fragment: no transport header here' : null;
}

const transportEnd = (row: Int32Array): number => row[L4]!;

/** What stands between the outer packet's headers and the inner packet. */
function tunnelLayer(outer: Int32Array, inner: Int32Array, { bytes, original }: Frame): Layer {
  const offset = row4End(outer, bytes);
  const { tunnel: name, vni, key } = describeOuter(singleFrame(bytes, original), 0, outer[L3]!);
  const number = vni !== undefined ? `network ${vni}` : key !== undefined ? `key ${key}` : null;
  const note = number ?? 'its header holds no number';
  return { name: `${name} tunnel`, offset, length: Math.max(0, inner[L3]! - offset), fields: [], note };
}

const row4End = (row: Int32Array, bytes: Uint8Array): number => row[L4]! + transportLength(row, bytes);

function restLayer(offset: number, { bytes }: Frame, why: string): Layer {
  return { name: 'Inner packet', offset, length: Math.max(0, bytes.length - offset), fields: [], note: why };
}

function payloadLayers(row: Int32Array, { bytes }: Frame): Layer[] {
  if (row[FAMILY] === 0 || row[STATUS] !== STATUS_OK) return [];
  const offset = Math.min(row4End(row, bytes), row[END]!);
  const captured = row[END]! - offset;
  const whole = row[PAYLOAD]!;
  const cut = captured < whole ? `${whole} bytes on the wire, of which ${captured} were captured` : null;
  const payload: Layer = { name: 'Payload', offset, length: captured, fields: [], note: cut };
  const behind = bytes.length - row[END]!;
  const padding: Layer = { name: 'Behind the packet', offset: row[END]!, length: behind, fields: [], note: 'padding' };
  return [...(whole > 0 ? [payload] : []), ...(behind > 0 ? [padding] : [])];
}

const singleFrame = (bytes: Uint8Array, original: number) => ({
  count: 1,
  bytes,
  offset: Int32Array.of(0),
  captured: Int32Array.of(bytes.length),
  original: Int32Array.of(original),
  seconds: Float64Array.of(0),
  nanoseconds: Int32Array.of(0),
  interfaceIndex: Int32Array.of(0),
});
