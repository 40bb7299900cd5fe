#!/usr/bin/env node
/**
 * npm run kernel -- CAPTURE -p POLICIES -c CLUSTER: the comparison with the running kernel for anyone's own capture.
 *
 * The program and the harness are test/kernel/, in TypeScript: the test runner's own loader runs them as they are.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (!existsSync(join(root, 'node_modules', 'vitest'))) {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'run.mjs'), 'build'], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(2);
}

const { createViteServer } = await import('vitest/node');
const loader = await createViteServer({
  root,
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true, include: [] },
});
const { kernelProgram } = await loader.ssrLoadModule('/test/kernel/program.ts');
const { processTerminal } = await loader.ssrLoadModule('/src/cli/terminal.ts');
process.exitCode = await kernelProgram(process.argv.slice(2), processTerminal());
await loader.close();
