/**
 * The rules of an AuthorizationPolicy: decoded -> validated terms, under the names that decisions give them.
 *
 * Values are checked in values.ts. What a whole rule may not be, or should not, is here (IS5, IS9, IS10).
 */
import type { Path } from '../../documents/document.js';
import type { Findings } from '../../documents/findings.js';
import type { IstioAction, IstioAttribute, IstioRule, IstioTerm } from './model.js';
import { type Check, CONDITIONS, conditionOf, FIELDS, isHttpOnly, type Maybe, noteTerm } from './values.js';

type DecodedFields = Readonly<Record<string, Maybe<string> | undefined>>;

interface DecodedCondition {
  readonly key?: string;
  readonly values?: Maybe<string>;
  readonly notValues?: Maybe<string>;
}

export interface DecodedRule {
  readonly from?: Maybe<{ readonly source?: DecodedFields }>;
  readonly to?: Maybe<{ readonly operation?: DecodedFields }>;
  readonly when?: Maybe<DecodedCondition>;
}

const SOURCES = ['principals', 'requestPrincipals', 'serviceAccounts', 'namespaces', 'ipBlocks', 'remoteIpBlocks'];
const OPERATIONS = ['hosts', 'ports', 'methods', 'paths'];

export function readRules(given: Maybe<DecodedRule>, action: IstioAction, findings: Findings): IstioRule[] {
  return given.flatMap((rule, i) => {
    const path: Path = ['spec', 'rules', i];
    if (rule === null) findings.error(path, 'Required value: `rule` must not be nil', 'an empty rule is written {}');
    return rule === null || rule === undefined ? [] : [readRule(rule, `rules[${i}]`, path, action, findings)];
  });
}

function readRule(given: DecodedRule, name: string, path: Path, action: IstioAction, findings: Findings): IstioRule {
  const from = readEntries(given.from, 'from', 'source', SOURCES, path, findings);
  const to = readEntries(given.to, 'to', 'operation', OPERATIONS, path, findings);
  const when = (given.when ?? []).flatMap((condition, i) => {
    const at = [...path, 'when', i];
    if (condition === null) findings.error(at, 'Required value: when field cannot be nil');
    const term = condition === null || condition === undefined ? null : readCondition(condition, at, findings);
    return term === null ? [] : [term];
  });
  const rule = { name, from, to, when, position: findings.document.at(path) };
  if (action === 'CUSTOM') checkCustom(given, path, findings);
  noteReading(rule, action, path, findings);
  return rule;
}

/** from or to. Absent and null mean the same: everything. */
function readEntries(
  given: Maybe<Readonly<Record<string, DecodedFields | undefined>>> | undefined,
  list: 'from' | 'to',
  member: 'source' | 'operation',
  names: readonly string[],
  rulePath: Path,
  findings: Findings,
): IstioTerm[][] {
  if (given === undefined) return [];
  const path = [...rulePath, list];
  if (given.length === 0) {
    findings.error(path, `Required value: \`${list}\` must not be empty`, `leave it out where any ${member} is meant`);
  }
  return given.flatMap((entry, i) => {
    if (entry === undefined) return [];
    const fields = entry?.[member];
    const at = [...path, i];
    if (fields === undefined) {
      const hint = `the fields stand under ${member}: ${list}: [{${member}: {${names[3]}: [...]}}]`;
      findings.error(at, `Required value: \`${list}.${member}\` must not be nil`, hint);
      return [];
    }
    const terms = readFields(fields, names, [...at, member], findings);
    const isGiven = names.some(name => (fields[name]?.length ?? 0) + (fields[negation(name)]?.length ?? 0) > 0);
    if (!isGiven) {
      const hint = `leave ${list} out where any ${member} is meant`;
      findings.error([...at, member], `Required value: \`${list}.${member}\` must not be empty`, hint);
    }
    checkAccounts(fields, [...at, member], findings);
    return [terms];
  });
}

const negation = (name: string): string => `not${name[0]!.toUpperCase()}${name.slice(1)}`;

function readFields(fields: DecodedFields, names: readonly string[], path: Path, findings: Findings): IstioTerm[] {
  return names.flatMap(name => {
    const { attribute, check } = FIELDS[name]!;
    const not = negation(name);
    const values = readValues(fields[name], check, [...path, name], findings);
    const notValues = readValues(fields[not], check, [...path, not], findings);
    if (values.length === 0 && notValues.length === 0) return [];
    noteTerm(attribute, [...path, values.length > 0 ? name : not], findings);
    return [{ attribute, field: values.length > 0 ? name : not, header: '', values, notValues }];
  });
}

function readValues(given: Maybe<string> | undefined, check: Check, path: Path, findings: Findings): string[] {
  const values = given ?? [];
  return values.flatMap((value, i) => {
    if (value === undefined) return [];
    const at = [...path, i];
    if (value === null || value === '') {
      findings.error(at, 'Invalid value: "": empty value not allowed', 'presence is written "*"');
      return [];
    }
    check(value, at, findings);
    return [value];
  });
}

/** (IS13) */
function checkAccounts(fields: DecodedFields, path: Path, findings: Findings): void {
  const has = (...names: readonly string[]): boolean =>
    names.some(name => (fields[name]?.length ?? 0) + (fields[negation(name)]?.length ?? 0) > 0);
  if (has('serviceAccounts') && has('namespaces', 'principals')) {
    const hint = 'begin another entry with "- source:", or write namespace/account';
    findings.error(path, 'Forbidden: cannot set serviceAccounts with namespaces or principals', hint);
  }
  const most = 16;
  for (const name of ['serviceAccounts', 'notServiceAccounts']) {
    const count = fields[name]?.length ?? 0;
    if (count > most) findings.error([...path, name], `Too many: ${count}: may not have more than ${most} values`);
  }
}

function readCondition({ key = '', values, notValues }: DecodedCondition, path: Path, findings: Findings) {
  if (key === '') {
    findings.error([...path, 'key'], 'Required value: `key` must not be empty', `it is one of ${CONDITIONS}`);
    return null;
  }
  const condition = conditionOf(key, [...path, 'key'], findings);
  if (condition === null) return null;
  if ((values?.length ?? 0) + (notValues?.length ?? 0) === 0) {
    const message = `Required value: at least one of \`values\` or \`notValues\` must be set for key ${key}`;
    findings.error(path, message, 'presence is written values: ["*"]');
    return null;
  }
  const { attribute, header, check } = condition;
  noteTerm(attribute, [...path, 'key'], findings);
  return {
    attribute,
    field: key,
    header,
    values: readValues(values, check, [...path, 'values'], findings),
    notValues: readValues(notValues, check, [...path, 'notValues'], findings),
  } satisfies IstioTerm;
}

/** (IS7): an external provider cannot be asked by who the source is. */
function checkCustom({ from = [], when = [] }: DecodedRule, path: Path, findings: Findings): void {
  const body = (what: string): string => `Forbidden: ${what} is currently not supported with CUSTOM action`;
  from.forEach((entry, i) => {
    for (const name of ['namespaces', 'serviceAccounts', 'principals', 'requestPrincipals']) {
      for (const field of [name, negation(name)]) {
        const at = [...path, 'from', i, 'source', field];
        if ((entry?.source?.[field]?.length ?? 0) > 0) findings.error(at, body(field));
      }
    }
  });
  const forbidden = /^(?:source\.(?:namespace|serviceAccount|principal)$|request\.auth\.)/;
  when.forEach((condition, i) => {
    const key = condition?.key ?? '';
    if (forbidden.test(key)) findings.error([...path, 'when', i, 'key'], body(key));
  });
}

/** (IS9, IS10): a rule of HTTP fields means something else to connections that carry no HTTP. */
function noteReading({ from, to, when }: IstioRule, action: IstioAction, path: Path, findings: Findings): void {
  const attributes = (terms: readonly (readonly IstioTerm[])[]): IstioAttribute[] =>
    terms.flat().map(it => it.attribute);
  const all = [...attributes(from), ...attributes(to), ...when.map(it => it.attribute)];
  if (action === 'DENY' && all.length > 0 && all.every(isHttpOnly)) {
    findings.warn(
      path,
      'denies all traffic that is not HTTP, whatever its port: such fields are left out of a DENY rule there',
      'name the port in every operation: ports: ["8080"]',
    );
  }
  if (action !== 'ALLOW') return;
  const halves = [from, to].some(entries => {
    const isHttp = entries.map(terms => terms.some(({ attribute }) => isHttpOnly(attribute)));
    return isHttp.includes(true) && isHttp.includes(false);
  });
  if (halves) {
    findings.warn(
      path,
      'one entry with HTTP fields keeps the whole rule from allowing connections that carry no HTTP',
      'make a rule of its own of the entries without them',
    );
  }
}
