import { describe, expect, it } from 'vitest';
import { duration, type Format } from '../../src/report/style.js';
import { createTextReport, type TextOptions } from '../../src/report/text.js';
import { ALLOWED_RULE, DROPPED_DEFAULT_DENY, MARK_FIRST, MARK_ORIGINAL } from '../../src/verdict/verdict.js';
import { ethernet, ipv4, tcp } from '../support/frames.js';
import { batchesOf, collect, type RunOptions, run } from './fixture.js';

async function print(options: TextOptions = {}, replay: RunOptions = {}): Promise<string> {
  const out = collect();
  await run(createTextReport(out, options), replay);
  return out.text();
}

const frameTo = (dport: number): Uint8Array =>
  ethernet(ipv4({ src: '10.0.1.7', dst: '10.0.2.9' }, tcp({ sport: 40000, dport })));

describe('text', () => {
  it('is this summary, line for line', async () => {
    expect(await print({}, { damaged: true })).toBe(
      `shop.pcap  5 of 7 connections would be refused in 4 distinct conversations; 1 undecided.

connections  packets  refused
          2        3  shop/Deployment/web → shop/StatefulSet/db  TCP 6379
                      10.0.1.7 → 10.0.2.9  ingress default-deny: shop/db (policies.yaml:4)
          1        2  203.0.113.9 → shop/StatefulSet/db  ICMP type 8
                      203.0.113.9 → 10.0.2.9  ingress default-deny: shop/db (policies.yaml:4)
          1        1  203.0.113.9 → shop/StatefulSet/db  TCP 22
                      203.0.113.9 → 10.0.2.9  ingress default-deny: shop/db (policies.yaml:4)
          1        1  10.0.1.99 → shop/StatefulSet/db  TCP 22
                      10.0.1.99 → 10.0.2.9  ingress default-deny: shop/db (policies.yaml:4)

connections  packets  undecided
          1        1  shop/Deployment/web → shop/service/db  TCP 80
                      10.0.1.7 → 10.96.0.5
                      backends disagree: shop/db-1 would allow, shop/db-0 would drop

             total   allowed   dropped   undecided
packets         14         3         9           2
connections      7         1         5           1
reasons      default-deny 6, connection-dropped 2, rule 1, established 1, not-ip 1, invalid-state 1,
             truncated 1, ambiguous-policy 1

policies that decided nothing (1): shop/old (policies.yaml:30)
rules that decided nothing (1): shop/db ingress[1] (policies.yaml:16)
addresses the cluster does not know (2): 203.0.113.9 (2), 10.0.1.99 (1, in worker-1's pod range)
observed: 1 connection began before the capture, 1 copy of a packet on another interface
warning: 3 packets are dark.
warning: shop.pcap: at byte 1234: expected a packet of 60 bytes, found the end of the file

6.5 s of traffic, 14 packets, judged in 2 ms (7,000 packets/s); 2 policies compiled in 13 ms.
Policies as upstream specifies them (asked for).
`,
    );
  });

  it('fits a screen whatever the capture holds, and says how to see more', async () => {
    const judged = Array.from({ length: 3000 }, (_, i) => ({
      frame: frameTo(i + 1),
      code: DROPPED_DEFAULT_DENY,
      decision: 1,
      connection: i + 1,
      marks: MARK_FIRST | MARK_ORIGINAL,
    }));
    const lengths = judged.map(({ frame }) => frame.length);
    const batches = batchesOf(
      judged,
      judged.map(() => 0n),
      lengths,
    );
    const lines = (await print({}, { batches })).split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(lines.some(line => line.includes('and 2,990 more: --top 0 shows all of them'))).toBe(true);
    const four = (await print({ top: 4 }, { batches })).split('\n');
    expect(four.some(line => line.includes('and 2,996 more'))).toBe(true);
    const all = (await print({ top: 0 }, { batches })).split('\n');
    expect(all.filter(line => line.includes('TCP '))).toHaveLength(3000);
  });

  it('says so when nothing is refused, and when there is nothing', async () => {
    const frame = frameTo(5432);
    const judged = [{ frame, code: ALLOWED_RULE, decision: 0, connection: 1, marks: MARK_FIRST | MARK_ORIGINAL }];
    const text = await print({}, { batches: batchesOf(judged, [0n], [frame.length]) });
    expect(text).toMatch(/^shop\.pcap {2}The only connection would not be refused\.\n\n {13}total/);
    expect(await print({}, { batches: batchesOf([], [], []) })).toMatch(/^shop\.pcap {2}no packets\n/);
  });

  it('wraps long warnings between words, and leaves long words whole', async () => {
    const path = `/captures/${'x'.repeat(90)}.pcap`;
    const warning = `${'the clock of the capture ran on '.repeat(6)}${path} and then some more`;
    const lines = (await print({ columns: 80 }, { warnings: [warning] })).split('\n');
    const at = lines.findIndex(line => line.startsWith('warning: the clock'));
    const end = lines.indexOf('', at);
    const own = lines.slice(at, end).filter((line, i) => i === 0 || line.startsWith('  '));
    expect(own.map(line => line.trim()).join(' ')).toBe(`warning: ${warning}`);
    expect(own.filter(line => line.length > 80)).toEqual([`  ${path}`]);
    expect(own.slice(1).every(line => /^ {2}\S/.test(line))).toBe(true);
    expect(own.length).toBeGreaterThan(3);
  });

  it('colours words through the given function only, and loses none of them', async () => {
    const used = new Set<Format>();
    const style = (format: Format, text: string): string => {
      used.add(format);
      return `<${format}>${text}</>`;
    };
    const coloured = await print({ style });
    expect(used).toEqual(new Set(['bold', 'dim', 'red', 'green', 'yellow']));
    expect(coloured.replace(/<\w+>|<\/>/g, '')).toBe(await print());
  });
});

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [0.0004, '< 1 ms'],
    [0.0123, '12 ms'],
    [1.25, '1.3 s'],
    [59.6, '60 s'],
    [120, '2 min'],
    [135, '2 min 15 s'],
    [3600, '1 h'],
    [90_061, '1 d 1 h'],
  ])('%d s is %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
