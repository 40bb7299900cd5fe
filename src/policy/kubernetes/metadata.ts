/**
 * metadata of an object: decoded -> its name and namespace, with what the API server says of them.
 */
import { type Findings, shown } from '../../documents/findings.js';
import { labelComplaints, labelKeyComplaints, labelValueComplaints, subdomainComplaints } from './names.js';

export interface DecodedMetadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Of a namespaced kind: without a namespace it is in `default`. */
export function readMetadata(metadata: DecodedMetadata, findings: Findings): { name: string; namespace: string } {
  const name = metadata.name ?? '';
  const namespace = metadata.namespace ?? '';
  if (name !== '') {
    for (const complaint of subdomainComplaints(name)) {
      findings.error(['metadata', 'name'], `Invalid value: ${shown(name)}: ${complaint}`, templateHint(name));
    }
  } else if ((metadata.generateName ?? '') === '') {
    findings.error(['metadata', 'name'], 'Required value: name or generateName is required');
  }
  if (namespace !== '') {
    for (const complaint of labelComplaints(namespace)) {
      findings.error(
        ['metadata', 'namespace'],
        `Invalid value: ${shown(namespace)}: ${complaint}`,
        templateHint(namespace),
      );
    }
  }
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    const path = ['metadata', 'labels'];
    for (const complaint of labelKeyComplaints(key)) {
      findings.error(path, `Invalid value: ${shown(key)}: ${complaint}`, undefined, [...path, key]);
    }
    for (const complaint of labelValueComplaints(value)) {
      findings.error(path, `Invalid value: ${shown(value)}: ${complaint}`, undefined, [...path, key]);
    }
  }
  return {
    name: name === '' ? (metadata.generateName ?? '') : name,
    namespace: namespace === '' ? 'default' : namespace,
  };
}

const templateHint = (text: string): string | undefined =>
  text.includes('{{') ? 'this is a template: render it first, e.g. helm template RELEASE CHART' : undefined;
