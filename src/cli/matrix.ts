/**
 * policap matrix: who can talk to whom, on what, as it is printed.
 */
import { matrixCsv } from '../matrix/csv.js';
import { matrixDot } from '../matrix/dot.js';
import { matrixJson } from '../matrix/json.js';
import { matrixMarkdown } from '../matrix/markdown.js';
import { computeMatrix } from '../matrix/matrix.js';
import { matrixSvg } from '../matrix/svg.js';
import { matrixLines } from '../matrix/text.js';
import { openOutput } from '../node/output.js';
import { asPlugin, noticeOf } from '../profile/profile.js';
import { compileInput } from './documents.js';
import type { MatrixCommandOptions } from './matrix-command.js';
import { noticeText } from './notice.js';
import { styleFor, type Terminal } from './terminal.js';

export function runMatrix(options: MatrixCommandOptions, terminal: Terminal): void {
  const { color, output, layout, by, write } = options;
  const errors = styleFor(color, terminal.errIsTerminal, terminal.environment);
  const compiled = compileInput(options, terminal, errors);
  const { profile, profileFrom } = compiled;
  const matrix = computeMatrix(compiled, by, options.outside);
  const style = styleFor(write === undefined ? color : 'never', terminal.outIsTerminal, terminal.environment);
  const how = profile.name === 'upstream' ? [] : [`Policies ${asPlugin(profile)} (${profileFrom}).`];
  const notice = noticeOf(profile);
  const lines = {
    text: () => [
      ...noticeText(profile, style).split('\n').slice(0, -1),
      ...matrixLines(matrix, { style, layout, columns: terminal.columns }),
      ...how.map(text => style('dim', text)),
    ],
    json: () => matrixJson(matrix, by, profile),
    csv: () => matrixCsv(matrix),
    markdown: () => [
      ...(notice === null ? [] : [`> **${notice}**`, '']),
      ...matrixMarkdown(matrix),
      ...how.flatMap(text => ['', text]),
    ],
    dot: () => [...(notice === null ? [] : [`// ${notice}`]), ...matrixDot(matrix)],
    svg: () => [matrixSvg(matrix, { notes: [...(notice === null ? [] : [notice]), ...how] })],
  }[output]();
  // A table of values has no place for it.
  if (output === 'csv' && notice !== null) terminal.say(`policap: ${notice}`);
  const file = write === undefined ? null : openOutput(write);
  (file ?? terminal).write(`${lines.join('\n')}\n`);
  file?.close();
}
