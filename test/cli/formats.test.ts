/**
 * policap replay -o FORMAT: which options go together, and what is said where they do not.
 */
import { describe, expect, it } from 'vitest';
import { policap } from './person.js';

const SHOP = ['replay', 'pcaps/shop/capture.pcapng', '-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

describe('policap replay', () => {
  const WRONG: readonly (readonly [readonly string[], string])[] = [
    [['--where', 'verdict == dropped'], '--where is for records: it needs one of -o jsonl, -o csv'],
    [['-o', 'json', '--only', 'dropped'], '--only dropped is for records: it needs one of -o jsonl, -o csv'],
    [['-o', 'verdicts', '--where', 'midstream'], '--where leaves packets out'],
    [['-o', 'pcapng', '--fields', 'src'], '--fields chooses columns: it needs one of -o jsonl, -o csv, -o parquet'],
    [['-o', 'pcap', '--records', 'connections'], '--records connections needs one of -o jsonl'],
    [['-o', 'parquet'], '-w packets.parquet'],
    [['-o', 'csv', '--fields', 'src,dts'], "--fields: there is no field 'dts'\n    did you mean dst?"],
    [['-o', 'csv', '--fields', 'src,src'], '--fields: field src is named twice'],
    [
      ['-o', 'csv', '--where', 'dport == 53 && verdict == droped'],
      "--where: at character 27: 'droped' is no value of verdict\n" +
        '    dport == 53 && verdict == droped\n                              ^\n    did you mean dropped?',
    ],
    [['-o', 'csv', '--where', 'protocol == tpc'], "'tpc' is no value of protocol"],
    [['-o', 'csv', '--where', 'sentBytes > 1'], "there is no field 'sentBytes'"],
    [['-o', 'csv', '--records', 'connections', '--where', 'packet > 1'], "there is no field 'packet'"],
  ];
  for (const [options, message] of WRONG) {
    it(`says what is wrong with ${options.join(' ')}`, async () => {
      const { code, out, err } = await policap([...SHOP, ...options]);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(message);
    });
  }

  it('writes nothing beside a result that -w sends to standard output', async () => {
    const csv = [...SHOP, '-o', 'csv', '--fields', 'packet', '--only', 'dropped'];
    const { out } = await policap(csv);
    for (const to of ['-', '/dev/stdout']) expect((await policap([...csv, '-w', to])).out).toBe(out);
    expect((await policap([...SHOP, '-o', 'parquet', '-w', '-'])).code).toBe(2);
  });

  it('says first that nothing is enforced, where a format has no room for it', async () => {
    const { err } = await policap([...SHOP, '-o', 'csv', '--fields', 'packet', '--profile', 'flannel']);
    expect(err).toMatch(/enforces no/i);
    expect((await policap([...SHOP, '-o', 'csv', '--fields', 'packet'])).err).toBe('');
    const none = await policap([...SHOP, '-o', 'jsonl', '--only', 'dropped', '--profile', 'flannel']);
    expect(none.out).toBe('');
    expect(none.err).toMatch(/enforces no/i);
  });
});
