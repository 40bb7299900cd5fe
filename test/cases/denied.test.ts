/** `denied` lists all that is refused: a pod that no entry names is one too many. */
import { describe, expect, it } from 'vitest';
import { checkSummary } from '../../src/cases/check-capture.js';
import type { Conversation } from '../../src/report/conversations.js';
import { at, cluster } from '../rules/cluster.js';

const pods = ['web-0', 'web-1', 'db-0'].map((name, i) => ({ ns: 'shop', name, ips: [`10.0.0.${i + 1}`] }));
const counts = { total: 2, allowed: 0, dropped: 2, undecided: 0 };
const refused = {
  source: { workload: 'shop/StatefulSet/web', pods: ['shop/web-0', 'shop/web-1'], address: '10.0.0.1' },
  destination: { workload: 'shop/StatefulSet/db', pods: ['shop/db-0'], address: '10.0.0.3' },
  ...{ service: null, protocol: 'TCP', port: 5432, egress: null, ingress: null, firstPacket: 7 },
} as unknown as Conversation;

const wrong = (...froms: string[]): string[] =>
  checkSummary(
    { connections: counts, packets: counts, denied: [refused], deniedOthers: { connections: 0 } as never },
    {
      ...{ name: 'a', captures: ['a.pcap'], mode: 'what-if', connections: {}, packets: {}, position: at(1) },
      denied: froms.map(from => ({ from, to: 'shop/db-0', port: 5432, position: at(2) })),
    },
    cluster({ pods }),
  );

describe('denied', () => {
  it('names every pod, or whom they belong to', () => {
    expect(wrong('shop/web-0', 'shop/web-1')).toEqual([]);
    expect(wrong('shop/web-0')).toEqual([
      '1 refused that denied does not name',
      'refused: shop/StatefulSet/web -> shop/StatefulSet/db TCP 5432 at packet 7',
    ]);
    expect(wrong('10.0.0.1')).toHaveLength(2);
    expect(wrong()).toHaveLength(2);
  });
});
