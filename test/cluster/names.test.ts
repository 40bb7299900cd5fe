/** What operators call endpoints, labels and addresses. */
import { describe, expect, it } from 'vitest';
import { parseAddress, parseBlock } from '../../src/cluster/address.js';
import { resolveName } from '../../src/cluster/names.js';
import { readCluster } from '../../src/cluster/read.js';
import { matches } from '../../src/cluster/selector.js';
import { readDocuments } from '../../src/documents/read.js';

const { inventory } = readCluster(
  readDocuments(
    `
apiVersion: v1
kind: PodList
items:
- metadata: {name: web-1, namespace: shop, ownerReferences: [{kind: StatefulSet, name: web, controller: true}]}
  status: {phase: Running, podIP: 10.0.0.1}
- metadata: {name: web-2, namespace: shop, ownerReferences: [{kind: StatefulSet, name: web, controller: true}]}
  status: {phase: Running, podIP: "fd00::2"}
- metadata: {name: roll-1, namespace: shop, ownerReferences: [{kind: Rollout, name: roll, controller: true}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {metadata: {labels: {app: api}}}}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.1}
`,
    'n.yaml',
  ).documents,
);

const resolve = (text: string) => {
  const result = resolveName(text, inventory);
  if ('message' in result) return result;
  return {
    name: result.name,
    owners: result.endpoints.map(({ owner, address }) => address ?? inventory.owners[owner]!.name),
  };
};

describe('names', () => {
  it.each([
    ['shop/web-1', 'shop/web-1', ['web-1']],
    ['shop/statefulset/web', 'shop/StatefulSet/web', ['web-1', 'web-2']],
    ['shop/StatefulSets/web', 'shop/StatefulSet/web', ['web-1', 'web-2']],
    ['shop/sts/web', 'shop/StatefulSet/web', ['web-1', 'web-2']],
    ['shop/deploy/api', 'shop/Deployment/api', ['api']],
    ['shop/api', 'shop/api', ['api']],
    ['shop/pod/web-2', 'shop/web-2', ['web-2']],
    ['shop/rollout/roll', 'shop/Rollout/roll', ['roll-1']],
    ['shop/svc/web', 'shop/service/web', ['web']],
    ['node/n1', 'node/n1', ['n1']],
    ['10.0.0.1', '10.0.0.1', ['10.0.0.1']],
    ['FD00:0::2', 'fd00::2', ['fd00::2']],
    ['[fd00::2]', 'fd00::2', ['fd00::2']],
    ['198.51.100.1', '198.51.100.1', ['198.51.100.1']],
  ])('%s', (text, name, owners) => {
    expect(resolve(text)).toEqual({ name, owners });
  });
  it('an address knows its owner, an unknown one has none', () => {
    expect(resolveName('fd00::2', inventory)).toMatchObject({ endpoints: [{ owner: 1 }] });
    expect(resolveName('198.51.100.1', inventory)).toMatchObject({ endpoints: [{ owner: -1 }] });
  });
  it.each([
    ['shop/web-3', 'no pod "web-3" in namespace "shop"', 'did you mean shop/web-'],
    ['shop/web', 'no pod "web" in namespace "shop"', 'did you mean shop/StatefulSet/web?'],
    ['shpo/web-1', 'no pods in namespace "shpo"', 'did you mean shop?'],
    ['other/web-1', 'no pods in namespace "other"', 'namespaces with pods: shop'],
    ['shop/deployment/web', 'no Deployment "web" in namespace "shop"', 'did you mean shop/StatefulSet/web?'],
    ['shop/deploymnet/api', '"deploymnet" is no kind of workload', 'did you mean deployment?'],
    ['shop/service/wbe', 'no Service "wbe" in namespace "shop"', 'did you mean shop/service/web?'],
    ['web-1', '"web-1" names no endpoint', 'did you mean shop/web-1?'],
    ['', '"" names no endpoint', 'write namespace/pod'],
    ['a/b/c/d', '"a/b/c/d" names no endpoint', 'write namespace/pod'],
    ['10.0.0.256', '"10.0.0.256" names no endpoint', 'write namespace/pod'],
  ])('%s is unknown, with what was probably meant', (text, message, hint) => {
    expect(resolve(text)).toEqual({ message, hint: expect.stringContaining(hint) });
  });
});

describe('6: selectors', () => {
  const selector = (key: string, operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', values: string[] = []) => ({
    matchLabels: {},
    matchExpressions: [{ key, operator, values }],
  });
  it.each([
    [selector('a', 'In', ['1', '2']), [true, false, false]],
    [selector('a', 'NotIn', ['1', '2']), [false, true, true]],
    [selector('a', 'Exists'), [true, true, false]],
    [selector('a', 'DoesNotExist'), [false, false, true]],
    [{ matchLabels: { a: '1' }, matchExpressions: [] }, [true, false, false]],
    [{ matchLabels: {}, matchExpressions: [] }, [true, true, true]],
    [
      { matchLabels: { a: '1' }, matchExpressions: selector('a', 'NotIn', ['1']).matchExpressions },
      [false, false, false],
    ],
    [selector('constructor', 'Exists'), [false, false, false]],
    [{ matchLabels: { a: '' }, matchExpressions: [] }, [false, false, false]],
  ])('%j', (given, expected) => {
    const labels: Record<string, string>[] = [{ a: '1' }, { a: '3' }, { b: '1' }];
    expect(labels.map(each => matches(given, each))).toEqual(expected);
  });
});

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1', false],
    ['010.000.0.1', '10.0.0.1', true],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1', false],
    ['2001:0db8::0001', '2001:db8::1', false],
    ['::', '::', false],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['::ffff:a00:1', '10.0.0.1', true],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201', false],
  ])('%s is %s', (text, canonical, lenient) => {
    expect(parseAddress(text)).toMatchObject({ text: canonical, lenient });
  });
  it.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.1.1',
    '0x0a.0.0.1',
    ' 10.0.0.1',
    '1::2::3',
    'fe80::1%eth0',
    '10.0.0.1/32',
    '-1.0.0.0',
    '[::1]',
    ':'.repeat(70),
  ])('%j is none', text => {
    expect(parseAddress(text)).toBeNull();
  });
  it.each([
    ['10.1.2.3/8', '10.0.0.0/8', true],
    ['0.0.0.0/0', '0.0.0.0/0', false],
    ['255.255.255.255/32', '255.255.255.255/32', false],
    ['2001:db8::1/32', '2001:db8::/32', true],
    ['::/0', '::/0', false],
    ['::ffff:10.1.0.0/112', '10.1.0.0/16', false],
  ])('block %s is %s', (text, canonical, hostBits) => {
    expect(parseBlock(text)).toMatchObject({ text: canonical, hostBits });
  });
});
