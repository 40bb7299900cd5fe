/**
 * Problems of one document, told by path: readers say what is wrong where in the object, this says where in the file.
 */
import type { KubernetesDocument, Path, Position, Problem } from './document.js';

/** `spec.ingress[0].from`, as the API server prints paths. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** The order in which a document's problems are told. */
export const byPosition = (a: Problem, b: Problem): number => comparePositions(a.position, b.position);

const comparePositions = (a: Position, b: Position): number => a.line - b.line || a.column - b.column;

export class Findings {
  constructor(
    readonly document: KubernetesDocument,
    private readonly problems: Problem[],
  ) {}

  /** @param body what follows the path: `Invalid value: 0: must be between 1 and 65535, inclusive` */
  error(path: Path, body: string, hint?: string, at: Path = path): void {
    this.add('error', `${formatPath(path)}: ${body}`, hint, at);
  }

  warn(path: Path, body: string, hint?: string, at: Path = path): void {
    this.add('warning', `${formatPath(path)}: ${body}`, hint, at);
  }

  add(severity: Problem['severity'], message: string, hint: string | undefined, at: Path): void {
    const position = this.document.at(at);
    this.problems.push(hint === undefined ? { severity, position, message } : { severity, position, message, hint });
  }
}

/** What a JSON value is called in decoding errors. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** A value in a message, short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
