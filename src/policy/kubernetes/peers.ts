/**
 * Peers of policy rules: decoded -> validated (4, 5, 8, 25 of docs/semantics.md).
 */
import { type Block, contains, parseAddress, parseBlock } from '../../cluster/address.js';
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import type { Peer } from '../policy.js';
import { type DecodedSelector, readSelector } from './selectors.js';

export interface DecodedPeer {
  readonly podSelector?: DecodedSelector;
  readonly namespaceSelector?: DecodedSelector;
  readonly ipBlock?: { readonly cidr?: string; readonly except?: readonly (string | null | undefined)[] };
}

/** @returns null where the peer says nothing usable; then a finding says why */
export function readPeer(given: DecodedPeer, path: Path, findings: Findings): Peer | null {
  const { podSelector, namespaceSelector, ipBlock } = given;
  const pods = podSelector === undefined ? null : readSelector(podSelector, [...path, 'podSelector'], findings);
  const namespaces =
    namespaceSelector === undefined ? null : readSelector(namespaceSelector, [...path, 'namespaceSelector'], findings);
  const block = ipBlock === undefined ? null : readBlock(ipBlock, [...path, 'ipBlock'], findings);
  if (ipBlock !== undefined) {
    if (pods === null && namespaces === null) return block;
    findings.error(
      path,
      'Forbidden: may not specify both ipBlock and another peer',
      'make the ipBlock an entry of its own: begin it with "- "',
    );
    return null;
  }
  if (pods === null && namespaces === null) {
    findings.error(
      path,
      'Required value: must specify a peer',
      'podSelector: {} means every pod of the namespace, namespaceSelector: {} every pod; an empty list of peers everyone',
    );
    return null;
  }
  return { kind: 'pods', podSelector: pods, namespaceSelector: namespaces };
}

export function readBlock(
  given: NonNullable<DecodedPeer['ipBlock']>,
  path: Path,
  findings: Findings,
): Extract<Peer, { kind: 'ipBlock' }> | null {
  const cidrPath = [...path, 'cidr'];
  if ((given.cidr ?? '') === '') {
    findings.error(cidrPath, 'Required value', 'every address is cidr: 0.0.0.0/0 and, in another entry, cidr: ::/0');
    return null;
  }
  const cidr = readCidr(given.cidr!, cidrPath, findings);
  const except: string[] = [];
  (given.except ?? []).forEach((given, i) => {
    if (given === undefined) return;
    const text = given ?? '';
    const exceptPath = [...path, 'except', i];
    const block = readCidr(text, exceptPath, findings);
    if (cidr === null || block === null) return;
    if (!contains(cidr, block) || cidr.length >= block.length) {
      findings.error(
        exceptPath,
        `Invalid value: ${shown(text)}: must be a strict subset of \`cidr\``,
        `\`cidr\` is ${cidr.text}`,
      );
    } else except.push(block.text);
  });
  return cidr === null ? null : { kind: 'ipBlock', cidr: cidr.text, except };
}

/** (8): host bits are masked, as the API server's lenient parser has always done; its warnings are passed on. */
export function readCidr(text: string, path: Path, findings: Findings): Block | null {
  const block = parseBlock(text);
  if (block === null) {
    const address = parseAddress(text);
    const hint = address === null ? undefined : `one address is ${address.text}/${address.family === 4 ? 32 : 128}`;
    const message = `Invalid value: ${shown(text)}: must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`;
    findings.error(path, message, hint);
    return null;
  }
  if (block.hostBits) {
    const single = `${block.address}/${block.family === 4 ? 32 : 128}`;
    const message = `CIDR value ${shown(text)} is ambiguous in this context (should be "${block.text}" or "${single}"?)`;
    findings.warn(path, message, `it is read as ${block.text}`);
  }
  if (block.lenient) {
    const message = `non-standard CIDR value ${shown(text)} will be considered invalid in a future Kubernetes release: use "${block.text}"`;
    findings.warn(path, message);
  }
  return block;
}
