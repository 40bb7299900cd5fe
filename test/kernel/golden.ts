/**
 * The kernel's answers, kept in golden/: one file a capture, so that they can be checked without root and without a kernel.
 *
 *   # Linux 6.18; inner packets
 *   allowed established | established or related | ESTABLISHED 300 s replied assured: 5-8 10 12
 *
 * Each line is one answer (agreement.ts) and the numbers of the packets that got it, counted from 1. The lines are in the
 * order of their first packet. A file has one part for what tunnels carry and, where there are tunnels, one for the outside.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Answers } from './agreement.js';

/** Kernel version of the recording. */
export const RECORDED = '6.18';

const FOLDER = fileURLToPath(new URL('golden/', import.meta.url));

/** "pcaps/dns expected-pod.yaml" -> golden/pcaps-dns-expected-pod.txt */
export const goldenPath = (caseName: string): string =>
  `${FOLDER}${caseName.replace(/\.yaml$/, '').replace(/[^\w-]+/g, '-')}.txt`;

export function formatGolden(parts: readonly Answers[]): string {
  return parts
    .map((answers, i) => `# Linux ${RECORDED}; ${i === 0 ? 'inner' : 'outer'} packets\n${formatPart(answers)}`)
    .join('');
}

function formatPart(answers: Answers): string {
  const numbers = new Map<string, number[]>();
  for (const [number, answer] of answers) numbers.set(answer, [...(numbers.get(answer) ?? []), number]);
  return [...numbers].map(([answer, list]) => `${answer}: ${ranges(list)}\n`).join('');
}

function ranges(numbers: readonly number[]): string {
  const texts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let last = i;
    while (numbers[last + 1] === numbers[last]! + 1) last++;
    texts.push(last === i ? `${numbers[i]}` : `${numbers[i]}-${numbers[last]}`);
    i = last + 1;
  }
  return texts.join(' ');
}

/** @throws Error where the case was never recorded */
export function readGolden(caseName: string): Answers[] {
  const path = goldenPath(caseName);
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: record it with POLICAP_RECORD=1 npx vitest run test/kernel/captures.test.ts`);
  }
  return readFileSync(path, 'utf8')
    .split(/^#.*\n/m)
    .slice(1)
    .map(
      part =>
        new Map(
          part
            .trimEnd()
            .split('\n')
            .flatMap(readLine)
            .sort(([a], [b]) => a - b),
        ),
    );
}

function readLine(line: string): [number, string][] {
  if (line === '') return [];
  const colon = line.lastIndexOf(': ');
  const answer = line.slice(0, colon);
  return line
    .slice(colon + 2)
    .split(' ')
    .flatMap(range => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last! - first! + 1 }, (_, i): [number, string] => [first! + i, answer]);
    });
}
