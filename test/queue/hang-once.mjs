// A worker's thread that hangs, busy, on its first capture ever, and works on the others.
import { existsSync, writeFileSync } from 'node:fs';

const mark = process.env.POLICAP_TEST_HANG;
if (!existsSync(mark)) {
  writeFileSync(mark, '');
  for (;;);
}
await import('../../dist/queue/point-thread.js');
