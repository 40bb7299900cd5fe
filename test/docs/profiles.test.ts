/** docs/profiles/: every profile has a page, with every decision, and marks exactly those in which it differs from upstream. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../src/profile/index.js';
import { PROFILE_NAMES } from '../../src/profile/profile.js';

const SOURCE = readFileSync('src/profile/profile.ts', 'utf8');
/** P1 -> its field. */
const FIELDS = new Map(
  [...SOURCE.matchAll(/\/\*\* \((P\d+)\)(?:[^*]|\*(?!\/))*\*\/\n {2}readonly (\w+):/g)].map(
    ([, number = '', field = '']) => [number, field as keyof (typeof PROFILES)['upstream']],
  ),
);

describe('docs/profiles', () => {
  it.each(PROFILE_NAMES)('%s.md', name => {
    const page = readFileSync(`docs/profiles/${name}.md`, 'utf8');
    expect(FIELDS.size).toBe(24);
    for (const [number, field] of FIELDS) {
      const row = new RegExp(`^\\| ${number} \\| [^|]+ \\| ([^|]+) \\|`, 'm').exec(page);
      expect(row, number).not.toBeNull();
      const differs = JSON.stringify(PROFILES[name][field]) !== JSON.stringify(PROFILES.upstream[field]);
      // What follows from (P5) alone is no difference of its own.
      expect([number, row![1]!.includes('**') || (number === 'P6' && /\d{5}/.test(row![1]!))]).toEqual([
        number,
        differs,
      ]);
    }
  });
});
