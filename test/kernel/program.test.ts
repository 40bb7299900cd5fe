import { describe, expect, it } from 'vitest';
import type { Terminal } from '../../src/cli/terminal.js';
import { kernelRefusal, kernelVersion } from './kernel.js';
import { kernelProgram } from './program.js';

const refusal = kernelRefusal();
if (refusal !== null && process.env.CI === 'true') throw new Error(refusal);

/** Runs the program; what it printed and its exit code. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    write: chunk => {
      out += chunk;
      return true;
    },
    say: text => {
      err += `${text}\n`;
    },
    progress: () => {},
    outIsTerminal: false,
    errIsTerminal: false,
    columns: 100,
    environment: {},
    readInput: () => new Uint8Array(),
    onInterrupt: () => () => {},
  };
  return { code: await kernelProgram(args, terminal), out, err };
}

const SHOP = ['pcaps/shop/capture.pcapng', '-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

describe('npm run kernel', () => {
  it('says what it is for', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    expect(out).toContain('npm run kernel -- pcaps/shop/capture.pcapng -p');
  });

  it('refuses what policap refuses, with exit code 2', async () => {
    expect((await run(...SHOP, '--timeout', 'udp=0.5')).err).toContain('whole seconds');
    expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining("missing required argument 'capture'") });
  });
});

describe.skipIf(refusal !== null)('npm run kernel, where there is a kernel to ask', () => {
  it('counts what agrees and what was not compared', async () => {
    expect(await run(...SHOP)).toEqual({
      code: 0,
      out: `pcaps/shop/capture.pcapng: 723 of 723 packets agree with Linux ${kernelVersion()}\nnot compared: 57 not-ip\n`,
      err: '',
    });
  });

  it('asks the kernel with the ruleset of a plugin', async () => {
    expect(await run(...SHOP, '--profile', 'kube-router')).toEqual({
      code: 0,
      out: `pcaps/shop/capture.pcapng: 723 of 723 packets agree with Linux ${kernelVersion()}, policies as kube-router enforces them\nnot compared: 57 not-ip\n`,
      err: '',
    });
  });

  it('takes timeouts, and only the first packets', async () => {
    const { code, out } = await run(...SHOP, '--timeout', 'tcp_syn_sent=7', '--first', '100');
    expect(code).toBe(0);
    expect(out).toMatch(/: (\d+) of \1 packets agree.*\nnot compared: .*\nthe first 100 packets only/);
  });

  it('names documents and captures that it cannot read', async () => {
    expect(await run('no.pcap', '-p', 'pcaps/shop/policies')).toMatchObject({
      code: 2,
      err: 'error: no.pcap: no such file\n',
    });
    expect((await run('pcaps/shop/capture.pcapng', '-p', 'README.md')).err).toMatch(/^README.md:\d+:\d+: error:/);
  });
});
