/**
 * The steps of a play, one after another. A step whose outcome is not the one it names fails the play.
 *
 *   { from, to, port, protocol: TCP | UDP, expect: reply | refused | timeout | unreachable, send, times, family }
 *   { from, to, protocol: ICMP, count, size, expect }          ping(8)
 *   { in: shop/debug, run: "nmap -n -Pn {shop/api}", exit: 0 }  any program; {name} is an address, {name@6} its IPv6 one
 *   { open: NAME, from, to, port }  { send: bytes, on: NAME }  { close: NAME, reset: true }
 *   { wait: seconds }  { begin: captures }  { end: captures }
 */
import { isIPv6, resolveEnd } from './plan.mjs';
import { run, sleep } from './shell.mjs';

/** @typedef {import('./plan.mjs').Plan} Plan */
/** @typedef {{ plan: Plan, sockets: import('./servers.mjs').Sockets, temporary: string,
 *   begin: () => Promise<void>, end: () => Promise<void> }} Stage */

/** @param {Stage} stage */
export async function playSteps(stage) {
  for (const [index, step] of (stage.plan.play.steps ?? []).entries()) {
    try {
      await playStep(stage, step);
    } catch (error) {
      throw new Error(`step ${index + 1} ${JSON.stringify(step)}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

/** @param {Stage} stage @param {any} step */
async function playStep(stage, step) {
  const { plan, sockets } = stage;
  if (step.begin) return stage.begin();
  if (step.end) return stage.end();
  if (step.wait) return sleep(step.wait);
  if (step.run) return runProgram(stage, step);
  if (step.send !== undefined && step.on)
    return check(
      await sockets({ op: 'send', name: step.on, send: step.send, expect: step.expect }),
      step.expect ?? 'reply',
    );
  if (step.close) return check(await sockets({ op: 'close', name: step.close, reset: step.reset }), 'closed');
  if (step.protocol?.startsWith('ICMP')) return ping(plan, step);

  const { address } = resolveEnd(plan, step.to, step.family);
  const from = resolveEnd(plan, step.from).place;
  const source = step.from === from.name || step.from.startsWith('node/') ? '' : step.from;
  const expect = step.expect ?? 'reply';
  const command = {
    namespace: /** @type {any} */ (from).namespace,
    protocol: step.protocol ?? 'TCP',
    address,
    port: step.port,
    source: isIPv6(source) === isIPv6(address) ? source : '',
    sourcePort: step.sourcePort,
    send: step.send ?? 'ping\n',
    times: step.times ?? 1,
    seconds: step.seconds ?? (expect === 'timeout' ? 1.2 : 5),
  };
  if (step.open) return check(await sockets({ ...command, op: 'open', name: step.open }), 'open');
  check(await sockets({ ...command, op: 'attempt' }), expect);
}

/** @param {{ outcome: string }} result @param {string} expected */
function check(result, expected) {
  if (result.outcome !== expected) throw new Error(`expected "${expected}", the kernel said "${result.outcome}"`);
}

/** @param {Plan} plan @param {any} step */
async function ping(plan, step) {
  const { address } = resolveEnd(plan, step.to, step.family);
  const from = /** @type {any} */ (resolveEnd(plan, step.from).place);
  const answered = (step.expect ?? 'reply') === 'reply';
  const size = step.size === undefined ? [] : ['-s', String(step.size)];
  const options = ['-n', '-c', String(step.count ?? 1), '-i', '0.2', '-W', '1', ...size, ...(step.options ?? [])];
  await run('ip', ['netns', 'exec', from.namespace, 'ping', ...options, address], { exit: answered ? 0 : 1 });
}

/** @param {Stage} stage @param {any} step */
async function runProgram({ plan, temporary }, step) {
  const place = /** @type {any} */ (resolveEnd(plan, step.in).place);
  const command = step.run.replace(
    /\{([^}@]+)(?:@([46]))?\}/g,
    (/** @type {string} */ _, /** @type {string} */ name, /** @type {string} */ family) =>
      resolveEnd(plan, name, family ? /** @type {4 | 6} */ (Number(family)) : undefined).address,
  );
  const output = await run('ip', ['netns', 'exec', place.namespace, 'sh', '-c', command], {
    cwd: temporary,
    seconds: step.seconds ?? 30,
    exit: step.exit ?? 0,
  });
  if (process.env['LAB_VERBOSE']) process.stderr.write(output);
}
