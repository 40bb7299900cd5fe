/**
 * Plain rules -> an nftables ruleset, rule by rule, for the scripts and the random traffic.
 *
 * It is written a second time here, apart from `policap compile --emit nft`, so that a mistake of the one shows in the
 * other: a forwarding host's chain that lets connections go on, drops what is invalid, and asks the rules about the rest.
 */

import type { ScriptRule } from './script.js';
import { endAddress, type Family } from './script-packet.js';

export interface PlainRule {
  readonly name: string;
  readonly action: 'allow' | 'deny';
  /** nft's name or number of a protocol, '' for any. */
  readonly protocol: string;
  /** Prefixes; '' for any. */
  readonly source: string;
  readonly destination: string;
  /** "80" or "80-90"; '' for any. */
  readonly ports: string;
}

export interface PlainRules {
  readonly rules: readonly PlainRule[];
  readonly default: 'allow' | 'deny';
}

export const plainRulesOf = (
  script: { readonly rules: readonly ScriptRule[]; readonly default: 'allow' | 'deny' },
  family: Family,
): PlainRules => {
  const address = (end: string): string => (end === 'any' ? '' : endAddress(end, family));
  const rules = script.rules.map((rule, i) => ({
    name: `r${i + 1}`,
    action: rule.action,
    protocol: rule.protocol === 'any' ? '' : rule.protocol,
    source: address(rule.source),
    destination: address(rule.destination),
    ports: rule.ports,
  }));
  return { rules, default: script.default };
};

const NAMES: Readonly<Record<string, string>> = {
  icmp: 'ICMP',
  icmpv6: 'ICMPv6',
  tcp: 'TCP',
  udp: 'UDP',
  sctp: 'SCTP',
};

/** As a RuleList for policap. */
export function ruleListText({ rules, default: otherwise }: PlainRules): string {
  const lines = rules.map(({ name, action, protocol, source, destination, ports }) => {
    const fields = [
      `name: ${name}`,
      `action: ${action}`,
      protocol === '' ? '' : `protocol: ${NAMES[protocol] ?? protocol}`,
      source === '' ? '' : `source: ${JSON.stringify(source)}`,
      destination === '' ? '' : `destination: ${JSON.stringify(destination)}`,
      ports === '' ? '' : `destinationPorts: [${JSON.stringify(ports)}]`,
    ];
    return `  - { ${fields.filter(field => field !== '').join(', ')} }`;
  });
  const head = ['kind: RuleList', `default: ${otherwise}`, lines.length === 0 ? 'rules: []' : 'rules:'];
  return [...head, ...lines, ''].join('\n');
}

/** As nftables' own. */
export function nftText({ rules, default: otherwise }: PlainRules): string {
  const family = (address: string): string => (address.includes(':') ? 'ip6' : 'ip');
  const lines = rules.map(({ name, action, protocol, source, destination, ports }) => {
    const match = [
      source === '' ? '' : `${family(source)} saddr ${source}`,
      destination === '' ? '' : `${family(destination)} daddr ${destination}`,
      // A rule with ports reads them of its protocol; without, the protocol's number is all it asks for.
      protocol === ''
        ? ''
        : ports === ''
          ? `meta l4proto ${protocol === 'icmpv6' ? 'ipv6-icmp' : protocol}`
          : `${protocol} dport ${ports}`,
    ];
    const words = match.filter(word => word !== '').join(' ');
    return `    ${words} ${action === 'allow' ? 'accept' : 'drop'} comment "${name}"`;
  });
  return `table inet plain {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept comment "established"
    ct state invalid drop comment "invalid"
    ct state untracked accept comment "untracked"
${lines.join('\n')}
    ${otherwise === 'allow' ? 'accept' : 'drop'} comment "default"
  }
}
`;
}
