/**
 * DPDK's classifier, rte_acl, on the same rules and headers: by its own test program.
 *
 * In:  files of filters and of headers, and policap's answer to every header.  Out: [{ engine, algorithm, nanoseconds,
 * agrees } | { engine, missing }]: scalar code, which walks as policap can, and the fastest of its vector codes. A code
 * counts only where it gives policap's answer to every header, the first rule that matches (`agrees`: how many those are).
 * The program runs alone on a core and measures the time of its lookups itself: wall time, not CPU time.
 */
import { spawnSync } from 'node:child_process';
import { DPDK, missing } from './packages.mjs';
import { inTurn } from './rounds.mjs';

/** Without the bit width it refuses avx512x32, and takes half of the registers for avx512x16. */
const EAL = [
  ...['--no-huge', '--no-pci', '--no-telemetry', '--no-shconf', '--force-max-simd-bitwidth=512'],
  ...['-m', '2048', '-l', '0', '--'],
];
const LOOKUPS = 2_000_000;
const ALGORITHMS = ['scalar', 'sse', 'avx2', 'avx512x16', 'avx512x32'];
const ENGINES = ['DPDK rte_acl, scalar', 'DPDK rte_acl, vectors'];
/** What it calls "no rule matches", as it prints it: one less than 0, without a sign. */
const NOTHING = 2 ** 32 - 1;

/**
 * @param answers policap's, by header: a rule's number from 0, or -1
 * @param numberOf the number that a line of the filters has in `answers`
 */
export function measureAcl(ruleFile, traceFile, { rules, headers, rounds, answers, numberOf = line => line }) {
  const absent = missing(DPDK);
  if (absent !== null) return ENGINES.map(engine => ({ engine, missing: absent }));
  const sizes = [
    ...[`--rulesf=${ruleFile}`, `--tracef=${traceFile}`, `--rulenum=${rules + 1}`, `--tracenum=${headers + 1}`],
  ];
  const contenders = ALGORITHMS.map(algorithm => ({
    name: algorithm,
    args: [...sizes, `--alg=${algorithm}`],
    run: () => ({ nanoseconds: measure([...sizes, `--alg=${algorithm}`], headers) }),
  }));
  // Which vectors are the fastest, one round tells: each process builds its tables anew, which takes seconds.
  const first = inTurn(contenders, 1);
  const rank = i => first[i].nanoseconds?.median ?? Number.POSITIVE_INFINITY;
  const best = [1, 2, 3, 4].reduce((a, b) => (rank(b) < rank(a) ? b : a));
  const shown = [contenders[0], contenders[best]];
  const differs = shown.map(({ args }) => attempt(() => difference(search(args), answers, numberOf)));
  return inTurn(shown, rounds).map(({ failed, nanoseconds }, i) => {
    const reason = failed ?? differs[i];
    if (reason !== null) return { engine: ENGINES[i], missing: reason };
    return { engine: ENGINES[i], algorithm: shown[i].name, nanoseconds, agrees: headers };
  });
}

function attempt(work) {
  try {
    return work();
  } catch (error) {
    return error.message;
  }
}

/** Its answers, a line of the filters from 0 a header. */
function search(args) {
  const lines = run([...args, '--iter=1', '--verbose=2']).matchAll(
    /^ipv4_5tuple: (\d+), category: 0, result: (\d+)$/gm,
  );
  return [...lines].map(([, , result]) => (Number(result) === NOTHING ? -1 : Number(result)));
}

/** @returns null where every answer is policap's, else what differs */
export function difference(found, answers, numberOf) {
  if (found.length !== answers.length) return `it answers ${found.length} headers of ${answers.length}`;
  const numbers = found.map(line => (line < 0 ? -1 : numberOf(line)));
  const wrong = numbers.flatMap((number, i) => (number === answers[i] ? [] : [i]));
  if (wrong.length === 0) return null;
  const [i] = wrong;
  return `${wrong.length} of ${found.length} answers differ: header ${i} is rule ${numbers[i]}'s, policap says ${answers[i]}'s`;
}

function measure(args, headers) {
  const text = run([...args, `--iter=${Math.ceil(LOOKUPS / headers)}`, '--verbose=0']);
  const rate = /([\d.]+) pkt\/sec/.exec(text);
  if (rate === null) throw new Error(`${DPDK.program}: no rate was printed`);
  return 1e9 / Number(rate[1]);
}

function run(args) {
  const options = { encoding: 'utf8', maxBuffer: 1 << 28 };
  const { status, stdout, stderr } = spawnSync(DPDK.program, [...EAL, ...args], options);
  if (status === 0) return stdout + stderr;
  const cause = (stdout + stderr).split('\n').find(line => /Cause|error|fail/i.test(line));
  throw new Error(`${DPDK.program}: exit ${status}: ${cause?.trim() ?? 'it says nothing'}`);
}
