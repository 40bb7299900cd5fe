/**
 * The servers of a play: real programs in their pods' namespaces, and plain sockets where a play names none.
 *
 * In:  play.yaml's `servers` and `steps`.  Out: everything listens when startServers returns.
 *   { at: shop/db-0, run: redis, port: 6379 }      run: redis | postgres | dns | http | web | sctp | echo | any shell command
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveEnd } from './plan.mjs';
import { run, sleep, start, until } from './shell.mjs';

/** @typedef {import('./plan.mjs').Plan} Plan */
/** @typedef {{ at: string, run: string, port: number, protocol: string, [option: string]: any }} Server */
/** @typedef {(command: any) => Promise<any>} Sockets  asks sockets.py */

const HERE = dirname(fileURLToPath(import.meta.url));
const POSTGRES = '/usr/lib/postgresql/15/bin';

/** Starts sockets.py. @returns {Sockets} */
export function startSockets() {
  const python = start('/usr/bin/python3', [join(HERE, 'sockets.py')]);
  let taken = 0;
  /** @type {Promise<any>} */
  let last = Promise.resolve();
  return command => {
    const answer = last.then(async () => {
      python.child.stdin?.write(JSON.stringify(command) + '\n');
      const line = () => python.stdout.split('\n').slice(0, -1)[taken];
      await until(`an answer to ${JSON.stringify(command)}\n${python.stderr}`, () => line() !== undefined, 60);
      const result = JSON.parse(/** @type {string} */ (line()));
      taken++;
      if (result.outcome === 'error') throw new Error(`${JSON.stringify(command)}: ${result.error}`);
      return result;
    });
    last = answer.catch(() => {});
    return answer;
  };
}

/**
 * @param {Plan} plan @param {Sockets} sockets @param {string} temporary a folder of this run
 */
export async function startServers(plan, sockets, temporary) {
  /** @type {Server[]} */
  const servers = (plan.play.servers ?? []).map((/** @type {any} */ s) => ({ protocol: 'TCP', ...s }));
  const spaceOf = (/** @type {Server} */ s) => /** @type {any} */ (resolveEnd(plan, s.at).place).namespace;
  const declared = new Set(servers.map(s => `${spaceOf(s)} ${s.protocol} ${s.port}`));
  for (const s of servers) if (s.run === 'dns') declared.add(`${spaceOf(s)} UDP ${s.port}`);
  for (const server of servers) await startServer(plan, sockets, temporary, server);
  for (const step of plan.play.steps ?? []) {
    const protocol = step.protocol ?? 'TCP';
    if (!step.to || !step.port || !['TCP', 'UDP'].includes(protocol)) continue;
    const expect = step.expect ?? 'reply';
    for (const end of backendsOf(plan, step)) {
      const key = `${end.namespace} ${protocol} ${end.port}`;
      if (declared.has(key)) continue;
      declared.add(key);
      if (expect === 'reply' || expect === 'open')
        await startServer(plan, sockets, temporary, { at: end.name, run: 'echo', port: end.port, protocol });
      if (expect === 'timeout') await silence(end.namespace, protocol, end.port);
    }
  }
}

/** Where a step's packets end up: the place itself, or every backend of a Service. */
function backendsOf(/** @type {Plan} */ plan, /** @type {any} */ step) {
  const { place } = resolveEnd(plan, step.to);
  if ('ports' in place && 'local' in place) {
    const port = place.ports.find(p => p.port === step.port && p.protocol === (step.protocol ?? 'TCP'));
    return (port?.backends ?? []).map(backend => ({ ...resolvePlace(plan, backend.address), port: backend.port }));
  }
  const nodePort = plan.services
    .flatMap(service => service.ports)
    .find(p => p.nodePort === step.port && plan.nodes.some(node => node.name === place.name));
  if (nodePort) return nodePort.backends.map(b => ({ ...resolvePlace(plan, b.address), port: b.port }));
  return [{ name: place.name, namespace: /** @type {any} */ (place).namespace, port: step.port }];
}

function resolvePlace(/** @type {Plan} */ plan, /** @type {string} */ address) {
  const place = /** @type {any} */ (resolveEnd(plan, address).place);
  return { name: place.name, namespace: place.namespace };
}

/** A port whose packets nobody answers. */
const silence = (/** @type {string} */ namespace, /** @type {string} */ protocol, /** @type {number} */ port) =>
  run('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], {
    input: `table inet silent { chain input { type filter hook input priority 0
      ${protocol.toLowerCase()} dport ${port} drop
    } }\n`.replace(/ \} \}/, '\n}\n}'),
  });

/** @param {Plan} plan @param {Sockets} sockets @param {string} temporary @param {Server} server */
async function startServer(plan, sockets, temporary, server) {
  const { place } = resolveEnd(plan, server.at);
  const namespace = /** @type {import('./plan.mjs').Place} */ (place).namespace;
  const folder = join(temporary, `${server.at.replaceAll('/', '-')}-${server.port}`);
  mkdirSync(folder, { recursive: true });
  const inside = (/** @type {string[]} */ ...command) =>
    start('ip', ['netns', 'exec', namespace, ...command], { cwd: folder });
  const { port } = server;
  const program = programs[server.run];
  if (server.run === 'echo') {
    // Each of its addresses, so that a datagram's answer comes from the address it went to.
    for (const address of place.addresses) await sockets({ ...server, op: 'serve', namespace, address, port });
    return;
  }
  const started = await (program ? program({ plan, server, inside, folder }) : inside('sh', '-c', server.run));
  if (server.run === 'sctp' || port === undefined) return void (await sleep(0.5));
  await until(`${server.run} at ${server.at}, port ${port}\n${started.stderr}`, async () => {
    const sockets = await run('ip', ['netns', 'exec', namespace, 'ss', '-Hlntu']);
    return sockets.split('\n').some(line => line.split(/\s+/)[4]?.endsWith(`:${port}`));
  });
  if (server.run === 'postgres') await sleep(0.5);
}

/** @type {Record<string, (given: { plan: Plan, server: Server, inside: (...command: string[]) => import('./shell.mjs').Started, folder: string }) => any>} */
const programs = {
  redis: ({ server, inside }) =>
    inside(
      'redis-server',
      '--port',
      String(server.port),
      '--bind',
      '*',
      '-::*',
      '--protected-mode',
      'no',
      '--save',
      '',
    ),

  http: ({ server, inside, folder }) => {
    for (const [name, size] of Object.entries({ 'index.html': 200, healthz: 2, metrics: 1500, ...server.files }))
      writeFileSync(join(folder, name), 'ok '.repeat(Number(size)).slice(0, Number(size)));
    return inside('/usr/bin/python3', '-m', 'http.server', String(server.port), '--bind', '::');
  },

  web: async ({ server, inside, folder }) => {
    const { port, name = 'web.example' } = server;
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')];
    const asked = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`];
    if (server.tls) await run('openssl', ['req', ...asked, '-addext', `subjectAltName=DNS:${name}`, ...files]);
    return inside('/usr/bin/python3', join(HERE, 'web.py'), String(port), ...(server.tls ? ['tls'] : []));
  },

  dns: ({ plan, server, inside }) => {
    const records = [
      ...plan.services
        .filter(service => service.addresses.length)
        .map(
          service => `${service.name.split('/').reverse().join('.')}.svc.cluster.local,${service.addresses.join(',')}`,
        ),
      ...Object.entries(server.records ?? {}).map(([name, addresses]) =>
        [name, ...[addresses].flat(), ...ttlOf(server, name)].join(','),
      ),
    ];
    const aliases = Object.entries(server.aliases ?? {}).map(
      ([name, target]) => `--cname=${[name, target, ...ttlOf(server, name)].join(',')}`,
    );
    const text = Object.entries(server.text ?? {}).map(
      ([name, size]) => `--txt-record=${name},${longText(Number(size))}`,
    );
    return inside(
      'dnsmasq',
      '-k',
      '-C',
      '/dev/null',
      '-u',
      'root',
      '-x',
      '',
      '-R',
      '-h',
      '-p',
      String(server.port ?? 53),
      ...['cluster.local', ...(server.zones ?? [])].map(zone => `--local=/${zone}/`),
      ...records.map(record => `--host-record=${record}`),
      ...aliases,
      ...text,
    );
  },

  postgres: async ({ server, inside, folder }) => {
    const data = join(folder, 'data');
    const as = ['setpriv', '--reuid', 'postgres', '--regid', 'postgres', '--clear-groups'];
    await run('chown', ['postgres', folder]);
    await run(as[0], [...as.slice(1), `${POSTGRES}/initdb`, '-D', data, '-A', 'trust', '-U', 'app', '-N'], {
      cwd: '/',
    });
    writeFileSync(join(data, 'pg_hba.conf'), 'host all all all trust\n');
    return inside(
      ...as,
      `${POSTGRES}/postgres`,
      '-D',
      data,
      '-p',
      String(server.port),
      '-h',
      '*',
      '-k',
      '',
      '-c',
      'fsync=off',
      '-c',
      'shared_buffers=16MB',
    );
  },

  sctp: ({ server, inside, folder }) => {
    copyFileSync(sctpProgram, join(folder, 'sctp'));
    return inside('./sctp', 'server', String(server.port));
  },
};

/** Where buildSctp put its program. */
let sctpProgram = '';

/** Compiles sctp.c (Debian: gcc, libusrsctp-dev). @param {string} temporary @returns {Promise<string>} the program */
export async function buildSctp(temporary) {
  sctpProgram = join(temporary, 'sctp-peer');
  await run('gcc', ['-O1', '-o', sctpProgram, join(HERE, 'sctp.c'), '-lusrsctp', '-lpthread'], { seconds: 60 });
  return sctpProgram;
}

/** The seconds that a name's record is good for, where the play says them; dnsmasq's own are 0. */
const ttlOf = (/** @type {Server} */ server, /** @type {string} */ name) =>
  [server.ttl?.[name] ?? server.ttl?.['*'] ?? []].flat();

/** TXT strings hold at most 255 bytes each. */
function longText(/** @type {number} */ size) {
  const parts = [];
  for (let left = size; left > 0; left -= 250) parts.push('x'.repeat(Math.min(250, left)));
  return parts.join(',');
}
