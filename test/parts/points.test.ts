import { describe, expect, it } from 'vitest';
import { capturePoints } from '../../src/parts/points.js';
import { assignedTo, parseShard } from '../../src/parts/shard.js';

describe('capture points', () => {
  it.each([
    ['two places', ['node-1.pcap', 'node-2.pcap'], [['node-1.pcap'], ['node-2.pcap']]],
    ['tcpdump -C', ['a/x.pcap10', 'a/x.pcap', 'a/x.pcap2'], [['a/x.pcap', 'a/x.pcap2', 'a/x.pcap10']]],
    ['tcpdump -C -W', ['x.pcap00', 'x.pcap02', 'x.pcap01'], [['x.pcap00', 'x.pcap01', 'x.pcap02']]],
    [
      'dumpcap -b, compressed, its numbers begun anew',
      ['x_00002_20260101121500.pcapng.gz', 'x_00001_20260101120000.pcapng.gz', 'x_00001_20260102000000.pcapng'],
      [['x_00001_20260101120000.pcapng.gz', 'x_00002_20260101121500.pcapng.gz', 'x_00001_20260102000000.pcapng']],
    ],
    [
      'tcpdump -G of two nodes',
      ['a-2026-01-01_13-00-00.pcap', 'b-20260101T120000.pcap', 'a-2026-01-01_12-00-00.pcap', 'b-20260101T110000.pcap'],
      [
        ['a-2026-01-01_12-00-00.pcap', 'a-2026-01-01_13-00-00.pcap'],
        ['b-20260101T110000.pcap', 'b-20260101T120000.pcap'],
      ],
    ],
    [
      'tcpdump -G -C',
      ['a-20260101-1200.pcap2', 'a-20260101-1300.pcap', 'a-20260101-1200.pcap'],
      [['a-20260101-1200.pcap', 'a-20260101-1200.pcap2', 'a-20260101-1300.pcap']],
    ],
    [
      'what stands behind the time',
      ['20260101-120000-web.pcap', '20260101-130000-db.pcap', '20260101-130000-web.pcap'],
      [['20260101-120000-web.pcap', '20260101-130000-web.pcap'], ['20260101-130000-db.pcap']],
    ],
    [
      'long numbers that are no time',
      ['192168001001.pcap', '192168001002.pcap', 'x2026010112005.pcap', 'x2026010112006.pcap'],
      [['192168001001.pcap'], ['192168001002.pcap'], ['x2026010112005.pcap'], ['x2026010112006.pcap']],
    ],
    ['other folders', ['a/x.pcap', 'b/x.pcap1'], [['a/x.pcap'], ['b/x.pcap1']]],
    [
      'a name twice, and a date alone',
      ['x.pcap', 'x.pcap', '20260101.pcap'],
      [['x.pcap'], ['x.pcap'], ['20260101.pcap']],
    ],
    ['standard input', ['-'], [['-']]],
  ])('%s', (_, paths, points) => {
    expect(capturePoints(paths)).toEqual(points);
  });
});

describe('shards', () => {
  it.each(['0/3', '4/3', '1/0', '1', 'a/b', '1/2/3', '-1/2', '1/9999999'])('%s is none', text => {
    expect(parseShard(text)).toBe(null);
  });

  it('hold every point once, as many in each as in any other', () => {
    for (let points = 0; points < 20; points++) {
      for (let of = 1; of <= points; of++) {
        let end = 0;
        for (let index = 1; index <= of; index++) {
          const assigned = assignedTo(parseShard(`${index}/${of}`)!, points);
          expect([Math.floor(points / of), Math.ceil(points / of)]).toContain(assigned.length);
          for (const it of assigned) expect(it).toEqual({ point: end++, index: 0, of: 1, first: index });
        }
        expect(end).toBe(points);
      }
    }
  });

  it('divide points where there are more of them, and none is without work', () => {
    for (let points = 1; points < 12; points++) {
      for (let of = points + 1; of < 40; of++) {
        const all = Array.from({ length: of }, (_, i) => assignedTo({ index: i + 1, of }, points));
        const flat = all.flat();
        expect(flat.length).toBe(of);
        let shard = 1;
        for (let point = 0; point < points; point++) {
          const shares = flat.filter(it => it.point === point);
          expect([Math.floor(of / points), Math.ceil(of / points)]).toContain(shares.length);
          const first = shard;
          shard += shares.length;
          // Neighbours, in order.
          expect(flat.slice(first - 1, shard - 1)).toEqual(
            shares.map((_, index) => ({ point, index, of: shares.length, first })),
          );
        }
        expect(shard).toBe(of + 1);
      }
    }
    expect(assignedTo({ index: 2, of: 3 }, 0)).toEqual([]);
  });
});
