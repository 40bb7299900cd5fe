/**
 * The running Linux kernel as a judge: packets and an nftables ruleset in, the kernel's verdict on each packet out.
 *
 *   const verdicts = await judgeByKernel([{ time: 0n, bytes: ipPacket }], emitNft(ruleset, inventory));
 *
 * In:  IP packets in time order, with the addresses they have; any nftables ruleset with a forward chain.
 * Out: a KernelVerdict a packet, in the same order. Nothing on the machine changes: all happens in a network namespace that
 * ends with the process (dataplane.py, which says how capture time is kept). Runs are one behind the other, each from
 * an empty connection table.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { type Channel, openChannel, TooSlow } from './channel.js';

export interface KernelPacket {
  /** Nanoseconds; only differences count. Time that runs backwards stands still. */
  readonly time: number | bigint;
  /** An IP packet, from the first byte of its IP header to its end. */
  readonly bytes: Uint8Array;
}

/** A conntrack entry behind the packet. */
export interface KernelEntry {
  /** The kernel's name (TCP and SCTP), else ''. */
  readonly state: string;
  /** Seconds until it ends, in the packets' time. */
  readonly left: number;
  readonly replied: boolean;
  readonly assured: boolean;
}

export interface KernelVerdict {
  readonly verdict: 'allowed' | 'dropped';
  /** As the rules see it. `none`: no rule saw it (IP refuses it, or a fragment whose datagram never was whole). */
  readonly state: 'new' | 'established' | 'related' | 'invalid' | 'untracked' | 'none';
  readonly direction: 'original' | 'reply' | null;
  /** Comments of the rules that settled something (accept, drop, return, goto), joined by '; '. null where there is none. */
  readonly rule: string | null;
  readonly entry: KernelEntry | null;
}

export interface KernelOptions {
  /** Seconds by policap's names (docs/conntrack.md): set in the kernel too. */
  readonly timeouts?: Readonly<Record<string, number>>;
  /** nf_conntrack_checksum; off by default, as captures are full of checksums that the network card was to fill in. */
  readonly verifyChecksums?: boolean;
  /** nf_conntrack_tcp_be_liberal. */
  readonly liberal?: boolean;
  /** nf_conntrack_tcp_loose. */
  readonly loose?: boolean;
  /** Whether deciding rules are read; without them a run is faster. Default true. */
  readonly rules?: boolean;
}

/** Allows everything, and tracks connections: what the states alone are judged with. */
export const TRACK_ONLY = `table inet policap {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop comment "invalid"
  }
}
`;

/** Why the kernel cannot be asked here, in one sentence; null where it can. */
export function kernelRefusal(): string | null {
  if (process.platform !== 'linux') return `The kernel harness needs Linux; this is ${process.platform}.`;
  if (process.getuid?.() !== 0) return 'The kernel harness needs root, to make a network namespace.';
  for (const program of ['unshare', 'ip', 'bridge', 'nft', 'python3']) {
    const found = spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
    if (!found) return `The kernel harness needs the program ${program}, which is not installed.`;
  }
  if (!existsSync('/dev/net/tun')) return 'The kernel harness needs TUN devices; /dev/net/tun is missing.';
  const made = spawnSync('unshare', ['--net', 'true'], { encoding: 'utf8' });
  if (made.status !== 0) return `The kernel harness cannot make a network namespace: ${made.stderr.trim()}`;
  return null;
}

/** "6.18" of "6.18.44-generic". */
export const kernelVersion = (): string => /^\d+\.\d+/.exec(release())?.[0] ?? release();

/** policap's knob for the kernel at hand: the inexact reset's timeout changed between the two. */
export const kernelProfile = (): '6.12' | '6.18' => {
  const [major = 0, minor = 0] = kernelVersion().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 18) ? '6.18' : '6.12';
};

let shared: Promise<Channel> | null = null;
let turn: Promise<unknown> = Promise.resolve();

/** @throws Error where the kernel cannot be asked (kernelRefusal says why), or refuses the ruleset. */
export function judgeByKernel(
  packets: readonly KernelPacket[],
  nftRuleset: string,
  options: KernelOptions = {},
): Promise<KernelVerdict[]> {
  const run = turn.then(() => judgeInTime(packets, nftRuleset, options, TRIES));
  turn = run.catch(() => {});
  return run;
}

/** Ends the namespace, if there is one; the next run makes another. */
export async function closeKernel(): Promise<void> {
  const channel = shared;
  shared = null;
  (await channel)?.close();
}

/** Runs in which a busy machine may fall behind the packets' clock. */
const TRIES = 5;

async function judgeInTime(
  packets: readonly KernelPacket[],
  nftRuleset: string,
  options: KernelOptions,
  tries: number,
): Promise<KernelVerdict[]> {
  try {
    return await judge(packets, nftRuleset, options);
  } catch (error) {
    if (!(error instanceof TooSlow) || tries === 1) throw error;
    return judgeInTime(packets, nftRuleset, options, tries - 1);
  }
}

async function judge(
  packets: readonly KernelPacket[],
  nftRuleset: string,
  options: KernelOptions,
): Promise<KernelVerdict[]> {
  shared ??= openChannel();
  try {
    const channel = await shared;
    await channel.setUp({
      ruleset: nftRuleset,
      settings: settingsOf(options),
      timeouts: Object.values({ ...DEFAULT_TIMEOUTS, ...options.timeouts }),
      fragments: [options.timeouts?.ip_fragment ?? 30, options.timeouts?.ip6_fragment ?? 60],
      trace: options.rules ?? true,
    });
    const verdicts = await channel.judge(packets);
    // Fragments that wait in the kernel would meet the next run's.
    if (verdicts.some(({ state }) => state === 'none')) await closeKernel();
    return verdicts;
  } catch (error) {
    await closeKernel();
    throw error;
  }
}

/** Linux's own, in seconds, by policap's names. */
const DEFAULT_TIMEOUTS: Readonly<Record<string, number>> = {
  tcp_syn_sent: 120,
  tcp_syn_recv: 60,
  tcp_established: 432000,
  tcp_fin_wait: 120,
  tcp_close_wait: 60,
  tcp_last_ack: 30,
  tcp_time_wait: 120,
  tcp_close: 10,
  tcp_max_retrans: 300,
  tcp_unacknowledged: 300,
  udp: 30,
  udp_stream: 120,
  icmp: 30,
  icmpv6: 30,
  gre: 30,
  gre_stream: 180,
  sctp_closed: 10,
  sctp_cookie_wait: 3,
  sctp_cookie_echoed: 3,
  sctp_established: 210,
  sctp_shutdown_sent: 3,
  sctp_shutdown_recd: 3,
  sctp_shutdown_ack_sent: 3,
  sctp_heartbeat_sent: 30,
  generic: 600,
};

/** policap's name of a timeout -> the kernel's setting. */
function settingName(name: string): string {
  const [protocol, ...state] = name.split('_');
  if (name === 'udp' || name === 'icmp' || name === 'icmpv6' || name === 'gre' || name === 'generic') {
    return `nf_conntrack_${name}_timeout`;
  }
  if (name === 'udp_stream' || name === 'gre_stream') return `nf_conntrack_${protocol}_timeout_stream`;
  return `nf_conntrack_${protocol}_timeout_${state.join('_')}`;
}

function settingsOf(options: KernelOptions): Record<string, number> {
  const settings: Record<string, number> = {
    nf_conntrack_checksum: options.verifyChecksums ? 1 : 0,
    nf_conntrack_tcp_be_liberal: options.liberal ? 1 : 0,
    nf_conntrack_tcp_loose: (options.loose ?? true) ? 1 : 0,
  };
  for (const [name, seconds] of Object.entries({ ...DEFAULT_TIMEOUTS, ...options.timeouts })) {
    // The kernel has no setting for both sides' SYN: it takes tcp_syn_sent's.
    if (name in DEFAULT_TIMEOUTS) settings[settingName(name)] = seconds;
  }
  return settings;
}
