/**
 * nftables text: sets, chains and matches in the few words that the enforcers' rulesets need (cold).
 *
 * In:  addresses and names.  Out: text for `nft -f`, in the order in which nft wants it: sets, then chains, each behind
 * the chains it jumps to. Equal sets are written once.
 */
export type Family = 4 | 6;
export const FAMILIES: readonly Family[] = [4, 6];

export const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4);
export const word = (family: Family): string => (family === 4 ? 'ip' : 'ip6');
export const both = (addresses: readonly string[], family: Family): string[] =>
  addresses.filter(address => familyOf(address) === family);

/** nftables takes 127 bytes. */
const LONGEST_COMMENT = 120;

/** ` comment "..."`, for the end of a rule. */
export const comment = (text: string): string =>
  ` comment "${text.replace(/[^\x20-\x7e]|["\\]/g, '?').slice(0, LONGEST_COMMENT)}"`;

/** nftables has no complement. */
export const clearMarks = (mask: number): string => `meta mark set meta mark & 0x${(~mask >>> 0).toString(16)}`;

export class Nft {
  private readonly sets: string[] = [];
  private readonly chains: string[] = [];
  private readonly names = new Map<string, string>();

  /** `@name` of a set of addresses of one family. */
  addresses(elements: readonly string[], family: Family): string {
    return this.set(`type ipv${family}_addr;`, both(elements, family));
  }

  /** `@name` of a set of (source, destination). */
  pairs(elements: readonly (readonly [string, string])[], family: Family): string {
    const own = elements.filter(pair => pair.every(address => familyOf(address) === family));
    const texts = own.map(([source, destination]) => `${source} . ${destination}`);
    return this.set(`type ipv${family}_addr . ipv${family}_addr;`, texts);
  }

  /** `@name` of a set of (destination, protocol, port). */
  endpoints(elements: readonly (readonly [string, number, number])[], family: Family): string {
    const texts = elements.filter(([address]) => familyOf(address) === family).map(element => element.join(' . '));
    return this.set(`type ipv${family}_addr . inet_proto . inet_service;`, texts);
  }

  /** @param title what the chain is, as a comment above it */
  chain(name: string, title: string, lines: readonly string[]): string {
    const text = lines.map(line => `    ${line}\n`).join('');
    const head = title === '' ? '' : `  # ${title.replace(/[^\x20-\x7e]/g, '?')}\n`;
    this.chains.push(`${head}  chain ${name} {\n${text}  }\n`);
    return name;
  }

  text(head: string, table: string): string {
    return `${head}table inet ${table} {\n${[...this.sets, ...this.chains].join('\n')}}\n`;
  }

  private set(type: string, elements: readonly string[]): string {
    const distinct = [...new Set(elements)];
    const key = `${type} ${distinct.join()}`;
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const name = `@set-${this.names.size}`;
    this.names.set(key, name);
    const list = distinct.map(element => `      ${element},\n`).join('');
    const content = distinct.length === 0 ? '' : `    elements = {\n${list}    }\n`;
    this.sets.push(`  set ${name.slice(1)} {\n    ${type}\n${content}  }\n`);
    return name;
  }
}

/** One rule that looks the address up and goes on in the chain of its pod; none where there are no pods. */
export function dispatch(
  field: 'saddr' | 'daddr',
  how: 'jump' | 'goto',
  chains: ReadonlyMap<string, string>,
): string[] {
  return FAMILIES.flatMap(family => {
    const own = [...chains].filter(([address]) => familyOf(address) === family);
    if (own.length === 0) return [];
    const elements = own.map(([address, chain]) => `${address} : ${how} ${chain}`).join(', ');
    return [`${word(family)} ${field} vmap { ${elements} }`];
  });
}

/** One line a family. */
export const perFamily = (line: (family: Family) => string): string[] => FAMILIES.map(line);
