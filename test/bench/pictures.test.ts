/** The pictures of made-up results: well-formed, whatever is named and whatever is missing. */
import { describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript without declarations
import { barChart, lineChart } from '../../bench/svg.mjs';
import { isWellFormed } from './xml.js';

describe('a chart', () => {
  const words = { title: 'a < b & "c"', unit: 'x > y', note: "it's", xTitle: '<x>', yTitle: '&y' };

  it('of bars is well-formed', () => {
    const bars = [
      { name: 'a & b', colour: 'blue', value: 10, min: 8, max: 12 },
      { name: '<none>', colour: 'grey', value: 0.001 },
    ];
    const svg: string = barChart({ ...words, bars });
    expect(isWellFormed(svg)).toBe(true);
    expect(svg).toContain('a &amp; b');
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  it.each([
    [[[1, 5]]],
    [
      [
        [1, 5],
        [10, 5],
        [100_000, 4e6],
      ],
    ],
    [[]],
  ])('of lines is well-formed, with points %j', points => {
    const flat = [
      {
        name: 'flat',
        colour: 'green',
        points: [
          [2, 5],
          [3, 5],
        ],
      },
      { name: 'one & another', colour: 'blue', points },
    ];
    expect(isWellFormed(lineChart({ ...words, series: flat }))).toBe(true);
  });

  it('that is cut or mixed up is noticed', () => {
    const svg: string = barChart({ ...words, bars: [{ name: 'a', colour: 'blue', value: 1 }] });
    for (const broken of [svg.slice(0, -8), svg.replace('</text>', ''), svg.replace('&amp;', '&'), `${svg}<g/>`])
      expect(isWellFormed(broken)).toBe(false);
  });
});
