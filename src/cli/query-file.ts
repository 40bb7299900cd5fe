/**
 * `query -f`: lines of JSON -> questions. Every bad line is named, all at once.
 */
import { UsageError } from './errors.js';
import type { Asked } from './query.js';

type Check = (value: unknown) => boolean;

const isName: Check = value => typeof value === 'string' && value !== '';
const within =
  (highest: number): Check =>
  value =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= highest;

const isFields: Check = value =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every(field => typeof field === 'string');

/** Keys of a line, what each may be, and how that is said. */
const KEYS: Readonly<Record<string, readonly [Check, string]>> = {
  from: [isName, 'a name or an address'],
  to: [isName, 'a name or an address'],
  port: [within(65535), 'a whole number from 0 to 65535'],
  protocol: [value => isName(value) || within(255)(value), 'a protocol name or number'],
  sourcePort: [within(65535), 'a whole number from 0 to 65535'],
  icmpType: [within(255), 'a whole number from 0 to 255'],
  icmpCode: [within(255), 'a whole number from 0 to 255'],
  request: [isName, 'a method and a path'],
  headers: [isFields, 'an object of strings'],
};

/** Problems listed; the rest is counted. */
const SHOWN = 20;

export function readQueries(text: string, file: string): Asked[] {
  const asked: Asked[] = [];
  const problems: string[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const where = `${file}:${i + 1}`;
    const read = readLine(line);
    if (typeof read === 'string') problems.push(`${where}: ${read}`);
    else asked.push({ query: read as unknown as Asked['query'], where });
  });
  if (problems.length > SHOWN) problems.splice(SHOWN, problems.length, `and ${problems.length - SHOWN} more`);
  if (problems.length > 0) {
    throw new UsageError(
      problems.join('\n'),
      'a line is an object: {"from": "shop/web-0", "to": "shop/db-0", "port": 5432, "protocol": "TCP"}',
    );
  }
  return asked;
}

/** The question, or what is wrong with the line. */
function readLine(line: string): Record<string, unknown> | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
  const wrong: string[] = [];
  for (const [key, given] of Object.entries(value)) {
    const known = Object.hasOwn(KEYS, key) ? KEYS[key]! : null;
    if (known === null)
      wrong.push(`${JSON.stringify(key)} is not a key of a question (${Object.keys(KEYS).join(', ')})`);
    else if (!known[0](given)) wrong.push(`${key}: ${JSON.stringify(given)} is not ${known[1]}`);
  }
  for (const key of ['from', 'to']) if (!Object.hasOwn(value, key)) wrong.push(`${key} is missing`);
  return wrong.length > 0 ? wrong.join('; ') : (value as Record<string, unknown>);
}
