/**
 * What a person takes away: the records of the table as it is filtered, the marked capture, and the whole report.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { EngineFault, type ExportFormat, type TableName } from '../../worker/protocol.js';
import { engine } from '../workspace.js';

const FORMATS: readonly { readonly format: ExportFormat; readonly name: string; readonly needs?: TableName }[] = [
  { format: 'csv', name: 'Table as CSV' },
  { format: 'jsonl', name: 'Table as JSON lines' },
  { format: 'pcapng', name: 'Packets as pcapng, verdicts as comments', needs: 'packets' },
  { format: 'summary', name: 'Summary as JSON' },
  { format: 'text', name: 'Summary as text' },
  { format: 'html', name: 'Report as one HTML file' },
];

export function Save({ table, where }: { readonly table: TableName; readonly where: string }): JSX.Element {
  const says = useSignal('');
  async function save(format: ExportFormat): Promise<void> {
    says.value = 'Writing …';
    try {
      const { name, blob } = await engine.save(format, table, where);
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      says.value = `${name} is written.`;
    } catch (error) {
      says.value = error instanceof EngineFault ? error.message : String(error);
    }
  }
  return (
    <details class="save">
      <summary>Save</summary>
      <ul>
        {FORMATS.filter(({ needs }) => needs === undefined || needs === table).map(({ format, name }) => (
          <li key={format}>
            <button type="button" onClick={() => void save(format)}>
              {name}
            </button>
          </li>
        ))}
      </ul>
      <p role="status">{says}</p>
    </details>
  );
}
