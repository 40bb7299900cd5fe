import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPcapngReport, type PcapngOptions } from '../../src/report/pcapng.js';
import { verdictOf } from '../../src/verdict/verdict.js';
import { collect, PACKETS, run, TIMES } from './fixture.js';

const hasTshark = spawnSync('tshark', ['-v']).status === 0;

/** tshark's view of the marked capture: rows of fields. */
async function tshark(options: PcapngOptions, ...args: string[]): Promise<string[]> {
  const out = collect();
  await run(createPcapngReport(out, options));
  const folder = mkdtempSync(join(tmpdir(), 'policap-marked-'));
  try {
    const file = join(folder, 'marked.pcapng');
    writeFileSync(file, out.bytes());
    const text = execFileSync('tshark', ['-r', file, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.split('\n').slice(0, -1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const numbers = (verdict: string): string[] =>
  PACKETS.flatMap(({ code }, i) => (verdictOf(code) === verdict ? [`${i + 1}`] : []));

describe.skipIf(!hasTshark && !process.env['CI'])('the marked capture, read by tshark', () => {
  it('lists exactly the dropped packets for XDP 1 and the allowed ones for XDP 2', async () => {
    const fields = ['-T', 'fields', '-e', 'frame.number'];
    expect(await tshark({}, '-Y', 'frame.verdict.ebpf_xdp == 1', ...fields)).toEqual(numbers('dropped'));
    expect(await tshark({}, '-Y', 'frame.verdict.ebpf_xdp == 2', ...fields)).toEqual(numbers('allowed'));
    expect(await tshark({}, '-Y', 'not frame.verdict', ...fields)).toEqual(numbers('undecided'));
  });

  it('carries why in the comments', async () => {
    expect(await tshark({}, '-T', 'fields', '-e', 'frame.comment')).toEqual([
      'ALLOWED shop/db-0 ingress rule shop/db ingress[0] (policies.yaml:12)',
      'ALLOWED established: shop/db-0 ingress rule shop/db ingress[0] (policies.yaml:12)',
      'DROPPED shop/db-0 ingress default-deny (policies.yaml:4)',
      'DROPPED connection-dropped: shop/db-0 ingress default-deny (policies.yaml:4), refused at packet 3',
      'DROPPED shop/db-0 ingress default-deny (policies.yaml:4)',
      'DROPPED shop/db-0 ingress default-deny (policies.yaml:4)',
      'DROPPED shop/db-0 ingress default-deny (policies.yaml:4)',
      'DROPPED shop/db-0 ingress default-deny (policies.yaml:4)',
      'DROPPED connection-dropped: shop/db-0 ingress default-deny (policies.yaml:4), refused at packet 8',
      'UNDECIDED ambiguous-policy: shop/db-1 would allow, shop/db-0 would drop',
      'ALLOWED not-ip',
      'DROPPED invalid-state',
      'UNDECIDED truncated',
      'DROPPED shop/db-0 ingress default-deny (policies.yaml:4), copy of packet 3',
    ]);
  });

  it('keeps times and lengths', async () => {
    const rows = await tshark({}, '-T', 'fields', '-e', 'frame.time_epoch', '-e', 'frame.cap_len', '-e', 'frame.len');
    expect(rows).toEqual(
      PACKETS.map(({ frame }, i) => {
        const time = `${TIMES[i]! / 1_000_000_000n}.${String(TIMES[i]! % 1_000_000_000n).padStart(9, '0')}`;
        return `${time}\t${frame.length}\t${i === 12 ? 1500 : frame.length}`;
      }),
    );
  });

  it('holds packets of one verdict when asked', async () => {
    const rows = await tshark({ only: 'undecided' }, '-T', 'fields', '-e', 'frame.comment');
    expect(rows).toEqual([
      'UNDECIDED ambiguous-policy: shop/db-1 would allow, shop/db-0 would drop',
      'UNDECIDED truncated',
    ]);
  });
});
