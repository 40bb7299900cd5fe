/**
 * DPDK's classifier, rte_acl, on the same rules and headers: by its own test program.
 *
 * In:  files of filters and of headers.  Out: [{ engine, nanoseconds } | { engine, missing }]. The program runs alone on a
 * core and measures the time of its lookups itself: wall time, not CPU time. `scalar` walks as policap can; the other takes
 * the widest vectors that the processor has.
 */
import { spawnSync } from 'node:child_process';
import { DPDK, missing } from './packages.mjs';
import { inTurn } from './rounds.mjs';

const EAL = ['--no-huge', '--no-pci', '--no-telemetry', '--no-shconf', '-m', '2048', '-l', '0', '--'];
const LOOKUPS = 2_000_000;
const ENGINES = [
  ['DPDK rte_acl, scalar', ['--alg=scalar']],
  ['DPDK rte_acl, vectors', []],
];

export function measureAcl(ruleFile, traceFile, { rules, headers, rounds }) {
  const absent = missing(DPDK);
  if (absent !== null) return ENGINES.map(([engine]) => ({ engine, missing: absent }));
  const contenders = ENGINES.map(([name, algorithm]) => ({
    name,
    run: () => ({ nanoseconds: measure([...sizes(ruleFile, traceFile, rules, headers), ...algorithm]) }),
  }));
  return inTurn(contenders, rounds).map(({ failed, nanoseconds }, i) =>
    failed === undefined ? { engine: ENGINES[i][0], nanoseconds } : { engine: ENGINES[i][0], missing: failed },
  );
}

const sizes = (ruleFile, traceFile, rules, headers) => [
  ...[`--rulesf=${ruleFile}`, `--tracef=${traceFile}`, `--rulenum=${rules + 1}`, `--tracenum=${headers + 1}`],
  ...[`--iter=${Math.ceil(LOOKUPS / headers)}`, '--verbose=0'],
];

function measure(args) {
  const { status, stdout, stderr } = spawnSync(DPDK.program, [...EAL, ...args], { encoding: 'utf8' });
  const rate = /([\d.]+) pkt\/sec/.exec(stdout + stderr);
  if (status === 0 && rate !== null) return 1e9 / Number(rate[1]);
  const cause = (stdout + stderr).split('\n').find(line => /Cause|error|fail/i.test(line));
  throw new Error(`${DPDK.program}: exit ${status}: ${cause?.trim() ?? 'no rate was printed'}`);
}
