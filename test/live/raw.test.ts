/**
 * policap live --source raw in network namespaces, on real traffic: what it says of a packet is what a replay of tcpdump's capture
 * of the same packets says; what it does not see is what its help names; what it was too slow for is counted.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { policap } from '../cli/person.js';
import { createNamespace, type Namespace } from './namespace.js';
import { installRawPackage, type RawPackage } from './raw-package.js';

const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
const RAW = ['bin/policap', 'live', '--source', 'raw', ...SHOP, '-o', 'jsonl'];
const NOTICE =
  'policap: raw sockets see IPv4 of TCP, UDP, SCTP and ICMP that comes in for this host itself: nothing that goes out or is forwarded, no IPv6\n';
const addressOf = (pod: string): string => {
  const text = readFileSync('pcaps/shop/cluster.yaml', 'utf8');
  const found = text.split(/^ {2}- /m).find(part => new RegExp(`kind: Pod[^]*^ +name: ${pod}`, 'm').test(part));
  return /podIP: (\S+)/.exec(found!)![1]!;
};
const [DB, API, WEB] = [addressOf('db-0'), addressOf('api-'), addressOf('web-')];
/** The other host, and a third one behind this. */
const [HERE, PEER, PEER6, HERE6, BEHIND] = ['10.9.1.2', '10.9.1.1', 'fd09::1', 'fd09::2', '10.9.2.3'];

let raw: RawPackage | null = null;
try {
  raw = installRawPackage();
} catch (error) {
  it('the package raw-socket is built', () => {
    throw error;
  });
}

describe.skipIf(raw === null)(`policap live --source raw${raw === null ? ' (raw-socket is not built)' : ''}`, () => {
  let host: Namespace;
  let peer: Namespace;
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'policap-live-raw-'));
    const name = `policap-live-${process.pid}`;
    host = createNamespace(name, [DB, API, WEB]);
    peer = createNamespace(`${name}-peer`, []);
    const ip = (namespace: Namespace, command: string): string => namespace.run('ip', ...command.split(' '));
    ip(host, `link add eth0 type veth peer name eth0 netns ${name}-peer`);
    ip(host, 'link add eth1 type veth peer name other1');
    for (const command of [`address add ${HERE}/24 dev eth0`, `address add ${HERE6}/64 dev eth0 nodad`])
      ip(host, command);
    for (const command of [`address add ${PEER}/24 dev eth0`, `address add ${PEER6}/64 dev eth0 nodad`])
      ip(peer, command);
    ip(host, 'address add 10.9.2.2/24 dev eth1');
    for (const device of ['eth0', 'eth1', 'other1']) ip(host, `link set ${device} up`);
    ip(peer, 'link set eth0 up');
    ip(peer, `route add default via ${HERE}`);
    host.run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    host.run(
      'nft',
      'add table ip t; add chain ip t i { type filter hook input priority 0; }; add rule ip t i udp dport 1005 drop; add chain ip t p { type nat hook prerouting priority -100; }; add rule ip t p udp dport 1010 redirect to :1011',
    );
  });
  afterAll(() => {
    for (const namespace of [host, peer]) namespace.remove();
    rmSync(folder, { recursive: true });
    raw!.remove();
  });

  const running = new Set<{ child: ChildProcess; end: Promise<unknown> }>();
  afterEach(async () => {
    for (const { child, end } of running) {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await end;
    }
    running.clear();
  });

  function start(program: string, ...args: readonly string[]) {
    const env = { ...process.env, NODE_PATH: raw!.modules };
    const child = host.start(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const said = { out: '', err: '' };
    for (const [stream, name] of [
      [child.stdout!, 'out'],
      [child.stderr!, 'err'],
    ] as const) {
      stream.setEncoding('utf8').on('data', text => {
        said[name] += text;
      });
    }
    const end = new Promise<number | null>(resolve => child.on('close', resolve));
    const started = { child, said, end };
    running.add(started);
    return started;
  }

  async function until(what: string, isSo: () => boolean): Promise<void> {
    const end = performance.now() + 90_000;
    while (!isSo()) {
      if (performance.now() > end) throw new Error(`waited 90 seconds until ${what}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  const startLive = async (...args: readonly string[]) => {
    const live = start(process.execPath, ...RAW, ...args);
    await until('it looks on', () => live.said.err.includes(NOTICE));
    return live;
  };
  const send = (from: Namespace, ...args: readonly (string | number)[]): string =>
    from.run('/usr/bin/python3', 'test/live/burst.py', ...args.map(String));
  const lines = (text: string): Record<string, unknown>[] =>
    text
      .trim()
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line));
  const toPort = (port: number) => `"dport":${port},`;

  it('says of every packet what a replay of the same packets says', async () => {
    const file = join(folder, 'beside.pcap');
    const beside = start('tcpdump', '-i', 'lo', '-n', '-U', '-B', '16384', '-Z', 'root', '-w', file);
    await until('tcpdump looks on', () => beside.said.err.includes('listening on'));
    const live = await startLive('-i', 'lo');
    for (const client of [API, WEB]) {
      host.run(process.execPath, 'test/live/traffic.mjs', client, DB, '5432', '20', '3000');
    }
    // Nobody listens there: each is answered with an error.
    send(host, 'UDP', DB, 999, 100, 5);
    send(host, 'UDP', API, 1234, 100, 1);
    await until('tcpdump has seen all', () => {
      const seen = execFileSync('tcpdump', ['-n', '-r', file, 'udp dst port 1234'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return seen.length > 0;
    });
    await until('both have seen all', () => live.said.out.includes(toPort(1234)));
    live.child.kill('SIGINT');
    expect([await live.end, live.said.err]).toEqual([0, NOTICE]);
    beside.child.kill('SIGINT');
    await beside.end;
    expect(beside.said.err).toContain('\n0 packets dropped by kernel');
    const expected = lines((await policap(['replay', file, ...SHOP, '-o', 'jsonl'])).out);
    const seen = lines(live.said.out);
    // Each of the two has a time of its own, and other numbers where protocols change places.
    const of = (records: Record<string, unknown>[], protocol: string) =>
      records
        .filter(record => record['protocol'] === protocol)
        .map(({ schema, time, packet, refusedAt, ...others }) => others);
    for (const [protocol, atLeast] of [
      ['TCP', 300],
      ['UDP', 6006],
      ['ICMP', 6],
    ] as const) {
      expect(of(expected, protocol).length, protocol).toBeGreaterThanOrEqual(atLeast);
      expect(of(seen, protocol)).toEqual(of(expected, protocol));
    }
    expect(seen.length).toBe(expected.length);
    expect(new Set(seen.map(({ verdict }) => verdict)).size).toBeGreaterThan(1);
  });

  it('sees what its help says, and nothing else', async () => {
    const [bound, all] = [await startLive('-i', 'eth0'), await startLive('-i', 'any')];
    send(peer, 'UDP', HERE, 1000, 10, 1);
    send(peer, 'UDP', HERE, 1001, 5000, 1);
    send(peer, 'UDP', BEHIND, 1002, 10, 1);
    send(host, 'UDP', PEER, 1003, 10, 1, 2003);
    send(peer, 'UDP', HERE6, 1004, 10, 1);
    send(peer, 'UDP', HERE, 1005, 10, 1);
    send(host, 'UDP', DB, 1006, 10, 1);
    send(peer, 'RAW', HERE, 132, `000a1388${'00'.repeat(12)}`);
    send(peer, 'RAW', HERE, 47, '00000800');
    send(peer, 'UDP', HERE, 1010, 10, 1);
    send(peer, 'UDP', HERE, 1009, 10, 1);
    for (const { said } of [bound, all]) await until('the last one is seen', () => said.out.includes(toPort(1009)));
    const seen = async ({ child, said, end }: typeof bound) => {
      child.kill('SIGINT');
      expect([await end, said.err]).toEqual([0, NOTICE]);
      return lines(said.out)
        .filter(({ protocol }) => protocol !== 'ICMP')
        .map(({ protocol, dst, dport }) => [protocol, dst, dport]);
    };
    const udp = (port: number, to = HERE) => ['UDP', to, port];
    const inbound = [udp(1000), udp(1001), udp(1011), udp(1009)];
    const sctp = ['SCTP', HERE, 5000];
    const sort = (records: unknown[][]) => records.map(String).sort();
    expect(sort(await seen(bound))).toEqual(sort([...inbound, sctp]));
    expect(sort(await seen(all))).toEqual(sort([...inbound, udp(1006, DB), sctp]));
  });

  it('counts what it was too slow for, and says so', async () => {
    const live = await startLive('-i', 'lo');
    live.child.kill('SIGSTOP');
    const sent = 2000;
    send(host, 'UDP', DB, 1000, 60_000, sent);
    live.child.kill('SIGCONT');
    send(host, 'UDP', DB, 1009, 10, 1);
    await until('the last one is seen, or lost', () => /went by unseen/.test(live.said.err));
    live.child.kill('SIGINT');
    expect(await live.end).toBe(0);
    const told = [...live.said.err.matchAll(/([\d,]+) packets went by unseen so far: policap could not/g)];
    const lost = Number(told.at(-1)![1]!.replaceAll(',', ''));
    const seen = lines(live.said.out).filter(({ protocol }) => protocol === 'UDP');
    expect(lost).toBeGreaterThan(0);
    expect(seen.length + lost).toBe(sent + 1);
  });

  it('ends with what it has where its interface goes away', async () => {
    host.run('ip', 'link', 'add', 'eth2', 'type', 'veth', 'peer', 'name', 'other2');
    const live = await startLive('-i', 'eth2');
    host.run('ip', 'link', 'delete', 'eth2');
    expect(await live.end).toBe(3);
    expect(live.said.err).toContain('error: the interface eth2 is gone; above is what was judged until then');
  });

  it('says what is missing', async () => {
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    cpSync(join(raw!.modules, 'raw-socket'), join(bare, 'raw-socket'), { recursive: true });
    rmSync(join(bare, 'raw-socket/build'), { recursive: true });
    const without = 'setpriv --bounding-set -net_raw';
    for (const [command, message] of [
      [[], 'no-such: No such device; ip link lists the interfaces, and any is all of them'],
      [without.split(' '), '--source raw: permission denied; raw sockets need root, or CAP_NET_RAW'],
      [
        ['env', 'NODE_PATH='],
        '--source raw needs the package raw-socket, which is not installed; npm install raw-socket, which builds it: with g++, make and python3',
      ],
      [
        ['env', `NODE_PATH=${bare}`],
        `--source raw: the package raw-socket is not built for this Node (${process.version}); npm rebuild raw-socket, with g++, make and python3`,
      ],
    ] as const) {
      const [program, ...args] = [...command, process.execPath, ...RAW, '-i', 'no-such'];
      const { said, end } = start(program!, ...args);
      expect([await end, said]).toEqual([2, { out: '', err: `policap: error: ${message}\n` }]);
    }
    for (const option of ['--filter=udp', '--snap=100', '--buffer=100']) {
      const name = option.split('=')[0];
      const ran = await policap(['live', '--source', 'raw', '-i', 'lo', ...SHOP, option]);
      expect(ran).toEqual({
        code: 2,
        out: '',
        err: `policap: error: ${name} is tcpdump's, and --source raw goes without it\n    leave one of the two out\n`,
      });
    }
  });
});
