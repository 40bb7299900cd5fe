/** policap explain, as a person meets it: sentences first, then the rules, the tree, what mattered, the connection. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ethernet, ipv4, pcapOf, tcp } from '../support/frames.js';
import { policap } from './person.js';
import { makeShop } from './shop.js';

const shop = makeShop();
afterAll(shop.remove);

const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
const explain = async (...args: string[]) => {
  const ran = await policap(['explain', ...args, ...SHOP], { columns: 1000 });
  expect(ran.code, ran.err).toBe(0);
  return ran.out;
};
const json = async (...args: string[]) => JSON.parse(await explain(...args, '-o', 'json'));

describe('policap explain CAPTURE#PACKET', () => {
  it('says who, isolated by what, and which label failed', async () => {
    const out = await explain('pcaps/shop/capture.pcapng#613');
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^DROPPED {2}default-deny {2}packet 613, .*, SYN$/);
    expect(lines[2]).toBe('Packet 613 is dropped: a side is isolated, and no rule allows it.');
    expect(lines[3]).toBe(
      'It opens connection 19, from tools/debug-shell (10.244.1.20) to shop/db-0 (shop/StatefulSet/db, 10.244.2.7), TCP 5432.',
    );
    expect(out).toContain('No policy isolates tools/debug-shell for egress.');
    expect(out).toContain(
      'shop/db-0 is isolated for ingress by shop/db, shop/default-deny-ingress; the one rule does not match',
    );
    expect(out).toContain('no match     allow  shop/db ingress[0]  pcaps/shop/policies/data.yaml:10:7');
    expect(out).toContain('pods of namespace shop only, and tools/debug-shell is in tools');
    expect(out).toMatch(
      /Connection\n {2}to connection tracking the packet is new\n {2}before {2}none\n {2}after {3}SYN_SENT, not answered yet; 2 min left/,
    );
  });

  it('names the label, the port and the protocol that failed', async () => {
    const label = await explain('--from', 'shop/Deployment/web', '--to', 'shop/db-0', '--port', '5432');
    expect(label).toContain('podSelector asks app In (api, backup), and shop/web-7d4f9c6b8-q2xvn has app=web');
    expect(label).toContain('podSelector asks app=api, and shop/db-0 has app=db');
    expect(label).toContain('namespaceSelector asks kubernetes.io/metadata.name=kube-system, and namespace shop has');
    const port = await explain('--from', 'shop/Deployment/api', '--to', 'shop/db-0', '--port', '5433');
    expect(port).toContain('it is about TCP 5432, and this is TCP 5433');
    expect(port).not.toContain('podSelector asks app=api, and shop/api');
    const block = await explain('--from', 'shop/Deployment/web', '--to', '192.0.2.1', '--port', '443');
    expect(block).toContain('ipBlock 198.51.100.0/24 does not hold 192.0.2.1');
  });

  it("tells a connection's state before and after: opened, answered, established, closed", async () => {
    const states: string[] = [];
    const { out } = await policap(['replay', 'pcaps/shop/capture.pcapng', ...SHOP, '-o', 'jsonl']);
    const all = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(
        it => it.protocol === 'TCP' && it.duplicateOf === undefined && it.dst !== null && it.service === undefined,
      );
    const lengths = new Map<number, number>();
    for (const { connection } of all) lengths.set(connection, (lengths.get(connection) ?? 0) + 1);
    const [longest] = [...lengths].sort((a, b) => b[1] - a[1])[0]!;
    const packets = all.filter(({ connection }) => connection === longest);
    for (const { packet } of [packets[0], packets[1], packets[2], packets[3], packets.at(-1)]) {
      const { connection } = await json(`pcaps/shop/capture.pcapng#${packet}`);
      states.push(`${connection.packet}: ${connection.before?.state ?? '-'} > ${connection.after?.state ?? '-'}`);
      if (connection.window !== null) expect(connection.window.verdict).toBe('accepted');
    }
    expect(states.slice(0, 3)).toEqual([
      'new: - > SYN_SENT',
      'reply: SYN_SENT > SYN_RECV',
      'original: SYN_RECV > ESTABLISHED',
    ]);
    expect(states[3]).toContain('ESTABLISHED > ESTABLISHED');
    expect(states[4]).toMatch(/> (TIME_WAIT|CLOSE)$/);
  });

  it('tells of a copy which packet it copies', async () => {
    const { packet, connection, sentences } = await json('pcaps/shop/capture.pcapng#620');
    expect(packet.duplicateOf).toBe(619);
    expect(sentences[0]).toContain('Packet 620 is a copy of packet 619');
    expect(connection).toEqual((await json('pcaps/shop/capture.pcapng#619')).connection);
  });

  it('of several captures the packets are counted over all, as in replay', async () => {
    const files = ['pcaps/merged/a.pcap', 'pcaps/merged/b.pcapng.zst'];
    const input = ['-p', 'pcaps/merged/policies', '-c', 'pcaps/merged/cluster.yaml'];
    const { out } = await policap(['replay', ...files, ...input, '-o', 'jsonl']);
    const lines = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    for (const line of [lines[0], lines.at(-1)]) {
      const ran = await policap(['explain', ...files, '--packet', String(line.packet), ...input, '-o', 'json']);
      const { packet, verdict, reason } = JSON.parse(ran.out);
      expect({ src: packet.src, time: packet.time, verdict, reason }).toEqual({
        src: line.src,
        time: line.time,
        verdict: line.verdict,
        reason: line.reason,
      });
    }
  });

  it('behind a service the backend that was judged is explained, rules and all', async () => {
    const input = ['-p', 'pcaps/services/policies', '-c', 'pcaps/services/cluster.yaml'];
    const { out } = await policap(['replay', 'pcaps/services/pod.pcap', ...input, '-o', 'jsonl']);
    const line = out
      .trimEnd()
      .split('\n')
      .map(it => JSON.parse(it))
      .find(it => it.service !== undefined && it.ingress !== null);
    const ran = await policap(['explain', `pcaps/services/pod.pcap#${line.packet}`, ...input, '-o', 'json']);
    const { service, destination, region } = JSON.parse(ran.out);
    expect(service).toBe(line.service);
    expect(destination.name).toBe(line.ingress.subject);
    expect(region).not.toBeNull();
  });

  it('in dataplane mode a refused first packet leaves no entry', async () => {
    const { connection } = await json('pcaps/shop/capture.pcapng#613', '--mode', 'dataplane');
    expect(connection).toMatchObject({ packet: 'new', before: null, after: null });
  });

  it('tells whether the window check refused a packet, and when an entry was over', async () => {
    const ends = [
      { src: '10.0.1.1', dst: '10.0.2.1', sport: 40000, dport: 5432 },
      { src: '10.0.2.1', dst: '10.0.1.1', sport: 5432, dport: 40000 },
    ] as const;
    const segment = (way: 0 | 1, seq: number, ack: number, flags: string): Uint8Array => {
      const { src, dst, sport, dport } = ends[way];
      return ethernet(ipv4({ src, dst }, tcp({ sport, dport, seq, ack, flags, window: 1000 })));
    };
    const frames = [
      segment(0, 100, 0, 'S'),
      segment(1, 500, 101, 'SA'),
      segment(0, 101, 501, 'A'),
      segment(0, 101 + 500_000, 501, 'A'),
      segment(0, 101, 501, 'A'),
    ];
    writeFileSync(
      shop.path('window.pcap'),
      pcapOf(frames, {
        times: [0, 1, 2, 3, 3 + 600_000].map(seconds => (1_700_000_000 + seconds) * 1e9),
      }),
    );
    const ask = async (packet: number) => {
      const args = [
        'explain',
        `${shop.path('window.pcap')}#${packet}`,
        ...shop.input,
        '--mode',
        'dataplane',
        '-o',
        'json',
      ];
      const { verdict, reason, connection } = JSON.parse((await policap(args)).out);
      return { verdict, reason, ...connection };
    };
    const third = await ask(3);
    expect(third.window).toEqual({
      verdict: 'accepted',
      sequence: 101,
      acknowledgement: 501,
      allowed: 1101,
      sent: 101,
    });
    expect(third.before.timeoutSeconds).toBe(59);
    expect(third.after).toEqual({ state: 'ESTABLISHED', replied: true, assured: true, timeoutSeconds: 432_000 });
    const fourth = await ask(4);
    expect(fourth).toMatchObject({ verdict: 'dropped', reason: 'invalid-state', packet: 'invalid' });
    expect(fourth.window).toMatchObject({ verdict: 'out', sequence: 500_101, allowed: 1101 });
    expect(fourth.after.state).toBe('ESTABLISHED');
    expect(await ask(5)).toMatchObject({ packet: 'new', before: null, expired: true });
    const midstream = await policap([
      'explain',
      'pcaps/midstream/capture.pcapng#2',
      '-p',
      'pcaps/midstream/policies',
      '-c',
      'pcaps/midstream/cluster.yaml',
      '-o',
      'json',
    ]);
    expect(JSON.parse(midstream.out).packet).toMatchObject({ number: 2 });
  });

  it("says where a table's entries cannot be described", async () => {
    const out = await explain('pcaps/shop/capture.pcapng#613', '--conntrack', 'cilium');
    expect(out).toContain('the entries of this connection table are not described');
  });
});

describe('policap explain --from --to', () => {
  it('tells what mattered: ports that would have gone the same way', async () => {
    const { region } = await json('--from', 'shop/Deployment/api', '--to', 'shop/db-0', '--port', '5433');
    expect(region).toMatchObject({ protocol: 'TCP', destinationPort: [5433, 65535] });
    const open = await json('--from', 'tools/debug-shell', '--to', '192.0.2.1', '--port', '443');
    expect(open.region).toMatchObject({ protocol: null, destinationPort: [0, 65535] });
  });

  it('says what becomes of other ends, and what a service mesh says, beside its answer', async () => {
    const ends = ['--from', 'shop/StatefulSet/web', '--to', 'shop/db-0', '--port', '5432'];
    const { out } = await policap(['explain', ...shop.input, ...ends], { columns: 1000 });
    expect(out).toMatch(
      /others get another answer \((allowed|dropped): shop\/web-\d.*; (allowed|dropped): shop\/web-\d.*\)\./,
    );
    const mesh = ['-p', 'examples/istio-mesh/policies', '-c', 'examples/istio-mesh/cluster.yaml', '-o', 'json'];
    const asked = await policap(['explain', ...mesh, '--from', 'legacy/job-1', '--to', 'shop/db-0', '--port', '5432']);
    expect(JSON.parse(asked.out).sentences.at(-1)).toMatch(
      /^The service mesh behind it decides for itself; denied: no rule .*shop\/db-callers.* \(.*2-shop\.yaml:38:1\)\.$/,
    );
  });

  it('says of how many pairs it explains the first', async () => {
    const { err } = await policap([
      'explain',
      '--from',
      'shop/Deployment/web',
      '--to',
      'shop/Deployment/api',
      '--port',
      '8080',
      ...SHOP,
    ]);
    expect(err).toMatch(/8 pairs of ends \(all get this verdict\); explained is shop\/web-/);
  });

  it('explains plain rules, which know nothing of pods', async () => {
    const rules =
      'kind: RuleList\ndefault: deny\nrules:\n - {action: deny, protocol: TCP, destinationPorts: "80-90"}\n - {action: allow, source: 10.0.0.0/8}\n';
    const args = ['explain', '--rules', '-', '--from', '10.1.1.1', '--to', '8.8.8.8', '--port'];
    const allowed = await policap([...args, '443'], { input: rules });
    expect(allowed.out.split('\n').slice(2, 5)).toEqual([
      '10.1.1.1 may open TCP 443 to 8.8.8.8.',
      '<stdin> rules[1] (<stdin>:5:4) allows it.',
      '',
    ]);
    expect(allowed.out).toContain('destination port  91-65535');
    const refused = await policap(
      ['explain', '--rules', '-', '--from', '11.1.1.1', '--to', '8.8.8.8', '--port', '443'],
      { input: rules },
    );
    expect(refused.out).toContain('its sources are 10.0.0.0/8, and this is 11.1.1.1');
    expect(refused.out).toContain('None of 2 rules matches, and what no rule allows is refused');
  });

  it('explains pods that have no address, without the tree', async () => {
    const { out, code } = await policap([
      'explain',
      '--from',
      'shop/web-1',
      '--to',
      'shop/new-0',
      '--port',
      '1',
      ...shop.input,
    ]);
    expect(code).toBe(0);
    expect(out).toContain('this pod, which has no address');
    expect(out).not.toContain('\nTree\n');
  });
});

describe('bad input', () => {
  it.each([
    [['explain', ...SHOP], /nothing to explain/],
    [['explain', '--from', 'shop/db-0', ...SHOP], /--to is missing/],
    [['explain', 'pcaps/shop/capture.pcapng', ...SHOP], /which packet\?\n.*pcaps\/shop\/capture\.pcapng#17/],
    [['explain', 'pcaps/shop/capture.pcapng#0', ...SHOP], /counted from 1/],
    [['explain', 'pcaps/shop/capture.pcapng#1', '--packet', '2', ...SHOP], /one packet at a time/],
    [['explain', 'pcaps/shop/capture.pcapng#781', ...SHOP], /there is no packet 781: the capture has 780 packets/],
    [['explain', 'a.pcap', 'b.pcap#1', ...SHOP], /merged by time\n.*--packet 17/],
    [['explain', '-', '--packet', '1', ...SHOP], /twice/],
    [['explain', 'a.pcap#1', '--from', 'x/y', '--to', 'x/z', ...SHOP], /not both/],
    [['explain', '--from', 'shop/dbb-0', '--to', 'shop/db-0', ...SHOP], /no pod "dbb-0"/],
    [['explain', 'missing.pcap#1', ...SHOP], /missing\.pcap/],
  ])('%j', async (args, message) => {
    const { code, err, out } = await policap(args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(out).toBe('');
  });

  it('a damaged capture is explained up to the damage, and exits with 3 behind it', async () => {
    const whole = readFileSync('pcaps/shop/capture.pcapng');
    const cut = join(shop.folder, 'cut.pcapng');
    writeFileSync(cut, whole.subarray(0, whole.length - 7));
    expect((await policap(['explain', `${cut}#613`, ...SHOP])).code).toBe(0);
    const behind = await policap(['explain', `${cut}#780`, ...SHOP]);
    expect(behind.code).toBe(3);
    expect(behind.err).toMatch(/no packet 780 before the damage[\s\S]*at byte \d+/);
  });
});
