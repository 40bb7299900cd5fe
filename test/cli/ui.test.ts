/**
 * policap ui: what it prints, serves and refuses on the command line. The process is real: sockets and signals too. The page
 * is any folder; its own tests are elsewhere.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { delimiter } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ask } from '../server/ask.js';
import { schemaErrors } from '../support/schema.js';
import { policap } from './person.js';
import { CANARY, CLUSTER, DB, makeShop } from './shop.js';

const shop = makeShop();
mkdirSync(shop.path('web'));
writeFileSync(shop.path('web/index.html'), 'the page');
const PAGE = { POLICAP_PAGE: shop.path('web') };

interface Running {
  readonly child: ChildProcess;
  readonly address: string;
  readonly port: number;
  readonly token: string;
  said(): string;
  printed(): string;
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});
afterAll(shop.remove);

/** @param shell a line for bash, in which "$@" is the command */
async function start(
  args: readonly string[],
  { environment = {}, shell = 'exec "$@"', input = '' } = {},
): Promise<Running> {
  const child = spawn('bash', ['-c', shell, 'bash', process.execPath, 'bin/policap', 'ui', ...args], {
    env: { ...process.env, ...PAGE, ...environment },
  });
  children.add(child);
  let [out, err] = ['', ''];
  const ended = new Promise<number | NodeJS.Signals | null>(resolve =>
    child.on('close', (code, signal) => {
      children.delete(child);
      resolve(signal ?? code);
    }),
  );
  child.stderr.on('data', chunk => {
    err += chunk;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', chunk => {
      out += chunk;
      if (out.includes('\n')) resolve();
    });
    child.on('close', () => reject(new Error(`it ended: ${err}`)));
  });
  const [, address = '', port = '', token = ''] = /^(http:\/\/127\.0\.0\.1:(\d+)\/#token=(.+))\n/.exec(out) ?? [];
  return {
    child,
    address,
    port: Number(port),
    token,
    said: () => err,
    printed: () => out,
    end: signal => {
      child.kill(signal);
      return ended;
    },
  };
}

const api = ({ port, token }: Running, target: string) =>
  ask(port, `/api/${target}`, { headers: { Authorization: `Bearer ${token}` } });
const workspaceOf = async (running: Running) => JSON.parse((await api(running, 'workspace')).body.toString());

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise(resolve => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe('policap ui', () => {
  it('prints the address, then what it serves; the page is there, and the rest needs the token', async () => {
    const running = await start([shop.path('three.pcap'), ...shop.input]);
    expect(running.printed()).toBe(`${running.address}\n`);
    await until(() => running.said().includes('\n'));
    expect(running.said()).toBe(
      'policap: serving 1 capture and 3 documents to this machine alone; nothing is sent anywhere. Ctrl-C ends it.\n',
    );
    expect(String((await ask(running.port, '/')).body)).toBe('the page');
    expect((await ask(running.port, '/api/workspace')).status).toBe(401);
    expect((await ask(running.port, '/', { headers: { Host: 'evil.example' } })).status).toBe(421);
    const workspace = await workspaceOf(running);
    expect(schemaErrors('policap.workspace/1', workspace)).toEqual([]);
    expect(workspace).toEqual({
      schema: 'policap.workspace/1',
      captures: [
        { name: shop.path('three.pcap'), size: readFileSync(shop.path('three.pcap')).length, url: 'api/captures/0' },
      ],
      documents: [
        { name: shop.path('policies/db.yaml'), text: DB, role: 'policies' },
        { name: shop.path('policies/more/canary.yml'), text: CANARY, role: 'policies' },
        { name: shop.path('cluster.yaml'), text: CLUSTER, role: 'cluster' },
      ],
      options: {
        profile: null,
        mode: 'what-if',
        staged: false,
        conntrack: null,
        timeouts: {},
        maxConnections: null,
        tunnels: true,
        duplicates: true,
      },
    });
    const { body } = await api(running, workspace.captures[0].url.slice('api/'.length));
    expect(body.equals(readFileSync(shop.path('three.pcap')))).toBe(true);
    expect(await running.end('SIGINT')).toBe(0);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 on %s, though a browser keeps its connection', async signal => {
    const running = await start([]);
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      get({ host: '127.0.0.1', port: running.port, path: '/', agent }, answer => answer.resume().on('end', resolve)).on(
        'error',
        reject,
      );
    });
    const before = performance.now();
    expect(await running.end(signal)).toBe(0);
    expect(performance.now() - before).toBeLessThan(3000);
    await expect(ask(running.port, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    agent.destroy();
  });

  it('needs no files, and goes on when nobody reads the address', async () => {
    const running = await start([]);
    running.child.stdout!.destroy();
    expect(await workspaceOf(running)).toMatchObject({ captures: [], documents: [] });
    await until(() => running.said().includes('\n'));
    expect(running.said()).toContain('serving the page without files, to this machine alone');
    expect(await running.end('SIGTERM')).toBe(0);
  });

  it('hands on the options, as they are meant', async () => {
    const options = ['--profile', 'cilium', '--mode', 'dataplane', '--staged', '--conntrack', 'linux'];
    const table = ['--timeout', 'tcp_established=60.5', '--max-connections', '1000', '--no-tunnels', '--no-duplicates'];
    const workspace = await workspaceOf(await start([...options, ...table]));
    expect(schemaErrors('policap.workspace/1', workspace)).toEqual([]);
    expect(workspace.options).toEqual({
      profile: 'cilium',
      mode: 'dataplane',
      staged: true,
      conntrack: 'linux',
      timeouts: { tcp_established: 60.5 },
      maxConnections: 1000,
      tunnels: false,
      duplicates: false,
    });
  });

  it('reads documents again at each request, and says what it cannot read', async () => {
    const path = shop.path('edited.yaml');
    writeFileSync(path, 'kind: Before\n');
    const running = await start(['-p', path]);
    const text = async () => (await workspaceOf(running)).documents[0].text;
    expect(await text()).toBe('kind: Before\n');
    writeFileSync(path, '\uFEFFkind: "Nächstes"\n');
    expect(await text()).toBe('kind: "Nächstes"\n');
    writeFileSync(path, Buffer.from('a\nb\xff', 'latin1'));
    const broken = await api(running, 'workspace');
    expect([broken.status, JSON.parse(broken.body.toString()).error]).toEqual([
      422,
      `${path}:2:2: not UTF-8: byte 0xff at offset 3; documents are YAML or JSON in UTF-8`,
    ]);
    rmSync(path);
    const gone = await api(running, 'workspace');
    expect([gone.status, JSON.parse(gone.body.toString())]).toEqual([
      422,
      { error: `${path}: no such file or directory` },
    ]);
    writeFileSync(path, 'kind: After\n');
    expect(await text()).toBe('kind: After\n');
    await until(() => running.said().includes('\n'));
    expect(running.said().trimEnd().split('\n').length).toBe(1);
  });

  it('says which capture is gone', async () => {
    const path = shop.path('later-gone.pcap');
    writeFileSync(path, 'x');
    const running = await start([path]);
    rmSync(path);
    for (const target of ['workspace', 'captures/0']) {
      const { status, body } = await api(running, target);
      expect([status, String(body)]).toEqual([422, expect.stringContaining(`${path}: no such file`)]);
    }
  });

  it('sends a file of both kinds once, and what can be read only once each time', async () => {
    const both = ['-p', shop.path('policies'), shop.path('cluster.yaml'), '-c', shop.path('cluster.yaml'), '-'];
    const shell = 'exec "$@" <(echo "kind: Piped")';
    const running = await start(both, { shell, input: 'kind: Typed\n' });
    for (let i = 0; i < 2; i++) {
      const { documents } = await workspaceOf(running);
      expect(documents.map(({ role, text }: { role: string; text: string }) => [role, text])).toEqual([
        ['policies', DB],
        ['policies', CANARY],
        ['policies', CLUSTER],
        ['cluster', 'kind: Typed\n'],
        ['cluster', 'kind: Piped\n'],
      ]);
      expect(documents[3].name).toBe('<stdin>');
    }
  });

  it('takes the port that it is told, and refuses one that is taken', async () => {
    const other = createServer();
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const { code, out, err } = await policap(['ui', '--port', String(port)], { environment: PAGE });
    expect([code, out]).toEqual([2, '']);
    expect(err).toBe(
      `policap: error: --port ${port}: another program listens there\n    name another one, or none for any free one\n`,
    );
    await new Promise(resolve => other.close(resolve));
    const running = await start(['--port', String(port)]);
    expect([running.port, (await ask(port, '/')).status]).toEqual([port, 200]);
  });
});

describe('policap ui --open', () => {
  const folder = shop.path('bin');
  mkdirSync(folder);
  const environment = { PATH: `${folder}${delimiter}${process.env['PATH']}` };
  const opener = (script: string): void => {
    for (const name of ['xdg-open', 'open']) {
      writeFileSync(`${folder}/${name}`, `#!/bin/sh\n${script}\n`);
      chmodSync(`${folder}/${name}`, 0o755);
    }
  };

  it('opens the address', async () => {
    const file = shop.path('opened');
    opener(`echo "$#" "$@" > ${file}.new; mv ${file}.new ${file}`);
    const running = await start(['--open'], { environment });
    await until(() => existsSync(file));
    expect(readFileSync(file, 'utf8')).toBe(`1 ${running.address}\n`);
    expect(await running.end('SIGINT')).toBe(0);
  });

  it('warns where that fails, and goes on', async () => {
    opener('exit 3');
    const running = await start(['--open'], { environment });
    await until(() => running.said().includes('warning'));
    expect(running.said()).toMatch(/warning: the browser was not opened: (xdg-)?open ended with exit code 3\n$/);
    expect((await ask(running.port, '/')).status).toBe(200);
  });

  it('warns where there is no program for it', async () => {
    const shell = 'PATH=/nowhere exec "$@"';
    const running = await start(['--open'], { shell });
    await until(() => running.said().includes('warning'));
    expect(running.said()).toMatch(/warning: the browser was not opened: there is no program (xdg-)?open\n$/);
    expect((await ask(running.port, '/')).status).toBe(200);
  });
});

describe('before it serves, policap ui refuses', () => {
  it.each([
    [['nowhere.pcap'], 'nowhere.pcap: no such file\n'],
    [[shop.path('empty')], `${shop.path('empty')}: is a directory; name the captures in it\n`],
    [['/dev/null'], '/dev/null: is no file; the page reads it more than once\n'],
    [['-'], 'standard input cannot be a capture of the page, which reads it more than once\n    write it to a file'],
    [['-p', 'nowhere.yaml'], 'nowhere.yaml: no such file or directory\n'],
    [['-c', shop.path('empty')], 'no *.yaml, *.yml or *.json in this directory\n'],
    [['-p', shop.path('three.pcap')], 'this is a packet capture: name it as the CAPTURE, not as a document\n'],
    [['--conntrack', 'bsd'], '--conntrack bsd: not known'],
    [['--conntrack', 'cilium', '--timeout', 'udp_stream=3'], 'connection table cilium has no such timeout, linux has'],
    [['--profile', 'cilium', '--timeout', 'udp_stream=3'], 'cilium (of profile cilium) has no such timeout'],
    [['--port', '65536'], 'Give a whole number from 0 to 65535.'],
    [['--rules', 'x'], "unknown option '--rules'"],
  ])('%j', async (args, message) => {
    const { code, out, err } = await policap(['ui', ...args], { environment: PAGE });
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^policap: error: /);
    expect(err).toContain(message);
    expect(err).not.toMatch(/ {4}at .*\.(ts|js):/);
  });

  it('a page that is not built', async () => {
    const { code, out, err } = await policap(['ui'], { environment: { POLICAP_PAGE: shop.path('empty') } });
    expect([code, out]).toEqual([2, '']);
    expect(err).toBe(`policap: error: ${shop.path('empty')}: the page is not built\n    npm run build:web builds it\n`);
  });
});

describe('Ctrl-C', () => {
  it('ends it in a terminal too', async () => {
    const { code, out } = await policap(['ui'], { environment: PAGE, interrupts: 'while it waits' });
    expect([code, out]).toEqual([0, expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}\n$/)]);
    await expect(ask(Number(/:(\d+)\//.exec(out)![1]), '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
