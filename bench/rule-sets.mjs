/**
 * Rule sets and headers for classifiers: ClassBench's filter lines, and a line a header.
 *
 * In:  a family, how many rules and headers.  Out: { rules, trace } as text; a header is `source destination sport dport
 * protocol`, whole numbers, as dpdk-test-acl reads it. The families are those of `policap generate`, or `plain` where this
 * policap has no such command: prefixes of few networks, ports of services, in no order. Headers lie inside of rules,
 * drawn without locality: what a cache would hide is not hidden.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createRandom } from './random.mjs';

const POLICAP = fileURLToPath(new URL('../bin/policap', import.meta.url));
const LENGTHS = [8, 16, 16, 24, 24, 24, 32, 32];
const SERVICES = [22, 53, 80, 123, 443, 3306, 5432, 6379, 8080, 9090];

let generated = null;
const policap = (args, input) =>
  spawnSync(process.execPath, [POLICAP, ...args], { encoding: 'utf8', input, maxBuffer: 1 << 30 });

export function families() {
  generated ??= policap(['generate', 'rules', '--count', '1']).status === 0 ? ['acl', 'fw', 'ipc'] : ['plain'];
  return generated;
}

export function createRuleSet(family, count, headers) {
  if (family === 'plain') return createPlain(count, headers);
  const rules = answer(['generate', 'rules', '--family', family, '--count', String(count)]);
  const trace = answer(['generate', 'trace', '--rules', '-', '--count', String(headers)], rules);
  return { rules, trace: trace.replace(/^\S+ \S+/gm, pair => pair.split(' ').map(numberOf).join(' ')) };
}

function answer(args, input) {
  const { status, stdout, stderr } = policap(args, input);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const numberOf = dotted => dotted.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
const dotted = n => [24, 16, 8, 0].map(shift => (n >>> shift) & 255).join('.');

function createPlain(count, headers) {
  const random = createRandom(count);
  const networks = Array.from({ length: Math.ceil(Math.sqrt(count)) }, () => random.below(2 ** 32));
  const prefix = () => {
    const length = random.pick(LENGTHS);
    const address = (random.pick(networks) ^ random.below(2 ** 16)) >>> 0;
    return { address: (address & (-1 << (32 - length))) >>> 0, length };
  };
  const rules = Array.from({ length: count }, () => {
    const port = random.pick(SERVICES);
    const protocol = random.unit() < 0.8 ? 6 : 17;
    const last = random.unit() < 0.2 ? port + 100 : port;
    return { source: prefix(), destination: prefix(), port, last, protocol };
  });
  const inside = ({ address, length }) => address + random.below(2 ** (32 - length));
  const lines = rules.map(
    ({ source, destination, port, last, protocol }) =>
      `@${dotted(source.address)}/${source.length}\t${dotted(destination.address)}/${destination.length}\t` +
      `0 : 65535\t${port} : ${last}\t0x${protocol === 6 ? '06' : '11'}/0xFF`,
  );
  const trace = Array.from({ length: headers }, () => {
    const { source, destination, port, protocol } = random.pick(rules);
    const ports = `${32768 + random.below(28000)} ${port + random.below(2)}`;
    return `${inside(source)} ${inside(destination)} ${ports} ${protocol}`;
  });
  return { rules: `${lines.join('\n')}\n`, trace: `${trace.join('\n')}\n` };
}
