/**
 * policap matrix: who can talk to whom, on what, as it is printed.
 */
import type { Level } from '../matrix/levels.js';
import { computeMatrix, type Matrix } from '../matrix/matrix.js';
import type { Reach } from '../matrix/reach.js';
import { asPlugin, type Profile, profileField } from '../profile/profile.js';
import { compileInput } from './documents.js';
import type { MatrixCommandOptions } from './matrix-command.js';
import { matrixLines } from './matrix-text.js';
import { noticeText } from './notice.js';
import { styleFor, type Terminal } from './terminal.js';

export function runMatrix(options: MatrixCommandOptions, terminal: Terminal): void {
  const { color, output, layout } = options;
  const compiled = compileInput(options, terminal, styleFor(color, terminal.errIsTerminal, terminal.environment));
  const matrix = computeMatrix(compiled, options.by, options.outside);
  if (output === 'json') {
    terminal.write(matrixJson(matrix, options.by, compiled.profile));
    return;
  }
  const style = styleFor(color, terminal.outIsTerminal, terminal.environment);
  terminal.write(noticeText(compiled.profile, style));
  terminal.write(`${matrixLines(matrix, { style, layout, columns: terminal.columns }).join('\n')}\n`);
  const { profile, profileFrom } = compiled;
  if (profile.name === 'upstream') return;
  terminal.write(`${style('dim', `Policies ${asPlugin(profile)} (${profileFrom}).`)}\n`);
}

function matrixJson({ names, cells }: Matrix, by: Level, profile: Profile): string {
  const shown = cells.flat().flatMap(cell => {
    if (cell === null) return [];
    const { from, to, all, v4, v6, some } = cell;
    const only = Object.entries({ ipv4: reachJson(v4), ipv6: reachJson(v6) }).filter(([, reach]) => reach.length > 0);
    return [{ from, to, allowed: reachJson(all), ...Object.fromEntries(only), some: reachJson(some) }];
  });
  return `${JSON.stringify({ schema: 'policap.matrix/1', ...profileField(profile), by, names, cells: shown }, null, 2)}\n`;
}

/** `{"protocol": "TCP", "ports": [[80, 80], [8000, 8100]]}`; `ports` null where the protocol has none. */
function reachJson(reach: Reach): { protocol: string; ports: [number, number][] | null }[] {
  const withoutPorts = (protocol: string): boolean => !['TCP', 'UDP', 'SCTP', 'UDPLite', '33'].includes(protocol);
  return [...reach].flatMap(([protocol, ports]): { protocol: string; ports: [number, number][] | null }[] => {
    if (ports.length === 0) return [];
    if (withoutPorts(protocol)) return [{ protocol, ports: null }];
    const ranges: [number, number][] = [];
    for (let i = 0; i < ports.length; i += 2) ranges.push([ports[i]!, ports[i + 1]!]);
    return [{ protocol, ports: ranges }];
  });
}
