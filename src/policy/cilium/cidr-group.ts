/**
 * One CiliumCIDRGroup document -> the model of model.ts (CI16).
 */
import type { KubernetesDocument, Problem } from '../../documents/document.js';
import { Findings } from '../../documents/findings.js';
import type { DialectKind } from '../dialects.js';
import { type DecodedMetadata, readMetadata } from '../kubernetes/metadata.js';
import { decode } from '../kubernetes/schema.js';
import { CIDR_GROUP } from './fields.js';
import type { CiliumGroup } from './model.js';
import { readCidr } from './peers.js';

interface Decoded {
  readonly metadata?: DecodedMetadata;
  readonly spec?: { readonly externalCIDRs?: readonly (string | null | undefined)[] };
}

function read(document: KubernetesDocument, problems: Problem[]): CiliumGroup | null {
  const own: Problem[] = [];
  const findings = new Findings(document, own);
  const { metadata = {}, spec = {} } = decode(CIDR_GROUP, document.object, [], findings) as Decoded;
  const { name } = readMetadata(metadata, findings);
  const { externalCIDRs } = spec;
  if (externalCIDRs === undefined) findings.error(['spec', 'externalCIDRs'], 'Required value');
  const cidrs = (externalCIDRs ?? []).flatMap((text, i) => {
    const block = text === undefined ? null : readCidr(text ?? '', ['spec', 'externalCIDRs', i], findings);
    return block === null ? [] : [block.text];
  });
  problems.push(...own);
  if (own.some(({ severity }) => severity === 'error')) return null;
  return {
    kind: 'CiliumCIDRGroup',
    namespace: '',
    name,
    labels: metadata.labels ?? {},
    cidrs,
    position: document.position,
  };
}

export const CIDR_GROUP_KIND: DialectKind<CiliumGroup> = {
  dialect: 'cilium',
  group: 'cilium.io',
  versions: ['v2', 'v2alpha1'],
  kind: 'CiliumCIDRGroup',
  isNamespaced: false,
  schema: CIDR_GROUP,
  read,
};
