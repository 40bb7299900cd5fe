/** Tuple-space search gives the linear scan's answers, on random filters and on headers at their corners. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript without declarations
import { createTupleSpace } from '../../bench/tuple-space.mjs';
import { compile } from '../../src/compile.js';
import { DPORT, DST, FAMILY, PROTOCOL, SPORT, SRC, STRIDE } from '../../src/packet/row.js';
import { formatV4 } from '../../src/rules/print.js';
import { FORWARD, OUTCOMES } from '../../src/tree/classifier.js';
import { createLinear } from '../../src/tree/linear.js';
import { seed } from '../support/seed.js';

/** Few addresses and ports, so that filters overlap. */
const address = fc.constantFrom(0, 1, 0x0a000000, 0x0a000001, 0x0a0000ff, 0x0a010000, 0x80000000, 0xffffffff);
const prefix = fc.record({ address, length: fc.constantFrom(0, 1, 8, 16, 24, 31, 32) });
const port = fc.constantFrom(0, 1, 79, 80, 81, 443, 65535);
const ports = fc.tuple(port, port).map(pair => [Math.min(...pair), Math.max(...pair)] as const);
const openPorts = fc.oneof(ports, fc.constant([0, 65535] as const));
const protocol = fc.constantFrom(1, 6, 17, 47);
const filter = fc.record({
  source: prefix,
  destination: prefix,
  sports: openPorts,
  dports: openPorts,
  protocol: fc.option(protocol),
});
const header = fc.record({ source: address, destination: address, sport: port, dport: port, protocol });

const text = (p: { address: number; length: number }) =>
  `${formatV4(p.length === 0 ? 0 : (p.address & (-1 << (32 - p.length))) >>> 0)}/${p.length}`;

describe(`tuple-space search (seed ${seed})`, () => {
  it('finds the first rule that matches', () => {
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(filter, { minLength: 1, maxLength: 40 }),
        fc.array(header, { maxLength: 40 }),
        (filters, headers) => {
          const lines = filters.map(f => {
            const mask = f.protocol === null ? '0x00/0x00' : `0x${f.protocol.toString(16).padStart(2, '0')}/0xFF`;
            return `@${text(f.source)} ${text(f.destination)} ${f.sports.join(' : ')} ${f.dports.join(' : ')} ${mask}`;
          });
          const { compiled } = compile([], { ruleFiles: [{ file: 'filters', text: lines.join('\n') }] });
          const { ruleset, inventory } = compiled!;
          const space = createTupleSpace(ruleset.forward.flatMap(tier => tier.rules));
          const linear = createLinear(ruleset, inventory);
          const row = new Int32Array(STRIDE);
          const out = new Int32Array(OUTCOMES);
          for (const h of headers) {
            const hasPorts = h.protocol === 6 || h.protocol === 17;
            row[FAMILY] = 4;
            row[PROTOCOL] = h.protocol;
            row[SRC] = h.source;
            row[DST] = h.destination;
            row[SPORT] = hasPorts ? h.sport : 0;
            row[DPORT] = hasPorts ? h.dport : 0;
            linear.classify(row, 0, out, 0);
            if (out[FORWARD]! >= 0) found++;
            expect(space.lookup(row, 0)).toBe(Math.max(-1, out[FORWARD]!));
          }
        },
      ),
      { seed, numRuns: 300 },
    );
    expect(found).toBeGreaterThan(100);
  });
});
