/**
 * What writing costs: a replay with each output beside the text summary, against the summary alone, in turn.
 *
 * In:  a scenario and its capture (replays.mjs), rounds.  Out: { capture, mode, outputs }. An output: { name, nanoseconds (CPU
 * a packet, the start taken off), cpu (seconds of the process) }, spreads both. All is written to /dev/null: what a file costs
 * is the system's.
 */
import { fileURLToPath } from 'node:url';
import { measureProcess } from './process.mjs';
import { inTurn } from './rounds.mjs';

const POLICAP = fileURLToPath(new URL('../bin/policap', import.meta.url));
const TEN_FIELDS = 'packet,time,src,dst,protocol,sport,dport,verdict,reason,ingress_policy';
const OUTPUTS = [
  ['summary alone', []],
  ['verdicts', ['-o', 'verdicts']],
  ['pcapng', ['-o', 'pcapng']],
  ['pcapng, dropped only', ['-o', 'pcapng', '--only', 'dropped']],
  ['pcapng, allowed only', ['-o', 'pcapng', '--only', 'allowed']],
  ['jsonl', ['-o', 'jsonl']],
  ['parquet', ['-o', 'parquet']],
  ['parquet, connections', ['-o', 'parquet', '--records', 'connections']],
  ['csv, ten fields', ['-o', 'csv', '--fields', TEN_FIELDS]],
  ['hubble', ['-o', 'hubble']],
];
const MODES = ['dataplane', 'what-if'];

export function measureOutputs(scenario, { capture, one, cluster }, rounds, onRun) {
  return MODES.map(mode => {
    const cpuOf = (file, args) => {
      const write = args.length > 0 ? ['-w', '/dev/null'] : [];
      const all = [POLICAP, 'replay', file, '-p', cluster, '--mode', mode, ...args, ...write];
      return measureProcess(process.execPath, all).cpu;
    };
    const runs = OUTPUTS.map(([name, args]) => ({
      name: `${name}, ${mode}`,
      run() {
        const start = cpuOf(one, args);
        const cpu = cpuOf(capture, args);
        return { nanoseconds: (Math.max(0, cpu - start) * 1e9) / scenario.packets, cpu };
      },
    }));
    const measured = inTurn(runs, rounds, onRun);
    const failed = measured.find(each => each.failed !== undefined);
    if (failed !== undefined) throw new Error(failed.failed);
    return { capture: scenario, mode, outputs: measured.map((each, i) => ({ name: OUTPUTS[i][0], ...each })) };
  });
}

/** Head and rows of a table; ratios are to the summary alone, of medians and of minima. */
export function outputRows({ outputs }) {
  const base = outputs[0].nanoseconds;
  const rows = outputs.map(({ name, nanoseconds: { median, min, max } }) => [
    (median / base.median).toFixed(2),
    (min / base.min).toFixed(2),
    median.toFixed(0),
    `${min.toFixed(0)}-${max.toFixed(0)}`,
    name,
  ]);
  return [['ratio', 'of minima', 'ns a packet', 'min-max', 'output'], rows];
}
