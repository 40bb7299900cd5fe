/**
 * SARIF 2.1.0, the format of static analysis results that code scanning reads (cold).
 *
 * In:  rules and results.  Out: one log of one run. Paths have slashes; relative ones stay so, as code scanning wants them
 * from the root of the repository. The fingerprint says what a result is about, without its place: a result that moved is
 * the same one. Of several that say the same the second is told from the first by its number.
 */
import type { Position } from '../documents/document.js';

export type SarifLevel = 'error' | 'warning' | 'note';

export interface SarifRule {
  readonly id: string;
  readonly level: SarifLevel;
  /** What it finds, in a line. */
  readonly title: string;
  /** What to do about it, or where to read on. */
  readonly help: string;
}

export interface SarifResult {
  /** Of one of the rules. */
  readonly ruleId: string;
  readonly level: SarifLevel;
  readonly message: string;
  readonly position: Position;
  /** What it is about; a result keeps its fingerprint while this and the rule stay the same. */
  readonly identity: string;
}

export interface SarifTool {
  readonly name: string;
  readonly version: string;
}

export function sarifLog(tool: SarifTool, rules: readonly SarifRule[], results: readonly SarifResult[]): object {
  const indices = new Map(rules.map(({ id }, i) => [id, i]));
  const seen = new Map<string, number>();
  const fingerprint = (identity: string): string => {
    const number = (seen.get(identity) ?? 0) + 1;
    seen.set(identity, number);
    return `${fnv64(identity)}:${number}`;
  };
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            ...tool,
            rules: rules.map(({ id, level, title, help }) => ({
              id,
              shortDescription: { text: sentence(title) },
              help: { text: help },
              defaultConfiguration: { level },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: results.map(({ ruleId, level, message, position, identity }) => ({
          ruleId,
          ruleIndex: indices.get(ruleId)!,
          level,
          message: { text: message },
          locations: [{ physicalLocation: locationOf(position) }],
          partialFingerprints: { 'policap/v1': fingerprint(`${ruleId} ${position.file} ${identity}`) },
        })),
      },
    ],
  };
}

/** What stands in no file has line 0: then there is no region. */
function locationOf({ file, line, column }: Position): object {
  const artifactLocation = { uri: uriOf(file) };
  return line === 0 ? { artifactLocation } : { artifactLocation, region: { startLine: line, startColumn: column } };
}

/** A path as a URI reference: relative paths stay relative. */
function uriOf(path: string): string {
  const parts = path.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
  const encoded = parts.split('/').map(encodeURIComponent).join('/');
  return encoded.startsWith('/') ? `file://${encoded}` : encoded;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const FNV_PRIME = 0x100000001b3n;
const FNV_OFFSET = 0xcbf29ce484222325n;

/** FNV-1a: sixteen hexadecimal digits. */
function fnv64(text: string): string {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  }
  return hash.toString(16).padStart(16, '0');
}
