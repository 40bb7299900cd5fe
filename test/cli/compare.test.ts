/** policap compare: every profile judges as its own replay does, and what differs is listed with everybody's reasons. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { PROFILE_NAMES } from '../../src/profile/profile.js';
import type { Comparison } from '../../src/report/comparison.js';
import type { Summary } from '../../src/report/summary.js';
import { policap, policapBytes } from './person.js';
import { makeShop } from './shop.js';

const shop = makeShop();
afterAll(shop.remove);

const inputOf = (folder: string): string[] => ['-p', `${folder}/policies`, '-c', `${folder}/cluster.yaml`];
const CAPTURES = [
  ['pcaps/shop/capture.pcapng', 'pcaps/shop'],
  ['examples/cni-support/capture.pcapng.gz', 'examples/cni-support'],
  ['pcaps/fragments/capture.pcap.zst', 'pcaps/fragments'],
  ['pcaps/services/node.pcapng', 'pcaps/services'],
] as const;

async function compare(capture: string, folder: string, profiles: readonly string[], ...more: string[]) {
  const args = ['compare', capture, ...inputOf(folder), '--profiles', profiles.join(), '-o', 'json', ...more];
  const { code, out, err } = await policap(args);
  expect(code, err).toBe(0);
  return JSON.parse(out) as Comparison;
}

describe('compare', () => {
  it.each(
    CAPTURES.flatMap(([capture, folder]) =>
      (['what-if', 'dataplane'] as const).map(mode => [capture, mode, folder] as const),
    ),
  )('%s, %s: each profile as in a replay of its own', async (capture, mode, folder) => {
    const { profiles, connections, differences, others } = await compare(
      capture,
      folder,
      PROFILE_NAMES,
      '--mode',
      mode,
    );
    expect(profiles.map(({ profile }) => profile)).toEqual([...PROFILE_NAMES]);
    for (const { profile, connections: own, packets } of profiles) {
      const args = ['replay', capture, ...inputOf(folder), '--profile', profile, '--mode', mode, '-o', 'json'];
      const summary = JSON.parse((await policap(args)).out) as Summary;
      const { total: _, ...expected } = summary.connections;
      expect([profile, own]).toEqual([profile, expected]);
      const { total: __, ...expectedPackets } = summary.packets;
      expect([profile, packets]).toEqual([profile, expectedPackets]);
    }
    expect(differences.reduce((sum, it) => sum + it.connections, others)).toBe(connections.different);
    expect(connections.different).toBeGreaterThan(0);
    for (const { answers } of differences)
      expect(new Set(answers.map(({ verdict }) => verdict)).size).toBeGreaterThan(1);
  });

  it('over many batches', async () => {
    const input = inputOf('pcaps/shop');
    const made = await policapBytes([
      'generate',
      'capture',
      ...input,
      '--packets',
      '30000',
      '--connections',
      '500',
      '--refused',
      '0.3',
    ]);
    const path = shop.path('made.pcap');
    writeFileSync(path, made.bytes);
    const found = await compare(path, 'pcaps/shop', ['kube-router', 'weave']);
    expect(found.packets.total).toBe(30_000);
    expect(found.connections.different).toBeGreaterThan(20);
    for (const { profile, connections, packets } of found.profiles) {
      const summary = JSON.parse((await policap(['replay', path, ...input, '--profile', profile, '-o', 'json'])).out);
      expect(summary).toMatchObject({ connections, packets });
    }
  });

  it('names the first packet, the ends, the service and every reason', async () => {
    const { differences } = await compare('pcaps/shop/capture.pcapng', 'pcaps/shop', ['calico', 'weave']);
    const web = differences.find(({ firstPacket }) => firstPacket === 149);
    expect(web).toMatchObject({
      source: { workload: 'shop/Deployment/web', address: '10.244.1.5' },
      destination: { workload: 'shop/Deployment/api' },
      ...{ service: 'shop/service/api', protocol: 'TCP', port: 8080, connections: 2 },
    });
    const [calico, weave] = web!.answers;
    expect(calico).toMatchObject({ profile: 'calico', verdict: 'allowed', reason: 'rule' });
    expect(calico!.ingress).toMatchObject({ policy: 'shop/api', source: 'pcaps/shop/policies/shop.yaml:53:7' });
    expect(weave).toMatchObject({ profile: 'weave', verdict: 'dropped', reason: 'default-deny' });
    // The packet is the one that a replay says so of.
    const { out } = await policap([
      'replay',
      'pcaps/shop/capture.pcapng',
      ...inputOf('pcaps/shop'),
      '--profile',
      'weave',
      '-o',
      'jsonl',
    ]);
    expect(JSON.parse(out.split('\n')[148]!)).toMatchObject({
      packet: 149,
      verdict: 'dropped',
      ingress: weave!.ingress,
    });
  });

  it('text and markdown: what differs first, then totals', async () => {
    const args = [
      'compare',
      'examples/cni-support/capture.pcapng.gz',
      ...inputOf('examples/cni-support'),
      '--profiles',
    ];
    const { out } = await policap([...args, 'calico,kube-router']);
    expect(
      out,
    ).toBe(`examples/cni-support/capture.pcapng.gz  calico and kube-router differ on 1 of 10 connections, in 1 distinct conversation.

dev/tool-1 → prod/db-0  ICMP type 8  1 connection, first at packet 89
  dropped    calico: ingress default-deny: prod/default-deny, prod/db-from-web (examples/cni-support/policies/policies.yaml:1)
  allowed    kube-router: egress not-enforced: kube-router ICMP echo request (profile kube-router); ingress not-enforced: kube-router ICMP echo request (profile kube-router)

connections    allowed    dropped  undecided
calico               2          8          0
kube-router          3          7          0
`);
    const { out: markdown } = await policap([...args, 'calico,kube-router', '-o', 'markdown']);
    expect(markdown).toContain(
      '| connection | Calico | kube-router |\n| --- | --- | --- |\n| dev/tool-1 → prod/db-0 ICMP type 8',
    );
    expect(markdown).toContain('| Calico | 2 | 8 | 0 |');
    const { out: agreed } = await policap([...args, 'upstream,calico']);
    expect(agreed).toContain('upstream and calico agree on 10 connections.');
    const { out: loud } = await policap([...args, 'flannel,calico']);
    expect(loud.split('\n')[0]).toBe('Flannel enforces no policies: they have no effect, and everything is allowed.');
    const { out: cut } = await policap([...args, 'flannel,calico', '--top', '1']);
    expect(cut).toContain('and 7 more differences: --top 0 shows all');
  });

  it('--fail-on', async () => {
    const args = ['compare', 'examples/cni-support/capture.pcapng.gz', ...inputOf('examples/cni-support')];
    const code = async (...more: string[]) => (await policap([...args, ...more])).code;
    expect(await code('--profiles', 'calico,kube-router', '--fail-on', 'different')).toBe(1);
    expect(await code('--profiles', 'calico,upstream', '--fail-on', 'different,unenforced')).toBe(0);
    expect(await code('--profiles', 'calico,flannel', '--fail-on', 'unenforced')).toBe(1);
  });

  it('what it cannot do, in the terms of who asks', async () => {
    const ask = (...args: string[]) => policap(['compare', ...args]);
    const input = inputOf('pcaps/shop');
    const capture = 'pcaps/shop/capture.pcapng';
    expect(await ask(capture, ...input)).toMatchObject({ code: 2, err: expect.stringContaining('--profiles') });
    const one = await ask(capture, ...input, '--profiles', 'calico');
    expect(one).toMatchObject({ code: 2, err: expect.stringContaining('one profile differs from nobody') });
    const twice = await ask(capture, ...input, '--profiles', 'calico,weave,calico');
    expect(twice).toMatchObject({ code: 2, err: expect.stringContaining('calico is named twice') });
    const unknown = await ask(capture, ...input, '--profiles', 'calico,canal');
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('Allowed are upstream, calico') });
    expect((await ask('--profiles', 'calico,weave', ...input)).err).toContain('captures come first');
    expect((await ask('none.pcap', ...input, '--profiles', 'calico,weave')).code).toBe(2);
  });

  it('a damaged capture: what could be read is compared', async () => {
    const path = shop.path('cut.pcapng');
    writeFileSync(path, readFileSync('pcaps/shop/capture.pcapng').subarray(0, 30_000));
    const { code, out, err } = await policap(['compare', path, ...inputOf('pcaps/shop'), '--profiles', 'calico,weave']);
    expect(code).toBe(3);
    expect(out).toContain('calico and weave differ on');
    expect(err).toContain('cut.pcapng: at byte');
  });

  it('ends when it is interrupted, whatever each profile is waiting for', async () => {
    const args = [
      'compare',
      'pcaps/shop/capture.pcapng',
      ...inputOf('pcaps/shop'),
      '--profiles',
      'calico,weave,kube-router',
    ];
    const { code, err } = await policap(args, { interrupts: 'at once' });
    expect([code, err]).toEqual([130, expect.stringContaining('interrupted after')]);
  });
});
