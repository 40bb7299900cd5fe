/**
 * Debian's tshark as the judge of header fields: every packet of a capture file, our row against its words.
 *
 * In:  a capture file.  Out: the differences as text, one a field; an empty list means equal.
 *
 * tshark prints a field once a layer (tunnels, the packet an ICMP error quotes). The layer that counts is the one our row
 * describes: the innermost before a quote where a tunnel was opened, else the outermost. That a tunnel was opened where
 * tshark sees one is compared, too. Reassembly is off on both sides.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { openCaptures } from '../../src/node/captures.js';
import { createParser, newPacketBatch, type ParserOptions } from '../../src/packet/parse.js';
import { FLAG_DUPLICATE, FRAG_LATER, FRAG_MORE, STRIDE } from '../../src/packet/row.js';
import { type ReadRow, readRow } from '../packet/rows.js';

const FIELDS = [
  'frame.protocols',
  'ip.src',
  'ip.dst',
  'ip.proto',
  'ip.ttl',
  'ip.id',
  'ip.frag_offset',
  'ip.flags.mf',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.hlim',
  'ipv6.fraghdr.ident',
  'ipv6.fraghdr.offset',
  'ipv6.fraghdr.more',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.seq_raw',
  'tcp.ack_raw',
  'tcp.flags',
  'tcp.window_size_value',
  'tcp.len',
  'tcp.options.wscale.shift',
  'tcp.options.sack_re',
  'udp.srcport',
  'udp.dstport',
  'udp.length',
  'sctp.srcport',
  'sctp.dstport',
  'sctp.verification_tag',
  'dccp.srcport',
  'dccp.dstport',
  'icmp.type',
  'icmp.code',
  'icmp.ident',
  'icmpv6.type',
  'icmpv6.code',
  'icmpv6.echo.identifier',
  'gre.key',
  'esp.spi',
] as const;
type Field = (typeof FIELDS)[number];

/** Whether tshark can be run. Under CI=true its absence is an error: nothing may be left out there. */
export function hasTshark(): boolean {
  const found = spawnSync('tshark', ['--version'], { stdio: 'ignore' }).status === 0;
  if (!found && process.env['CI'] === 'true') throw new Error('tshark is missing: apt-get install tshark');
  return found;
}

/** One record a packet: each field's values, outermost first. */
function dissect(file: string): Record<Field, string[]>[] {
  const output = execFileSync(
    'tshark',
    [
      '-r',
      file,
      '-n',
      '-T',
      'fields',
      '-E',
      'occurrence=a',
      '-E',
      'aggregator=|',
      '-o',
      'ip.defragment:FALSE',
      '-o',
      'ipv6.defragment:FALSE',
      '-o',
      'tcp.desegment_tcp_streams:FALSE',
      '-o',
      'tcp.relative_sequence_numbers:FALSE',
      '-d',
      'udp.port==8472,vxlan',
      ...FIELDS.flatMap(field => ['-e', field]),
    ],
    { encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const lines = output.split('\n');
  lines.pop();
  return lines.map(line => {
    const columns = line.split('\t');
    return Object.fromEntries(FIELDS.map((field, i) => [field, columns[i] ? columns[i]!.split('|') : []])) as Record<
      Field,
      string[]
    >;
  });
}

export async function rowsOf(files: string[], options: ParserOptions = {}): Promise<ReadRow[]> {
  const source = await openCaptures(files);
  const parser = createParser(options);
  const found: ReadRow[] = [];
  for (;;) {
    const frames = await source.next();
    if (frames === null) break;
    const out = newPacketBatch(frames.count);
    parser.parse(frames, source.interfaces, out);
    for (let i = 0; i < frames.count; i++) {
      const row = readRow(out.rows, i * STRIDE);
      // Offsets count from the batch's begin; the comparison wants the frame's.
      found.push({ ...row, l3: row.l3 - frames.offset[i]!, bits: row.bits & ~FLAG_DUPLICATE });
    }
  }
  source.close();
  return found;
}

/** @returns `packet 7: tcp.srcport: 80, tshark says 81` for every difference */
export async function compareWithTshark(
  file: string,
  options: ParserOptions = {},
): Promise<{ packets: number; differences: string[] }> {
  const rows = await rowsOf([file], options);
  const theirs = dissect(file);
  const differences: string[] = [];
  if (rows.length !== theirs.length) differences.push(`${rows.length} packets, tshark says ${theirs.length}`);
  for (const [i, row] of rows.entries()) {
    const their = theirs[i];
    if (their === undefined) break;
    for (const difference of compareRow(row, their)) differences.push(`packet ${i + 1}: ${difference}`);
  }
  return { packets: rows.length, differences };
}

const TUNNELS = ['vxlan', 'geneve', 'gre', 'erspan'];

/** How often a protocol stands in the layers before an ICMP error's quote. */
function layers(their: Record<Field, string[]>): string[] {
  const all = (their['frame.protocols'][0] ?? '').split(':');
  const icmp = all.findIndex(name => name === 'icmp' || name === 'icmpv6');
  return icmp < 0 ? all : all.slice(0, icmp + 1);
}

function compareRow(row: ReadRow, their: Record<Field, string[]>): string[] {
  const found: string[] = [];
  const seen = layers(their);
  const count = (name: string): number => seen.filter(layer => layer === name).length;
  const inner = row.outer >= 0;
  const fragment = (row.fragment & (FRAG_MORE | FRAG_LATER)) !== 0;
  /** The value in the layer of `protocol` that the row describes. */
  const value = (field: Field, protocol: string, layers = count(protocol)): string | undefined =>
    their[field][inner ? layers - 1 : 0];
  const check = (field: Field, ours: number | string, protocol: string, layers?: number): void => {
    const theirs = value(field, protocol, layers);
    if (theirs === undefined || theirs === '') return void found.push(`${field}: ${ours}, tshark says nothing`);
    const same = typeof ours === 'number' ? ours === number(theirs) : ours === theirs;
    if (!same) found.push(`${field}: ${ours}, tshark says ${theirs}`);
  };
  const ips = count('ip') + count('ipv6');
  if (row.status === 'not-ip') {
    if (ips > 0 && !inner) found.push(`not IP, tshark says ${their['frame.protocols']}`);
    return found;
  }
  if (row.family === 0) return found;
  if (ips === 0) return [`${row.src} > ${row.dst}, tshark says ${their['frame.protocols']}`];
  if (!inner && !fragment && row.status === 'ok' && ips > 1)
    found.push(`no tunnel, tshark says ${their['frame.protocols']}`);
  if (inner && ips < 2 && !seen.some(name => TUNNELS.includes(name)))
    found.push(`a tunnel, tshark says ${their['frame.protocols']}`);
  if (row.family === 4) {
    check('ip.src', row.src, 'ip');
    check('ip.dst', row.dst, 'ip');
    check('ip.ttl', row.ttl, 'ip');
    check('ip.id', row.id, 'ip');
    check('ip.proto', row.protocol, 'ip');
    check('ip.frag_offset', row.fragment >>> 4, 'ip');
    check('ip.flags.mf', row.fragment & FRAG_MORE, 'ip');
  } else {
    check('ipv6.src', row.src, 'ipv6');
    check('ipv6.dst', row.dst, 'ipv6');
    check('ipv6.hlim', row.ttl, 'ipv6');
    if (fragment && !inner) {
      check('ipv6.fraghdr.ident', row.id, 'ipv6');
      check('ipv6.fraghdr.offset', row.fragment >>> 4, 'ipv6');
      check('ipv6.fraghdr.more', row.fragment & FRAG_MORE, 'ipv6');
    }
  }
  if (row.status === 'truncated' && row.sport === 0) return found;
  if (row.status === 'malformed' || (row.fragment & FRAG_LATER) !== 0) return found;
  switch (row.protocol) {
    case 6:
      check('tcp.srcport', row.sport, 'tcp');
      check('tcp.dstport', row.dport, 'tcp');
      if (row.status !== 'ok') break;
      check('tcp.seq_raw', row.seq, 'tcp');
      check('tcp.ack_raw', row.ack, 'tcp');
      check('tcp.window_size_value', row.window, 'tcp');
      check('tcp.len', row.payload, 'tcp');
      if ((number(value('tcp.flags', 'tcp') ?? '') & 0xff) !== row.flags)
        found.push(`tcp.flags: ${row.flags}, tshark says ${value('tcp.flags', 'tcp')}`);
      if (count('tcp') === 1) {
        const shift = their['tcp.options.wscale.shift'][0];
        const ours = (row.options & 0xff) - 1;
        if (ours !== (shift === undefined ? -1 : Math.min(14, number(shift))))
          found.push(`window scale: ${ours}, tshark says ${shift}`);
        const edges = their['tcp.options.sack_re'].map(number);
        if (edges.length > 0 && !edges.includes(row.sack)) found.push(`SACK edge: ${row.sack}, tshark says ${edges}`);
        if (edges.length === 0 && (row.options & 0x400) !== 0) found.push('SACK, tshark says none');
      }
      break;
    case 17:
    case 136:
      // tshark writes both protocols' ports into the same fields.
      check('udp.srcport', row.sport, 'udp', count('udp') + count('udplite'));
      check('udp.dstport', row.dport, 'udp', count('udp') + count('udplite'));
      break;
    case 132:
      check('sctp.srcport', row.sport, 'sctp');
      check('sctp.dstport', row.dport, 'sctp');
      if (row.status === 'ok') check('sctp.verification_tag', row.tag, 'sctp');
      break;
    case 33:
      check('dccp.srcport', row.sport, 'dccp');
      check('dccp.dstport', row.dport, 'dccp');
      break;
    case 1:
      if (row.status !== 'ok') break;
      check('icmp.type', row.icmp[0], 'icmp');
      check('icmp.code', row.icmp[1], 'icmp');
      if (row.icmp[0] === 0 || row.icmp[0] === 8 || (row.icmp[0] >= 13 && row.icmp[0] <= 18))
        check('icmp.ident', row.icmp[2], 'icmp');
      break;
    case 58:
      if (row.status !== 'ok') break;
      check('icmpv6.type', row.icmp[0], 'icmpv6');
      check('icmpv6.code', row.icmp[1], 'icmpv6');
      if (row.icmp[0] === 128 || row.icmp[0] === 129) check('icmpv6.echo.identifier', row.icmp[2], 'icmpv6');
      break;
    case 47:
      if (row.tag !== 0 && count('gre') === 1) check('gre.key', row.tag, 'gre');
      break;
    case 50:
      if (row.status === 'ok') check('esp.spi', row.tag, 'esp');
      break;
  }
  return found;
}

const number = (text: string): number => (text === 'True' ? 1 : text === 'False' ? 0 : Number(text));
