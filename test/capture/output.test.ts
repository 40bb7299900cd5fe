import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutputError, openOutput } from '../../src/node/output.js';
import { compileInto } from './compiled.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-output-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const leftovers = (): string[] => readdirSync(folder).filter(name => name.endsWith('.partial'));

describe('an output file', () => {
  it('takes its name only when it is whole', () => {
    writeFileSync(at('result'), 'old');
    const output = openOutput(at('result'));
    expect(output.write('new ')).toBe(true);
    expect(output.write(Buffer.from('é'))).toBe(true);
    expect(readFileSync(at('result'), 'utf8')).toBe('old');
    output.close();
    expect(readFileSync(at('result'), 'utf8')).toBe('new é');
    expect(leftovers()).toEqual([]);
  });

  it('leaves the old one where it is given up', () => {
    const output = openOutput(at('result'));
    output.write('half');
    output.discard();
    expect(readFileSync(at('result'), 'utf8')).toBe('new é');
    const fresh = openOutput(at('fresh'));
    fresh.discard();
    expect(readdirSync(folder)).not.toContain('fresh');
    expect(leftovers()).toEqual([]);
  });

  it('replaces the file a link names, not the link', () => {
    writeFileSync(at('target'), 'old');
    symlinkSync(at('target'), at('link'));
    const output = openOutput(at('link'));
    output.write('new');
    output.close();
    expect(readFileSync(at('target'), 'utf8')).toBe('new');
  });

  it('keeps the permissions of the file it replaces', () => {
    writeFileSync(at('private'), 'old');
    chmodSync(at('private'), 0o600);
    const output = openOutput(at('private'));
    output.write('new');
    output.close();
    expect(readFileSync(at('private'), 'utf8')).toBe('new');
    expect(statSync(at('private')).mode & 0o777).toBe(0o600);
  });

  it('takes away what runs that are no more have left, and nothing else', () => {
    const left = (name: string, pid: number | string): string => `${name}.${hostname()}-${pid}.partial`;
    const { pid: gone = 0 } = spawnSync('true');
    const others = [left('again', process.ppid), left('again', 'mine'), left('another', gone), 'again.else-1.partial'];
    for (const name of [left('again', gone), ...others]) writeFileSync(at(name), 'half');
    openOutput(at('again')).close();
    expect(leftovers().sort()).toEqual(others.sort());
    for (const name of others) rmSync(at(name));
  });

  it('writes straight into what is no plain file', () => {
    const output = openOutput('/dev/null');
    expect(output.write('nothing')).toBe(true);
    output.close();
  });

  it('says in a sentence what cannot be written', () => {
    mkdirSync(at('directory'));
    expect(() => openOutput(at('directory'))).toThrow(OutputError);
    expect(() => openOutput(at('directory'))).toThrow('is a directory; name a file in it');
    expect(() => openOutput(at('nowhere/result'))).toThrow('no such directory');
    const full = openOutput('/dev/full');
    expect(() => full.write('x')).toThrow(/^\/dev\/full: .*no space left/i);
    full.close();
  });
});

describe('standard output', () => {
  let compiled: string;
  beforeAll(() => {
    compiled = at('compiled');
    compileInto(compiled, 'src/node/output.ts');
    writeFileSync(
      join(compiled, 'write.js'),
      `import { openOutput } from './node/output.js';
       import { readFileSync } from 'node:fs';
       if (process.argv[2]) process.stdout;
       const flags = Number.parseInt(/flags:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/1', 'utf8'))[1], 8);
       const output = openOutput('-');
       const line = 'x'.repeat(999_999) + '\\n';
       let lines = 0;
       while (lines < 20 && output.write(line)) lines++;
       output.close();
       console.error(String(lines) + (flags & 0o4000 ? ' nonblocking' : ''));`,
    );
  });
  const run = (command: string): { stdout: string; stderr: string } =>
    spawnSync('bash', ['-c', command.replace('WRITE', `${process.execPath} ${join(compiled, 'write.js')}`)], {
      encoding: 'utf8',
    });

  it('takes /dev/stdout for itself, where others write too', () => {
    writeFileSync(
      join(compiled, 'beside.js'),
      `import { openOutput } from './node/output.js';
       const [itself, named, number] = ['-', '/dev/stdout', '/dev/fd/1'].map(openOutput);
       itself.write('one '); named.write('two '); itself.write('three '); number.write('four');
       for (const output of [named, number, itself]) output.close();`,
    );
    spawnSync('bash', ['-c', `"$0" "$1" > "$2"`, process.execPath, join(compiled, 'beside.js'), at('beside')]);
    expect(readFileSync(at('beside'), 'utf8')).toBe('one two three four');
  });

  it('leaves the old file where its run is killed, and the next one clears up', async () => {
    writeFileSync(at('killed'), 'old');
    writeFileSync(
      join(compiled, 'endless.js'),
      `import { openOutput } from './node/output.js';
       const output = openOutput(process.argv[2]);
       output.write('half');
       console.log('ready');
       setInterval(() => output.write('half'), 1);`,
    );
    const run = spawn(process.execPath, [join(compiled, 'endless.js'), at('killed')]);
    const over = new Promise(resolve => {
      run.on('exit', resolve);
    });
    await new Promise(resolve => {
      run.stdout.once('data', resolve);
    });
    run.kill('SIGKILL');
    await over;
    expect(readFileSync(at('killed'), 'utf8')).toBe('old');
    expect(leftovers()).toEqual([`killed.${hostname()}-${run.pid}.partial`]);
    const again = openOutput(at('killed'));
    again.write('new');
    again.close();
    expect(readFileSync(at('killed'), 'utf8')).toBe('new');
    expect(leftovers()).toEqual([]);
  });

  it('writes all of it into a slow pipe, blocking or not', () => {
    expect(run('WRITE | (sleep 0.3; wc -c)')).toMatchObject({
      stdout: expect.stringMatching(/^20000000\s*$/),
      stderr: '20\n',
    });
    // Whoever touches process.stdout makes the pipe non-blocking.
    expect(run('WRITE nonblocking | (sleep 0.3; wc -c)')).toMatchObject({
      stdout: expect.stringMatching(/^20000000\s*$/),
      stderr: '20 nonblocking\n',
    });
  });

  it('ends quietly when its reader has left', () => {
    const { stdout, stderr } = run('WRITE | head -c 10');
    expect(stdout).toBe('xxxxxxxxxx');
    expect(Number.parseInt(stderr, 10)).toBeLessThan(20);
  });
});
