/**
 * The decision tree as text: `compile --emit tree` (cold).
 *
 * In:  a classifier.  Out: per direction its address classes, which tree each pair of classes leads to, and the trees,
 * each shared part once. At most `mostLines` lines; what was cut is said at the end.
 */
import { formatPosition } from '../documents/document.js';
import * as row from '../packet/row.js';
import { formatV4, formatV6 } from '../rules/print.js';
import { protocolName } from '../rules/protocols.js';
import type { Ruleset } from '../rules/ruleset.js';
import type { AddressTable } from './address-table.js';
import { type Classifier, OUTCOME_DEFAULT_DENY, OUTCOME_NOT_ISOLATED } from './classifier.js';
import { outcomeOf } from './header-trees.js';
import { ABSENT, DENSE, FOREST } from './judge.js';
import { PASS } from './split.js';
import { COLUMNS } from './terms.js';
import type { BuiltDirection, Tree } from './tree.js';

const WORD_NAMES: Readonly<Record<number, string>> = {
  [row.PROTOCOL]: 'protocol',
  [row.SPORT]: 'sport',
  [row.DPORT]: 'dport',
  [row.ICMP_TYPE]: 'type',
  [row.ICMP_CODE]: 'code',
};
const DIMENSION_NAMES = ['subject', 'peer', 'protocol', 'sport', 'dport', 'type', 'code'];

/** Collects lines up to a limit, and counts the rest. */
interface Page {
  line(text: string): boolean;
  full(): boolean;
}

export function printTree(classifier: Classifier, mostLines = 10_000): string {
  if (!isTree(classifier)) {
    const { length } = classifier.ruleset.rules;
    return `${classifier.engine}: no tree; ${length} rules are tried in order (--emit rules prints them)`;
  }
  const lines: string[] = [];
  const page: Page = {
    line: text => lines.length < mostLines && lines.push(text) > 0,
    full: () => lines.length >= mostLines,
  };
  for (const built of classifier.directions) printDirection(built, classifier, page);
  if (page.full()) lines.push(`... cut after ${mostLines} lines; --emit stats tells the tree's size`);
  return lines.join('\n');
}

const isTree = (classifier: Classifier): classifier is Tree => classifier.engine === 'tree';

function printDirection(built: BuiltDirection, { table, ruleset }: Tree, page: Page): void {
  const { direction, subjects, tables, crossing } = built;
  if (crossing !== null) {
    const { sourceClasses, destinationClasses, pairs, looseTerms } = crossing;
    page.line(`${direction}: ${sourceClasses} source classes x ${destinationClasses} destination classes, crossing`);
    page.line(`  ${pairs} pairs of address sets lead to lists of protocols and ports; ${looseTerms} rules beside them`);
    return;
  }
  if (tables.kind === ABSENT) {
    const why = ruleset[direction].length === 0 ? 'no rules' : 'no pods';
    page.line(`${direction}: ${why}`);
    return;
  }
  const kind =
    tables.kind === FOREST ? 'split forest' : tables.kind === DENSE ? 'dense pair table' : 'sparse pair table';
  page.line(`${direction}: ${subjects} subject classes x ${tables.peers} peer classes, ${kind}`);
  const { subject, peer } = COLUMNS[direction];
  printClasses('s', subject, subjects, table, page);
  printClasses('p', peer, tables.peers, table, page);
  if (tables.kind === FOREST) printForest(built, ruleset, page);
  else printPairs(built, ruleset, page);
}

/** Where a class begins: enough to tell it from the others; the rules list their sets whole. */
function printClasses(letter: string, word: number, count: number, table: AddressTable, page: Page): void {
  for (let cls = 0; cls < count && !page.full(); cls++) {
    const first = table.firstAddress(word, cls);
    page.line(`  ${letter}${cls}: from ${typeof first === 'number' ? formatV4(first) : formatV6(first)}`);
  }
}

function printPairs({ subjects, tables }: BuiltDirection, ruleset: Ruleset, page: Page): void {
  const roots = new Set<number>();
  const { dense, rowStart, rowEnd, runPeer, runRoot } = tables.pairs;
  const run = (subject: number, from: number, to: number, root: number): void => {
    if (root >= 0) roots.add(root);
    const range = from === to ? `p${from}` : `p${from}..p${to}`;
    page.line(`  s${subject} ${range}: ${root < 0 ? describeOutcome(outcomeOf(root), ruleset) : `tree ${root}`}`);
  };
  for (let subject = 0; subject < subjects && !page.full(); subject++) {
    if (dense.length > 0) {
      const at = subject * tables.peers;
      for (let from = 0; from < tables.peers && !page.full(); ) {
        let to = from;
        while (to + 1 < tables.peers && dense[at + to + 1] === dense[at + from]) to++;
        run(subject, from, to, dense[at + from]!);
        from = to + 1;
      }
    } else {
      for (let i = rowStart[subject]!; i < rowEnd[subject]! && !page.full(); i++) {
        run(subject, runPeer[i]!, i + 1 < rowEnd[subject]! ? runPeer[i + 1]! - 1 : tables.peers - 1, runRoot[i]!);
      }
    }
  }
  const printed = new Set<number>();
  for (const root of roots) {
    if (page.full()) break;
    page.line(`  tree ${root}`);
    printNode(root, tables.nodes, '    ', printed, ruleset, page);
  }
}

function printNode(
  at: number,
  nodes: Int32Array,
  indent: string,
  printed: Set<number>,
  ruleset: Ruleset,
  page: Page,
): void {
  if (printed.has(at)) {
    page.line(`${indent}as ${at} above`);
    return;
  }
  printed.add(at);
  const word = nodes[at]!;
  const threshold = nodes[at + 1]!;
  const branch = (sign: string, child: number): void => {
    if (page.full()) return;
    const value =
      word === row.PROTOCOL && threshold >= 0 ? `${threshold} (${protocolName(threshold)})` : `${threshold}`;
    const test = `${indent}${WORD_NAMES[word]} ${sign} ${value}`;
    if (child < 0) page.line(`${test}: ${describeOutcome(outcomeOf(child), ruleset)}`);
    else {
      page.line(`${test}:  [${child}]`);
      printNode(child, nodes, `${indent}  `, printed, ruleset, page);
    }
  };
  branch('<=', nodes[at + 2]!);
  branch('>', nodes[at + 3]!);
}

function printForest({ tables }: BuiltDirection, ruleset: Ruleset, page: Page): void {
  const { nodes, lists, program, roots, stageEnd } = tables.forest;
  const walk = (at: number, indent: string): void => {
    if (page.full()) return;
    if (at < 0) {
      const places = lists.subarray(~at + 1, ~at + 1 + lists[~at]!);
      if (places.length === 0) page.line(`${indent}nothing`);
      for (const place of places) {
        const outcome = program[place]!;
        page.line(`${indent}try ${outcome === PASS ? 'pass to the next tier' : describeOutcome(outcome, ruleset)}`);
      }
      return;
    }
    const name = DIMENSION_NAMES[nodes[at]!]!;
    page.line(`${indent}${name} <= ${nodes[at + 1]}`);
    walk(nodes[at + 2]!, `${indent}  `);
    page.line(`${indent}${name} > ${nodes[at + 1]}`);
    walk(nodes[at + 3]!, `${indent}  `);
  };
  let tree = 0;
  stageEnd.forEach((end, stage) => {
    for (; tree < end && !page.full(); tree++) {
      page.line(`  stage ${stage} tree ${tree}`);
      walk(roots[tree]!, '    ');
    }
  });
}

/** What a leaf says: `allow by rule 3, shop/web ingress[0] (web.yaml:9:7)`. */
export function describeOutcome(outcome: number, { rules }: Pick<Ruleset, 'rules'>): string {
  if (outcome >= 0) {
    const { action, origin } = rules[outcome]!;
    return `${action} by rule ${outcome}, ${origin.policy} ${origin.rule} (${formatPosition(origin.position)})`;
  }
  if (outcome === OUTCOME_NOT_ISOLATED) return 'allow, no rule says otherwise';
  return `default deny of tier ${OUTCOME_DEFAULT_DENY - outcome}`;
}
