/**
 * Values of Calico's fields: decoded -> validated, in the words of its validator (cold).
 *
 * Source: https://github.com/projectcalico/calico, libcalico-go/lib/validator/v3/validator.go and
 * api/pkg/lib/numorstring. Numbers are facts of docs/dialects/calico.md.
 */
import { parseAddress, parseBlock } from '../../cluster/address.js';
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';
import { PROTOCOLS } from './fields.js';
import type { CalicoPort } from './model.js';
import { type Expression, LONGEST_SELECTOR, parseSelector } from './selector.js';

/** Where a selector may name global(): in the namespaceSelector of a rule, alone (C12). */
type Global = 'refused' | 'alone';

/** @returns null where it is absent, or wrong: then a finding says so */
export function readExpression(
  text: string | undefined,
  path: Path,
  findings: Findings,
  global: Global = 'refused',
): Expression | null {
  if (text === undefined || text === '') return null;
  if (text.length > LONGEST_SELECTOR) {
    findings.error(path, `Too long: may not be more than ${LONGEST_SELECTOR} bytes`);
    return null;
  }
  const parsed = parseSelector(text);
  if ('error' in parsed) {
    const { at, message, hint } = parsed.error;
    findings.error(path, `Invalid value: ${shown(text)}: ${message}, at character ${at + 1}`, hint);
    return null;
  }
  const { expression } = parsed;
  if (expression.kind !== 'global' && namesGlobal(expression)) {
    findings.error(path, `Invalid value: ${shown(text)}: global() cannot be combined with other selectors`);
    return null;
  }
  if (expression.kind === 'global' && global === 'refused') {
    const message = 'global() can only be used in an EntityRule namespaceSelector';
    findings.error(path, `Invalid value: ${shown(text)}: ${message}`);
    return null;
  }
  return expression;
}

function namesGlobal(expression: Expression): boolean {
  if (expression.kind === 'global') return true;
  if (expression.kind === '!') return namesGlobal(expression.of);
  return (expression.kind === '&&' || expression.kind === '||') && expression.of.some(namesGlobal);
}

const NAMES = Object.keys(PROTOCOLS);
/** Calico matches ports of these alone; UDPLite has ports, and the validator does not take them. */
export const PORT_PROTOCOLS: readonly number[] = [6, 17, 132];

export interface ReadProtocol {
  readonly protocol: number;
  /** (C26): by its name, ICMP is of IPv4 and ICMPv6 of IPv6. */
  readonly version: 4 | 6 | null;
}

/** (C25) @returns null where it is absent or wrong */
export function readProtocol(given: number | string | undefined, path: Path, findings: Findings): ReadProtocol | null {
  if (given === undefined) return null;
  const number = typeof given === 'number' ? given : /^\d{1,3}$/.test(given) ? Number(given) : null;
  if (number !== null) {
    if (number >= 1 && number <= 255) return { protocol: number, version: null };
    findings.error(path, `Invalid value: ${shown(given)}: protocol number invalid`, 'it is 1 to 255');
    return null;
  }
  const name = NAMES.find(it => it.toLowerCase() === String(given).toLowerCase());
  if (name === undefined) {
    const meant = nearest(String(given), NAMES);
    const hint = `it is ${NAMES.join(', ')} or a number from 1 to 255`;
    findings.error(
      path,
      `Invalid value: ${shown(given)}: protocol name invalid`,
      meant === null ? hint : `did you mean "${meant}"?`,
    );
    return null;
  }
  if (name !== given)
    findings.warn(path, `Invalid value: ${shown(given)}: protocol name invalid`, `it is read as ${name}`);
  return { protocol: PROTOCOLS[name]!, version: name === 'ICMP' ? 4 : name === 'ICMPv6' ? 6 : null };
}

const OUT_OF_RANGE = 'port range invalid, port number must be between 1 and 65535';

/** (C21): 80, "8000:8100", or a name. */
export function readPort(given: number | string, path: Path, findings: Findings): CalicoPort | null {
  const wrong = (message: string, hint?: string): null => {
    findings.error(path, `Invalid value: ${shown(given)}: ${message}`, hint);
    return null;
  };
  const isPort = (port: number): boolean => port >= 1 && port <= 65535;
  if (typeof given === 'number') return isPort(given) ? [given, given] : wrong(OUT_OF_RANGE);
  const range = /^(\d+)(?::(\d+))?$/.exec(given);
  if (range !== null) {
    const low = Number(range[1]);
    const high = range[2] === undefined ? low : Number(range[2]);
    if (!isPort(low) || !isPort(high)) return wrong(OUT_OF_RANGE);
    return low <= high ? [low, high] : wrong('port range invalid', `the lower end comes first: "${high}:${low}"`);
  }
  if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(given)) {
    return wrong('not a port number, a range or the name of a port', 'a range is written "8000:8100"');
  }
  const dashed = /^(\d+)-(\d+)$/.exec(given);
  if (dashed !== null) {
    const hint = `a range is written "${dashed[1]}:${dashed[2]}"`;
    findings.warn(path, `${shown(given)} is the name of a port, which no pod can have`, hint);
  }
  return given;
}

/** A prefix of a rule, strictly masked. */
export function readNet(given: string, path: Path, findings: Findings): { text: string; family: 4 | 6 } | null {
  const block = parseBlock(given);
  if (block === null) {
    const address = parseAddress(given);
    const hint = address === null ? undefined : `one address is ${address.text}/${address.family === 4 ? 32 : 128}`;
    findings.error(path, `Invalid value: ${shown(given)}: invalid CIDR`, hint);
    return null;
  }
  if (block.hostBits) {
    const single = `${block.address}/${block.family === 4 ? 32 : 128}`;
    findings.error(path, `Invalid value: ${shown(given)}: invalid CIDR`, `write ${block.text}, or ${single}`);
    return null;
  }
  return block;
}

/** An address or a prefix of a network set; host bits are masked. */
export function readSetNet(given: string, path: Path, findings: Findings): string | null {
  const block = parseBlock(given);
  if (block !== null) return block.text;
  const address = parseAddress(given);
  if (address !== null) return `${address.text}/${address.family === 4 ? 32 : 128}`;
  findings.error(path, `Invalid value: ${shown(given)}: invalid CIDR`);
  return null;
}

export function readAddress(given: string, path: Path, findings: Findings): string | null {
  const address = parseAddress(given);
  if (address !== null) return address.text;
  findings.error(path, `Invalid value: ${shown(given)}: must be a valid IP address`);
  return null;
}
