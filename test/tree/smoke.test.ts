import { expect, it } from 'vitest';
import { buildRules } from '../../src/rules/build.js';
import { createLinear } from '../../src/tree/linear.js';
import { block, cluster, labels, pods, policy, port, rule } from '../rules/cluster.js';
import { judge } from './packets.js';

it('judges a web tier behind one policy', () => {
  const inventory = cluster({
    pods: [
      { ns: 'shop', name: 'web', labels: { app: 'web' }, ips: ['10.0.0.1', 'fd00::1'] },
      { ns: 'shop', name: 'db', labels: { app: 'db' }, ips: ['10.0.0.2', 'fd00::2'] },
    ],
  });
  const policies = [
    policy('shop', 'db', labels({ app: 'db' }), {
      ingress: [rule([pods(labels({ app: 'web' }))], [port(5432)]), rule([block('192.168.0.0/16')])],
    }),
  ];
  const classifier = createLinear(buildRules(policies, inventory), inventory);
  const ask = (source: string, destination: string, dport: number) => judge(classifier, { source, destination, dport });
  expect(ask('10.0.0.1', '10.0.0.2', 5432)).toEqual(['not-isolated', 'allow shop/db ingress[0]']);
  expect(ask('fd00::1', 'fd00::2', 5432)).toEqual(['not-isolated', 'allow shop/db ingress[0]']);
  expect(ask('10.0.0.1', '10.0.0.2', 5433)).toEqual(['not-isolated', 'default-deny']);
  expect(ask('192.168.3.4', '10.0.0.2', 1)).toEqual(['none', 'allow shop/db ingress[1]']);
  expect(ask('10.0.0.2', '10.0.0.2', 1)).toEqual(['loopback', 'loopback']);
});
