/**
 * DPDK's rte_acl on the same rules and headers, by its own program dpdk-test-acl (Debian package dpdk-dev).
 *
 * In:  filters and a trace, IPv4.  Out: engines for classifiers.mjs: nanoseconds of CPU time a lookup by the scalar and
 * the AVX2 methods, none where the program is not installed. It is run twice, with few iterations and with many: the
 * difference leaves out what reading and building take.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classBenchLine } from '../dist/generate/text.js';
import { cpuSeconds, isInstalled } from './process.mjs';

const PROGRAM = 'dpdk-test-acl';
const RUNTIME = ['--no-huge', '-m', '2048', '--no-pci', '--no-telemetry', '--log-level=lib.*:1', '--'];
const FEW = 10;
const MANY = 60;

export function measureRteAcl(filters, trace) {
  if (!isInstalled(PROGRAM)) return [];
  const folder = mkdtempSync(join(tmpdir(), 'policap-rte-acl-'));
  const [rulesFile, traceFile] = ['rules', 'trace'].map(name => join(folder, name));
  // The program wants a blank behind the protocol.
  const lines = filters.map(filter => `${classBenchLine(filter).replaceAll('\t', ' ')} \n`);
  writeFileSync(rulesFile, lines.join(''));
  const headers = trace.map(h =>
    [h.source[0], h.destination[0], h.sourcePort, h.destinationPort, h.protocol].join(' '),
  );
  writeFileSync(traceFile, `${headers.join('\n')}\n`);
  const seconds = (method, iterations) =>
    cpuSeconds(
      PROGRAM,
      ...RUNTIME,
      `--rulesf=${rulesFile}`,
      `--tracef=${traceFile}`,
      `--rulenum=${filters.length + 1}`,
      `--tracenum=${trace.length + 1}`,
      '--tracestep=256',
      '--verbose=0',
      `--iter=${iterations}`,
      `--alg=${method}`,
    );
  try {
    return ['scalar', 'avx2'].map(method => {
      const own = seconds(method, MANY) - seconds(method, FEW);
      const nanoseconds = (Math.max(0, own) * 1e9) / (MANY - FEW) / trace.length;
      return { engine: `rte_acl, ${method}`, nanoseconds, buildMs: 0, bytes: 0 };
    });
  } catch {
    // Rules that its tables have no room for, or a processor without AVX2.
    return [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
