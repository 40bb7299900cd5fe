/**
 * Flows of Hubble against what policap's own lines say. Field names are those of api/v1/flow/flow.proto.
 */
import { describe, expect, it } from 'vitest';
import { policap } from '../cli/person.js';

type Flow = Record<string, unknown>;
const SHOP = ['replay', 'pcaps/shop/capture.pcapng', '-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

async function linesOf(...args: string[]): Promise<Flow[]> {
  const { out, err } = await policap([...SHOP, ...args]);
  expect(err).toBe('');
  return out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Flow);
}

/** Of messages that a flow has here; a name that the proto does not know makes readers warn. */
const KNOWN = new Set(
  (
    'time verdict drop_reason drop_reason_desc IP l4 source destination Type node_name event_type source_service ' +
    'destination_service traffic_direction is_reply Summary egress_allowed_by ingress_allowed_by egress_denied_by ' +
    'ingress_denied_by'
  ).split(' '),
);

describe('hubble', () => {
  it('has a flow for each packet that is IP, with its verdict', async () => {
    const packets = (await linesOf('-o', 'jsonl')).filter(({ src }) => src !== null);
    const flows = await linesOf('-o', 'hubble');
    expect(flows).toHaveLength(packets.length);
    const words = { allowed: 'FORWARDED', dropped: 'DROPPED', undecided: 'VERDICT_UNKNOWN' };
    for (const [i, { flow, time }] of flows.entries()) {
      const packet = packets[i]!;
      const it = flow as Flow;
      expect(Object.keys(it).filter(key => !KNOWN.has(key))).toEqual([]);
      expect(time).toBe(packet['time']);
      expect(it['time']).toBe(packet['time']);
      expect(it['verdict']).toBe(words[packet['verdict'] as keyof typeof words]);
      expect(it['IP']).toMatchObject({ source: packet['src'], destination: packet['dst'] });
      const protocol = packet['protocol'] === 'ICMP' ? 'ICMPv4' : String(packet['protocol']);
      if (packet['dport'] !== undefined && packet['dport'] !== null) {
        const ports = { source_port: packet['sport'], destination_port: packet['dport'] };
        expect(it['l4']).toMatchObject({ [protocol]: ports });
      } else if (typeof packet['icmpType'] === 'number') {
        expect(it['l4']).toEqual({ [protocol]: { type: packet['icmpType'], code: packet['icmpCode'] } });
      }
      expect(it['Summary']).toContain(`; ${String(packet['verdict'])} ${String(packet['reason'])}`);
      expect('is_reply' in it).toBe(packet['connection'] !== null);
      const egress = packet['egress'] as Flow | null;
      const ingress = packet['ingress'] as Flow | null;
      const denied = [egress, ingress].map(side =>
        side?.['verdict'] === 'dropped' ? (side['policies'] as string[]) : [],
      );
      for (const [side, key] of ['egress_denied_by', 'ingress_denied_by'].entries()) {
        const named = ((it[key] ?? []) as Flow[]).map(({ namespace, name }) => `${String(namespace)}/${String(name)}`);
        expect(named).toEqual(denied[side]);
      }
    }
  });

  it('prints a refused packet as Hubble would, and who refuses it', async () => {
    const [first] = await linesOf('-o', 'hubble', '--where', 'packet == 686');
    expect(first).toEqual({
      flow: {
        time: '2026-11-21T10:13:50.383920196Z',
        verdict: 'DROPPED',
        drop_reason: 133,
        drop_reason_desc: 'POLICY_DENIED',
        IP: { source: '10.244.1.5', destination: '10.244.2.7', ipVersion: 'IPv4' },
        l4: { TCP: { source_port: 57268, destination_port: 5432, flags: { SYN: true } } },
        source: {
          namespace: 'shop',
          labels: expect.arrayContaining(['k8s:io.kubernetes.pod.namespace=shop']),
          pod_name: 'web-7d4f9c6b8-q2xvn',
          workloads: [{ name: 'web', kind: 'Deployment' }],
        },
        destination: expect.objectContaining({ pod_name: 'db-0', workloads: [{ name: 'db', kind: 'StatefulSet' }] }),
        Type: 'L3_L4',
        node_name: expect.any(String),
        event_type: { type: 1, sub_type: 133 },
        traffic_direction: 'EGRESS',
        is_reply: false,
        Summary:
          'TCP Flags: SYN; dropped default-deny; shop/web-7d4f9c6b8-q2xvn egress default-deny (pcaps/shop/policies/shop.yaml:11); ' +
          'shop/db-0 ingress default-deny (pcaps/shop/policies/data.yaml:1)',
        egress_denied_by: [{ name: 'web', namespace: 'shop', kind: 'NetworkPolicy' }],
        ingress_denied_by: [
          { name: 'db', namespace: 'shop', kind: 'NetworkPolicy' },
          { name: 'default-deny-ingress', namespace: 'shop', kind: 'NetworkPolicy' },
        ],
      },
      node_name: expect.any(String),
      time: '2026-11-21T10:13:50.383920196Z',
    });
  });

  it('turns the ends round for an answer, and keeps the direction of the connection', async () => {
    const [asked, answer] = ['false', 'true'].map(async isReply => {
      const flows = await linesOf('-o', 'hubble', '--where', 'connection == 7');
      return flows.find(({ flow }) => String((flow as Flow)['is_reply']) === isReply)!['flow'] as Flow;
    });
    const [from, back] = [await asked!, await answer!];
    expect([from['source'], from['destination']]).toEqual([back['destination'], back['source']]);
    expect(from['traffic_direction']).toBe(back['traffic_direction']);
    expect(from['destination_service']).toEqual({ name: 'api', namespace: 'shop' });
    expect(back['source_service']).toEqual({ name: 'api', namespace: 'shop' });
    expect(from['node_name']).toBe(back['node_name']);
  });

  it('has a flow a connection', async () => {
    const connections = await linesOf('-o', 'jsonl', '--records', 'connections');
    const flows = await linesOf('-o', 'hubble', '--records', 'connections');
    expect(flows.map(({ time, flow }) => [time, ((flow as Flow)['IP'] as Flow)['source']])).toEqual(
      connections.map(({ start, src }) => [start, src]),
    );
    expect(flows.every(({ flow }) => (flow as Flow)['is_reply'] === false)).toBe(true);
  });
});
