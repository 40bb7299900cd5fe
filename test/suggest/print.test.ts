/** What is printed is read back as it was meant, whatever names and labels say; ports are names only where these are clear. */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Pod } from '../../src/cluster/inventory.js';
import type { SuggestedPolicy } from '../../src/suggest/policy.js';
import { inOrder, namePort, portText, type RulePort } from '../../src/suggest/ports.js';
import { policiesYaml, policyObject } from '../../src/suggest/print.js';

const policy = (matchLabels: Record<string, string>, comments: string[] = []): SuggestedPolicy => ({
  namespace: 'shop',
  name: 'policap-web',
  workloads: ['shop/Deployment/web'],
  selector: { matchLabels, matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', '2'] }] },
  types: ['Ingress', 'Egress'],
  ingress: [],
  egress: [
    {
      peers: [
        { kind: 'everybody' },
        { kind: 'block', cidr: '2001:db8::/32' },
        { kind: 'pods', namespace: 'x', selector: null },
      ],
      ports: [{ protocol: 'TCP', port: 80, endPort: 90 }],
      comments,
    },
  ],
  isAddition: false,
  comments,
});

describe('the YAML', () => {
  it.each([
    'true',
    'no',
    'Null',
    '1',
    '1e3',
    '0x1f',
    '12:30',
    '',
    '-',
    'a: b',
    "it's",
    '"',
    '# no',
    '2026-01-01',
    '.5',
    'x y',
  ])('keeps a label of %j a string', value => {
    const given = policy({ app: value, [`example.com/${value.replace(/\W/g, '')}k`]: value });
    expect(parse(policiesYaml([given], []), { version: '1.1' })).toEqual(
      JSON.parse(JSON.stringify(policyObject(given))),
    );
  });

  it('lets nothing out of a comment', () => {
    const given = policy({ app: 'web' }, ['one\nspec: { podSelector: {} }', 'two\r\n---\u2028three\u0085four']);
    const text = policiesYaml([given], ['head\nkind: Secret']);
    expect(parse(text)).toEqual(JSON.parse(JSON.stringify(policyObject(given))));
    expect(text.split('\n').filter(line => line === '---')).toHaveLength(1);
  });
});

const podWith = (ports: Pod['ports']): Pod => ({ ports }) as Pod;
const web = { name: 'web', protocol: 'TCP', port: 80 } as const;

describe('a port', () => {
  it.each<[string, Pod[], number | string]>([
    [
      'is a name that all pods give it',
      [podWith([web]), podWith([web, { name: 'x', protocol: 'TCP', port: 81 }])],
      'web',
    ],
    ['is a number where a pod has no name for it', [podWith([web]), podWith([])], 80],
    ['is a number where names differ', [podWith([web]), podWith([{ ...web, name: 'http' }])], 80],
    ['is a number where the name means another one too', [podWith([web, { ...web, port: 81 }])], 80],
    ['is a number where the name is of another protocol', [podWith([{ ...web, protocol: 'UDP' }])], 80],
    ['is a number where an init container has the name', [podWith([{ ...web, init: true }])], 80],
    ['is a number without pods', [], 80],
  ])('%s', (_, pods, expected) => {
    expect(namePort('TCP', 80, pods)).toEqual({ protocol: 'TCP', port: expected });
  });

  it('in a row with others is a range, if the plugin reads them', () => {
    const ports: RulePort[] = [82, 80, 81, 90, 91, 'web'].map(port => ({ protocol: 'TCP', port }));
    const also: RulePort = { protocol: 'UDP', port: 83 };
    expect(inOrder([also, ...ports], true).map(portText)).toEqual([
      'TCP web',
      'TCP 80-82',
      'TCP 90',
      'TCP 91',
      'UDP 83',
    ]);
    expect(inOrder([also, ...ports], false)).toHaveLength(7);
  });
});
