/**
 * The options of npm run bench, with sizes for a quick look and for the whole.
 *
 * In:  arguments.  Out: { values, sizes }, or a usage error: { error }.
 */
import { parseArgs } from 'node:util';

/** About two minutes. */
const QUICK = {
  packets: 500_000,
  connections: [1_000, 10_000, 100_000],
  policyRules: 1_000,
  rules: [10, 100, 1_000],
  pairs: [10_000],
  others: false,
};
/** What the project's goals are told in; about an hour, and 3 GB in the folder for temporary files. */
const FULL = {
  packets: 5_000_000,
  connections: [1_000, 100_000, 1_000_000, 4_000_000],
  policyRules: 10_000,
  rules: [100, 1_000, 10_000, 100_000],
  pairs: [10_000, 100_000],
  others: true,
};
const FAMILIES = ['acl', 'fw', 'ipc'];
const COMMON = { pods: 2000, snap: 96, seed: 1, rounds: 3, milliseconds: 100, headers: 65_536, ip: [4] };
/** The capture on which peers run: the one of these that is nearest, by connections. */
const MAIN_CONNECTIONS = 100_000;

export const HELP = `npm run bench -- [options]

Makes captures and rules, runs policap and every peer that is installed, in turn, several rounds, and prints ratios first.

  --full               the sizes that the project's goals are told in (about an hour)
  --install            install Debian's packages of the peers first (needs root)
  --out FOLDER         write bench.json, bench.md and pictures (*.svg)
  --compare FILE       an earlier bench.json: what became slower or faster, by ratio to the yardstick or the calibration
  --fail-on slower     with --compare: exit 1 where something became slower
  --tolerance PERCENT  with --compare: what counts as the same, at least (default 10); more where the spreads are wider
  --only SECTIONS      of replays,stages,lookups; outputs (what writing costs) only where it is named
  --rounds N           (3)   --packets N           --connections N,N,...   --policy-rules N
  --pods N (2000)            --snap BYTES (96)     --rules N,N,...         --seed N (1)
  --families acl,fw,ipc      --ip 4,6 (4)   of rule sets
  --pairs N,N,...            pairs of pods that policies allow
  --milliseconds N     an engine's, a round (100)  --headers N (65536)      --built  take dist/ as it is
`;

const string = { type: 'string' };
const boolean = { type: 'boolean', default: false };
const OPTIONS = {
  ...Object.fromEntries(['full', 'install', 'built', 'help'].map(name => [name, boolean])),
  ...Object.fromEntries(
    ['out', 'compare', 'fail-on', 'tolerance', 'only', 'rounds', 'packets', 'connections', 'policy-rules'].map(name => [
      name,
      string,
    ]),
  ),
  ...Object.fromEntries(
    ['pods', 'snap', 'rules', 'pairs', 'families', 'ip', 'seed', 'milliseconds', 'headers'].map(name => [name, string]),
  ),
};
export const SECTIONS = ['replays', 'stages', 'lookups'];

export function readOptions(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS }));
  } catch (error) {
    return { error: error.message };
  }
  const sizes = { ...COMMON, ...(values.full ? FULL : QUICK) };
  for (const name of ['packets', 'pods', 'snap', 'seed', 'rounds', 'milliseconds', 'headers', 'policy-rules']) {
    if (values[name] === undefined) continue;
    const number = Number(values[name]);
    if (!(Number.isInteger(number) && number > 0))
      return { error: `--${name} ${values[name]}: not a whole number above 0` };
    sizes[name === 'policy-rules' ? 'policyRules' : name] = number;
  }
  for (const name of ['connections', 'rules', 'pairs']) {
    if (values[name] === undefined) continue;
    const list = values[name].split(',').map(Number);
    if (!list.every(n => Number.isInteger(n) && n > 0))
      return { error: `--${name} ${values[name]}: not whole numbers above 0` };
    sizes[name] = list;
  }
  if (values.ip?.split(',').some(version => version !== '4' && version !== '6'))
    return { error: `--ip ${values.ip}: there are 4 and 6` };
  if (values.ip !== undefined) sizes.ip = values.ip.split(',').map(Number);
  const strange = values.families?.split(',').find(name => !FAMILIES.includes(name));
  if (strange !== undefined) return { error: `--families ${strange}: there are ${FAMILIES.join(', ')}` };
  sizes.families = values.families?.split(',') ?? FAMILIES;
  const sections = values.only?.split(',') ?? SECTIONS;
  const known = [...SECTIONS, 'outputs'];
  const unknown = sections.find(name => !known.includes(name));
  if (unknown !== undefined) return { error: `--only ${unknown}: there are ${known.join(', ')}` };
  if (values['fail-on'] !== undefined && values['fail-on'] !== 'slower') return { error: '--fail-on takes slower' };
  const tolerance = Number(values.tolerance ?? 10) / 100;
  if (!(tolerance >= 0)) return { error: `--tolerance ${values.tolerance}: not a percentage` };
  return { values: { ...values, sections, tolerance }, sizes };
}

/** Entries of the connection table: policap's default; and where the capture has too many connections for it. */
const ROOM = 2 ** 20;
const MORE_ROOM = 2 ** 22;
/** Packets that a connection of such a capture has on average. */
const MET = 5;

/** The captures, the one for the peers first. */
export function scenariosOf({ packets, connections, snap, pods, seed, policyRules, others }) {
  const plain = connections.map(count => ({
    name: `${count} connections`,
    ...{ packets, connections: count, snap, ip: 4, rules: policyRules, pods, seed },
    ...(count < ROOM ? { room: ROOM } : crowd(count, packets)),
  }));
  const distance = ({ connections: count }) => Math.abs(Math.log(count / MAIN_CONNECTIONS));
  const main = plain.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  const rest = plain.filter(scenario => scenario !== main);
  const more = [
    { ...main, name: `${main.connections} connections, full-size packets`, snap: 65535 },
    { ...main, name: `${main.connections} connections, IPv6`, ip: 6 },
  ];
  return [main, ...rest, ...(others ? more : [])];
}

/** All connections live at once: each is met, all are equally busy, and none has time to expire. */
const crowd = (count, packets) => ({
  ...{ room: Math.max(MORE_ROOM, 2 ** Math.ceil(Math.log2(count))), packets: Math.max(packets, MET * count) },
  ...{ skew: 1, apart: 1 },
});
