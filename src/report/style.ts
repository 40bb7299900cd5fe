/**
 * How text reports are coloured: the edge passes a function in, so that reports stay free of terminals.
 */
export type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** `text` in that format, or as it is where nothing is coloured. */
export type Style = (format: Format, text: string) => string;

export const plain: Style = (_, text) => text;

/** 1234567 -> "1,234,567". */
export const count = (value: number): string => value.toLocaleString('en-US');

/** 1 -> "1 packet", 1200 -> "1,200 packets". */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** 0.0123 -> "12 ms", 75 -> "1 min 15 s", in whole units that a person compares. */
export function duration(seconds: number): string {
  if (seconds < 0.001) return seconds <= 0 ? '0 s' : '< 1 ms';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  const from = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(from, from + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/** `policies/web.yaml:4:3` -> `policies/web.yaml:4`. */
export const withoutColumn = (source: string): string => source.replace(/:\d+$/, '');
