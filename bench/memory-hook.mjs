/**
 * The most memory a Node program took, where GNU time is not there to tell: node --import ./memory-hook.mjs PROGRAM
 *
 * Out: kilobytes, in the file that POLICAP_BENCH_MEMORY names, when the program ends.
 */
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const file = process.env.POLICAP_BENCH_MEMORY;
  if (file !== undefined) writeFileSync(file, `${process.resourceUsage().maxRSS}\n`);
});
