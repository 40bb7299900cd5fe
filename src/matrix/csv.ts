/**
 * The matrix as CSV (RFC 4180): a row for each protocol that one may speak to the other (cold).
 */
import { csvCell } from '../report/csv-cell.js';
import { formatPorts } from '../rules/ports.js';
import { hasPortsByName, partsOf } from './cell-text.js';
import type { Matrix } from './matrix.js';

const HEAD = ['from', 'to', 'protocol', 'ports', 'scope'];

/** `scope`: all, or for whom alone it holds: ipv4, ipv6, some; or undecided. `ports` is empty for protocols without. */
export function matrixCsv({ cells }: Matrix): string[] {
  const rows = cells
    .flat()
    .flatMap(cell =>
      cell === null
        ? []
        : partsOf(cell).flatMap(({ scope, reach }) =>
            [...reach].flatMap(([protocol, ports]) =>
              ports.length === 0
                ? []
                : [[cell.from, cell.to, protocol, hasPortsByName(protocol) ? formatPorts(ports) : '', scope]],
            ),
          ),
    );
  return [HEAD, ...rows].map(row => row.map(csvCell).join(','));
}
