/**
 * policap compile: what was built from the documents.
 */
import type { Compiled } from '../compile.js';
import { emitEnforcer } from '../enforcer/index.js';
import { profileField } from '../profile/profile.js';
import { count, type Style } from '../report/style.js';
import { emitNft } from '../rules/emit-nft.js';
import { printRules } from '../rules/print.js';
import { printTree } from '../tree/print.js';
import type { CompileCommandOptions } from './compile-command.js';
import { compileInput } from './documents.js';
import { UsageError } from './errors.js';
import { noticeText } from './notice.js';
import { styleFor, type Terminal } from './terminal.js';

export function runCompile(options: CompileCommandOptions, terminal: Terminal): void {
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const compiled = compileInput(options, terminal, errors, { engine: options.engine });
  const style = styleFor(options.color, terminal.outIsTerminal, terminal.environment);
  terminal.write(emit(compiled, options, style));
}

function emit(compiled: Compiled, { emit: stage, output }: CompileCommandOptions, style: Style): string {
  const notice = noticeText(compiled.profile, style);
  switch (stage) {
    case 'rules':
      return notice + withLineEnd(printRules(compiled.ruleset));
    case 'tree':
      return notice + withLineEnd(printTree(compiled.classifier));
    case 'nft':
      return nftText(compiled);
    case 'stats':
      return output === 'json' ? statsJson(compiled) : notice + statsText(compiled, style);
  }
}

/** In the shape of the profile's enforcer, where the profile is one. */
function nftText({ profile, policies, inventory, ruleset, objects }: Compiled): string {
  const text = emitEnforcer(profile.name, policies, inventory);
  if (text === null && profile.name !== 'upstream') {
    throw new UsageError(
      `policap writes no ruleset as ${profile.title} would install it`,
      'those it writes are of calico, kube-router and weave; without --profile it writes its own reading',
    );
  }
  if (text === null) return emitNft(ruleset, inventory);
  const { istio: _, ...plugin } = objects;
  const others = Object.values(plugin).flat().length;
  if (others > 0) {
    throw new UsageError(
      `the ruleset of ${profile.title} is written for NetworkPolicies, and other kinds are given (${others} objects)`,
      'leave them out, or --profile: the upstream ruleset takes all kinds',
    );
  }
  if (ruleset.forward.length === 0) return text;
  throw new UsageError(
    `plain rules have no place in the ruleset of ${profile.title}`,
    'leave out --rules, or --profile: the upstream ruleset takes both',
  );
}

const withLineEnd = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

function statsJson({ classifier, policies, inventory, profile, compileMs }: Compiled): string {
  const { pods, nodes, services, namespaces } = inventory;
  const cluster = { namespaces: namespaces.size, nodes: nodes.length, pods: pods.length, services: services.length };
  const document = {
    schema: 'policap.stats/1',
    ...profileField(profile),
    policies: policies.length,
    cluster,
    classifier: classifier.stats(),
    compileMs,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function statsText(
  { classifier, policies, inventory, profile, profileFrom, ignored, compileMs }: Compiled,
  style: Style,
): string {
  const { engine, rules, addressClasses, nodes, depth, bytes, buildMs } = classifier.stats();
  const others = [...ignored].map(([kind, number]) => `${kind} ${count(number)}`).join(', ');
  const rows: [string, string][] = [
    ['namespaces', count(inventory.namespaces.size)],
    ['nodes', count(inventory.nodes.length)],
    ['pods', count(inventory.pods.length)],
    ['services', count(inventory.services.length)],
    ['policies', count(policies.length)],
    ...(profile.name === 'upstream'
      ? []
      : [['profile', `${profile.name} (${profileFrom})`] satisfies [string, string]]),
    ['rules', count(rules)],
    ['engine', engine],
    ['address classes', count(addressClasses)],
    ['tree nodes', count(nodes)],
    ['depth', count(depth)],
    ['bytes', count(bytes)],
    ['built in', `${buildMs.toFixed(1)} ms`],
    ['compiled in', `${compileMs.toFixed(1)} ms, documents to classifier`],
    ...(others === '' ? [] : [['ignored kinds', others] satisfies [string, string]]),
  ];
  return rows.map(([name, value]) => `${style('dim', name.padEnd(16))} ${value}\n`).join('');
}
