/**
 * Where the states of a machine stand in its drawing.
 *
 * In:  a machine.  Out: the middle of each state's box, and the lines between them as SVG paths: straight, or bent where a straight one
 * would cross a box or lie on the line back.
 */
import type { Machine, MachineEdge } from '../../../src/stepping/machines.js';

export const WIDTH = 640;
export const BOX = { width: 126, height: 34 };

type Point = readonly [x: number, y: number];
interface Places {
  readonly height: number;
  readonly at: Readonly<Record<string, Point>>;
  /** How far the middle of an edge is moved: to the left of its direction, in units of the drawing. */
  readonly bends: Readonly<Record<string, number>>;
}

const TCP: Places = {
  height: 330,
  at: {
    NONE: [72, 40],
    SYN_SENT: [232, 40],
    SYN_SENT2: [396, 40],
    ESTABLISHED: [72, 150],
    SYN_RECV: [232, 150],
    CLOSE: [566, 150],
    FIN_WAIT: [72, 270],
    CLOSE_WAIT: [232, 270],
    LAST_ACK: [396, 270],
    TIME_WAIT: [566, 270],
  },
  bends: {
    'FIN_WAIT LAST_ACK': 45,
    'ESTABLISHED CLOSE': 55,
    'SYN_SENT CLOSE': 18,
    'CLOSE SYN_SENT': 18,
    'TIME_WAIT SYN_SENT': -8,
  },
};

const SCTP: Places = {
  height: 330,
  at: {
    NONE: [72, 40],
    CLOSED: [232, 40],
    COOKIE_WAIT: [396, 40],
    COOKIE_ECHOED: [566, 40],
    HEARTBEAT_SENT: [72, 150],
    ESTABLISHED: [566, 150],
    SHUTDOWN_ACK_SENT: [232, 270],
    SHUTDOWN_RECD: [396, 270],
    SHUTDOWN_SENT: [566, 270],
  },
  bends: { 'COOKIE_ECHOED CLOSED': 40, 'SHUTDOWN_SENT SHUTDOWN_ACK_SENT': -45, 'NONE COOKIE_WAIT': 40 },
};

export function placesOf({ protocol, states }: Machine): Places {
  if (protocol === 'TCP') return TCP;
  if (protocol === 'SCTP') return SCTP;
  const at = Object.fromEntries(states.map(({ name }, i) => [name, [72 + i * 164, 40] as const]));
  return { height: 90, at, bends: {} };
}

/** From border to border. */
export function pathOf(
  { from, to }: MachineEdge,
  { at, bends }: Places,
): { readonly d: string; readonly middle: Point; readonly isShort: boolean } {
  const [a, b] = [at[from]!, at[to]!];
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = Math.hypot(dx, dy) || 1;
  const bend = bends[`${from} ${to}`] ?? 0;
  // Twice as far: a curve reaches half of its control point.
  const control: Point = [(a[0] + b[0]) / 2 + (dy / length) * bend * 2, (a[1] + b[1]) / 2 - (dx / length) * bend * 2];
  const [start, end] = [border(a, control), border(b, control)];
  const middle: Point = [(start[0] + 2 * control[0] + end[0]) / 4, (start[1] + 2 * control[1] + end[1]) / 4];
  const text = (point: Point): string => point.map(it => it.toFixed(1)).join(' ');
  const isShort = dy === 0 && bend === 0 && Math.abs(end[0] - start[0]) < 90;
  return { d: `M${text(start)}Q${text(control)} ${text(end)}`, middle, isShort };
}

/** Where the line from a box's middle to a point leaves the box. */
function border([x, y]: Point, [toX, toY]: Point): Point {
  const [dx, dy] = [toX - x, toY - y];
  const scale = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : BOX.width / 2 / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : BOX.height / 2 / Math.abs(dy),
  );
  return Number.isFinite(scale) ? [x + dx * scale, y + dy * scale] : [x, y];
}
