/**
 * Figures as people read them.
 */
const GROUPED = new Intl.NumberFormat('en-US');

export const count = (n: number): string => GROUPED.format(n);

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = n;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Seconds, in the unit that suits. */
export function duration(seconds: number): string {
  if (seconds < 1e-3) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${round(seconds * 1e3)} ms`;
  if (seconds < 120) return `${round(seconds)} s`;
  if (seconds < 7200) return `${round(seconds / 60)} min`;
  return seconds < 172_800 ? `${round(seconds / 3600)} h` : `${round(seconds / 86_400)} days`;
}

const round = (n: number): number => Math.round(n * 10) / 10;

/** UTC. @param nanoseconds since 1970 @param digits of a second's fraction */
export function timeText(nanoseconds: bigint, digits = 0): string {
  const { text, fraction } = split(nanoseconds);
  return `${text.replace('T', ' ')}${digits === 0 ? '' : `.${fraction.slice(0, digits)}`}`;
}

/** A time as expressions have it, to the nanosecond. */
export function timeLiteral(nanoseconds: bigint): string {
  const { text, fraction } = split(nanoseconds);
  return `${text}.${fraction}Z`;
}

function split(nanoseconds: bigint): { readonly text: string; readonly fraction: string } {
  const second = 1_000_000_000n;
  const rest = ((nanoseconds % second) + second) % second;
  const whole = Number((nanoseconds - rest) / second);
  return { text: new Date(whole * 1000).toISOString().slice(0, 19), fraction: String(rest).padStart(9, '0') };
}
