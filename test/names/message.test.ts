/** DNS answers against tshark's dissector on shipped captures, against bytes at hand, and against whatever bytes there are. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../src/names/message.js';
import { openCaptures } from '../../src/node/captures.js';
import { createParser, newPacketBatch } from '../../src/packet/parse.js';
import { END, L4, PROTOCOL, SPORT, STRIDE } from '../../src/packet/row.js';
import { ipv4Text, wordsText } from '../../src/packet/text.js';
import { plainCapture } from '../support/cases.js';
import { seed } from '../support/seed.js';
import { hasTshark } from '../support/tshark.js';

const UDP = 17;
const CAPTURES = [
  'pcaps/shop/capture.pcapng',
  'examples/dns-and-one-api/capture.pcapng.gz',
  'examples/tenants/capture.pcapng.gz',
];

const textOf = (address: Uint8Array): string => {
  const view = new DataView(address.buffer, address.byteOffset, address.length);
  if (address.length === 4) return ipv4Text(view.getInt32(0));
  return wordsText(6, [view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12)]);
};

async function ours(path: string): Promise<string[]> {
  const source = await openCaptures([path]);
  const parser = createParser({});
  const packets = newPacketBatch(4096);
  const found: string[] = [];
  let number = 0;
  for (let frames = await source.next(); frames !== null; frames = await source.next()) {
    parser.parse(frames, source.interfaces, packets);
    for (let i = 0; i < frames.count; i++) {
      number++;
      const base = i * STRIDE;
      if (packets.rows[base + PROTOCOL] !== UDP || packets.rows[base + SPORT] !== 53) continue;
      const answer = readAnswer(frames.bytes, packets.rows[base + L4]! + 8, packets.rows[base + END]!);
      if (answer === null) continue;
      const { name, rcode, addresses, ttl } = answer;
      found.push(
        [number, name, rcode, addresses.map(textOf).sort().join(), addresses.length > 0 ? ttl : ''].join(' | '),
      );
    }
  }
  source.close();
  return found;
}

function theirs(path: string): string[] {
  const plain = join(tmpdir(), `policap-dns-${process.pid}.pcapng`);
  writeFileSync(plain, plainCapture(readFileSync(path)));
  const fields = ['frame.number', 'dns.qry.name', 'dns.flags.rcode', 'dns.a', 'dns.aaaa', 'dns.resp.ttl', 'icmp.type'];
  const args = [
    '-r',
    plain,
    '-Y',
    'udp.srcport == 53 && dns.flags.response == 1',
    '-T',
    'fields',
    ...fields.flatMap(field => ['-e', field]),
  ];
  const out = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  rmSync(plain);
  return out
    .split('\n')
    .filter(line => line !== '' && line.split('\t')[6] === '')
    .map(line => {
      const [number, name, rcode, a = '', aaaa = '', ttls = ''] = line.split('\t');
      const addresses = [...a.split(','), ...aaaa.split(',')].filter(text => text !== '').sort();
      const ttl = addresses.length === 0 ? '' : Math.min(...ttls.split(',').map(Number));
      return [number, name, rcode, addresses.join(), ttl].join(' | ');
    });
}

describe('DNS answers', () => {
  it.skipIf(!hasTshark()).each(CAPTURES)('%s, as tshark reads them', async path => {
    const expected = theirs(path);
    expect(expected.length).toBeGreaterThan(2);
    expect(await ours(path)).toEqual(expected);
  });

  const words = (...parts: (number | string)[]): number[] =>
    parts.flatMap(part => (typeof part === 'string' ? labels(part) : [part >> 8, part & 255]));
  const labels = (name: string): number[] => [
    ...name.split('.').flatMap(label => [label.length, ...[...label].map(letter => letter.charCodeAt(0))]),
    0,
  ];
  const record = (owner: number[], type: number, ttl: number, data: number[]): number[] => [
    ...owner,
    ...words(type, 1, ttl >>> 16, ttl & 0xffff, data.length),
    ...data,
  ];
  const message = (question: string, records: number[][], flags = 0x8180): Uint8Array =>
    Uint8Array.from([...words(7, flags, 1, records.length, 0, 0, question, 1, 1), ...records.flat()]);
  const read = (bytes: Uint8Array, cut = bytes.length) => readAnswer(bytes, 0, cut);
  /** Where the question's name stands. */
  const ASKED = [0xc0, 12];

  it('through aliases, the shortest time on the way', () => {
    const bytes = message('WWW.Example.com', [
      record(ASKED, 5, 300, labels('a.cdn.net')),
      record(labels('A.cdn.net'), 5, 60, labels('b.cdn.net')),
      record(labels('b.cdn.net'), 1, 900, [192, 0, 2, 1]),
      record(labels('b.cdn.net'), 1, 900, [192, 0, 2, 2]),
      // Of another name: nobody asked.
      record(labels('other.net'), 1, 900, [192, 0, 2, 3]),
    ]);
    const answer = read(bytes)!;
    expect(answer).toMatchObject({ name: 'www.example.com', rcode: 0, ttl: 60 });
    expect(answer.addresses.map(textOf)).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('an alias by a pointer into the message, and IPv6', () => {
    const address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    const bytes = message('www.example.com', [
      record(ASKED, 5, 30, [3, 97, 112, 105, 0xc0, 16]),
      record(labels('api.example.com'), 28, 20, address),
    ]);
    const answer = read(bytes)!;
    expect(answer.addresses.map(textOf)).toEqual(['2001:db8::9']);
    expect(answer.ttl).toBe(20);
  });

  it('what is no answer, or says nothing', () => {
    expect(read(message('a.b', [], 0x0100))).toBeNull();
    expect(read(message('a.b', [], 0x8183))).toMatchObject({ name: 'a.b', rcode: 3, addresses: [] });
    const circle = message('a.b', [record(ASKED, 5, 1, labels('c.d')), record(labels('c.d'), 5, 1, labels('a.b'))]);
    expect(read(circle)!.addresses).toEqual([]);
    const loop = message('a.b', [record([0xc0, 0x1d], 1, 1, [192, 0, 2, 1])]);
    expect(read(loop)).toMatchObject({ name: 'a.b', addresses: [] });
    // A negative time is none.
    expect(read(message('a.b', [record(ASKED, 1, 0x80000000, [192, 0, 2, 1])]))!.ttl).toBe(0);
  });

  it('of a message that was cut, the records before', () => {
    const bytes = message('a.b', [record(ASKED, 1, 9, [192, 0, 2, 1]), record(ASKED, 1, 9, [192, 0, 2, 2])]);
    expect(read(bytes, bytes.length - 1)!.addresses.map(textOf)).toEqual(['192.0.2.1']);
    for (let cut = 0; cut < bytes.length; cut++) expect(read(bytes, cut)?.addresses.length ?? 0).toBeLessThan(2);
  });

  it('a label that does not print', () => {
    const bytes = Uint8Array.from([...words(7, 0x8180, 1, 0, 0, 0), 3, 65, 46, 0, 2, 92, 33, 0, ...words(1, 1)]);
    expect(read(bytes)!.name).toBe('a\\046\\000.\\092!');
  });

  it(`never throws, and reads nothing behind the end (seed ${seed})`, () => {
    const whole = message('www.example.com', [
      record(ASKED, 5, 3, labels('a.b')),
      record(labels('a.b'), 1, 3, [1, 2, 3, 4]),
    ]);
    const arb = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 })
        .map(changes => changes.reduce((bytes, [at, value]) => bytes.with(at, value), whole)),
    );
    let answered = 0;
    fc.assert(
      fc.property(arb, bytes => {
        const alone = read(bytes);
        // The same message in the middle of other bytes.
        const among = new Uint8Array(bytes.length + 40).fill(0xc0);
        among.set(bytes, 20);
        expect(readAnswer(among, 20, 20 + bytes.length)).toEqual(alone);
        if (alone !== null) answered++;
      }),
      { seed, numRuns: 5000 },
    );
    expect(answered).toBeGreaterThan(500);
  });
});
