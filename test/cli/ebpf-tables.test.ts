/** --conntrack cilium and calico-ebpf on real captures: what differs from Linux's table, and why. */
import { describe, expect, it } from 'vitest';
import type { Summary } from '../../src/report/summary.js';
import { policap } from './person.js';

async function replay(name: string, capture: string, conntrack: string, mode: string): Promise<Summary> {
  const folder = `pcaps/${name}`;
  const input = ['-p', `${folder}/policies`, '-c', `${folder}/cluster.yaml`];
  const args = ['replay', `${folder}/${capture}`, ...input, '--conntrack', conntrack, '--mode', mode, '-o', 'json'];
  const { code, out, err } = await policap(args);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Summary;
}
const reasonsOf = async (...args: Parameters<typeof replay>): Promise<object> => {
  const { connections, reasons } = await replay(...args);
  const { total, dropped } = connections;
  return { total, dropped, ...reasons };
};

describe('what-if', () => {
  it.each([
    // Whole connections and pings, and errors back to who asked: nothing is left for the tables to differ in.
    ['shop', 'capture.pcapng'],
    // Began before the capture: judged by who must have begun them, whatever the table.
    ['midstream', 'capture.pcapng'],
    ['services', 'node.pcapng'],
  ])('%s: the same with every table', async (name, capture) => {
    const linux = await reasonsOf(name, capture, 'linux', 'what-if');
    expect(await reasonsOf(name, capture, 'cilium', 'what-if')).toEqual(linux);
    expect(await reasonsOf(name, capture, 'calico-ebpf', 'what-if')).toEqual(linux);
  });

  it('scan: impossible flags are invalid to Linux only; to Cilium a router’s errors, and those of who began, are messages', async () => {
    const of = (kind: string): Promise<object> => reasonsOf('scan', 'capture.pcap', kind, 'what-if');
    expect(await of('linux')).toMatchObject({ total: 51, 'invalid-state': 11, related: 12 });
    const cilium = await of('cilium');
    expect(cilium).toMatchObject({ total: 61, related: 6 });
    expect(cilium).not.toHaveProperty('invalid-state');
    const calico = await of('calico-ebpf');
    expect(calico).toMatchObject({ total: 57, related: 12 });
    expect(calico).not.toHaveProperty('invalid-state');
  });

  it('sctp: Cilium drops every packet of it; to Calico all of it between two addresses is one connection', async () => {
    const of = (kind: string): Promise<object> => reasonsOf('sctp', 'capture.pcap', kind, 'what-if');
    expect(await of('linux')).toMatchObject({ total: 6, dropped: 2 });
    expect(await of('cilium')).toMatchObject({ total: 2, dropped: 1, 'invalid-state': 41 });
    expect(await of('calico-ebpf')).toMatchObject({ total: 5, dropped: 2 });
  });

  it('fragments: Cilium drops those of pings', async () => {
    const of = (kind: string): Promise<object> => reasonsOf('fragments', 'capture.pcap.zst', kind, 'what-if');
    expect(await of('linux')).not.toHaveProperty('invalid-state');
    expect(await of('cilium')).toMatchObject({ 'invalid-state': 24 });
    expect(await of('calico-ebpf')).toEqual(await of('linux'));
  });
});

describe('dataplane', () => {
  it('midstream: Calico begins nothing but with a SYN, Cilium with anything', async () => {
    const of = (kind: string): Promise<object> => reasonsOf('midstream', 'capture.pcapng', kind, 'dataplane');
    expect(await of('linux')).toMatchObject({ 'invalid-state': 3, 'default-deny': 5 });
    expect(await of('cilium')).not.toHaveProperty('invalid-state');
    // One SYN, refused; the other 21 packets are of connections that nobody knows.
    expect(await of('calico-ebpf')).toEqual({ total: 1, dropped: 1, 'default-deny': 1, 'invalid-state': 21 });
  });

  it('shop: what answers a refused packet is judged by Cilium, and refused by Calico', async () => {
    const of = (kind: string): Promise<object> => reasonsOf('shop', 'capture.pcapng', kind, 'dataplane');
    expect(await of('linux')).toMatchObject({ related: 3, 'invalid-state': 54 });
    expect(await of('cilium')).toMatchObject({ related: 3, 'default-deny': 195 });
    expect(await of('calico-ebpf')).toMatchObject({ related: 3, 'default-deny': 48, 'invalid-state': 207 });
  });
});

describe('the options', () => {
  it('two threads where one reads are one with these tables, with the same result', async () => {
    const input = [
      '-p',
      'pcaps/shop/policies',
      '-c',
      'pcaps/shop/cluster.yaml',
      '--conntrack',
      'cilium',
      '-o',
      'jsonl',
    ];
    const one = await policap(['replay', 'pcaps/shop/capture.pcapng', ...input]);
    expect(await policap(['replay', 'pcaps/shop/capture.pcapng', ...input, '--workers', '2'])).toEqual(one);
  });

  it('help names the tables', async () => {
    for (const command of ['replay', 'compare']) {
      const { out } = await policap([command, '--help']);
      expect(out.replace(/\s+/g, ' ')).toMatch(
        /--conntrack <kind> connection table [^-]*"linux", "cilium", "calico-ebpf", "none"/,
      );
    }
  });
});
