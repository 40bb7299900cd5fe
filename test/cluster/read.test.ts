/** The inventory as it is read; the numbers are items of docs/semantics.md. */
import { describe, expect, it } from 'vitest';
import { readCluster } from '../../src/cluster/read.js';
import { readDocuments } from '../../src/documents/read.js';

function read(text: string) {
  const { documents, problems } = readDocuments(text, 'c.yaml');
  const result = readCluster(documents);
  return { ...result, problems: [...problems, ...result.problems] };
}

const pod = (name: string, rest: string, metadata = '') =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop${metadata}}\n${rest}\n`;
const running = (ip: string, more = '') => `status: {phase: Running, podIP: ${ip}${more}}`;
const SHOP = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n';

describe('7: namespaces', () => {
  it('have kubernetes.io/metadata.name whatever was written', () => {
    const { inventory } = read(
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {x: "1", kubernetes.io/metadata.name: other}}\n',
    );
    expect(inventory.namespaces.get('a')).toEqual({
      name: 'a',
      labels: { x: '1', 'kubernetes.io/metadata.name': 'a' },
      synthesized: false,
    });
  });
  it('are made up where only named, with one warning that names them', () => {
    const { inventory, problems } = read(
      `${pod('web', running('10.0.0.1'))}---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: quiet}\n`,
    );
    expect([...inventory.namespaces.values()]).toEqual(
      ['shop', 'default', 'quiet'].map(name => ({
        name,
        labels: { 'kubernetes.io/metadata.name': name },
        synthesized: true,
      })),
    );
    expect(problems).toMatchObject([
      { severity: 'warning', message: '2 namespaces have no Namespace object: shop, default' },
    ]);
  });
});

describe('pods', () => {
  it('21: own all of podIPs and podIP, each once, canonical', () => {
    const status = running('10.0.0.1', ', podIPs: [{ip: 10.0.0.1}, {ip: "FD00:0:0::0:1"}]');
    const { inventory, problems } = read(SHOP + pod('web', status));
    expect(inventory.pods[0]!.addresses).toEqual(['10.0.0.1', 'fd00::1']);
    expect(inventory.byAddress.get('fd00::1')).toBe(inventory.pods[0]);
    expect(problems).toEqual([]);
  });
  it('20: that are finished hold no address; those being deleted do', () => {
    const { inventory } = read(
      SHOP +
        pod('done', 'status: {phase: Succeeded, podIP: 10.0.0.1}') +
        pod('failed', 'status: {phase: Failed, podIP: 10.0.0.2}') +
        pod('leaving', running('10.0.0.3'), ', deletionTimestamp: "2026-01-01T00:00:00Z"') +
        pod('pending', 'status: {phase: Pending, podIP: 10.0.0.4}'),
    );
    expect(inventory.pods.map(({ addresses }) => addresses)).toEqual([[], [], ['10.0.0.3'], ['10.0.0.4']]);
    expect([...inventory.byAddress.keys()]).toEqual(['10.0.0.3', '10.0.0.4']);
  });
  it('20: an address of a finished pod is its new owner’s, without a warning', () => {
    const { inventory, problems } = read(
      SHOP + pod('old', 'status: {phase: Succeeded, podIP: 10.0.0.1}') + pod('new', running('10.0.0.1')),
    );
    expect(inventory.byAddress.get('10.0.0.1')).toMatchObject({ name: 'new' });
    expect(problems).toEqual([]);
  });
  it('20: of two holders the Running one that started last wins, in either order, and the other loses the address', () => {
    const early = pod('early', running('10.0.0.1', ', startTime: "2026-01-01T00:00:00Z"'));
    const late = pod('late', running('10.0.0.1', ', startTime: "2026-01-02T00:00:00Z"'));
    const pending = pod('pending', 'status: {phase: Pending, podIP: 10.0.0.1, startTime: "2026-01-03T00:00:00Z"}');
    for (const order of [
      [early, late, pending],
      [pending, late, early],
      [late, pending, early],
    ]) {
      const { inventory, problems } = read(SHOP + order.join(''));
      expect(inventory.byAddress.get('10.0.0.1')).toMatchObject({ name: 'late' });
      expect(Object.fromEntries(inventory.pods.map(({ name, addresses }) => [name, addresses.length]))).toEqual({
        early: 0,
        late: 1,
        pending: 0,
      });
      expect(problems).toMatchObject([{ severity: 'warning', message: expect.stringContaining('10.0.0.1 (shop/') }]);
      for (const owner of inventory.owners) expect(inventory.owners[owner.owner]).toBe(owner);
      expect(inventory.byAddress.get('10.0.0.1')).toBe(inventory.pods.find(({ name }) => name === 'late'));
    }
  });
  it('19: on the host network leave the address to the node', () => {
    const node =
      '---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, address: 192.168.0.1}]}\n';
    const { inventory, problems } = read(
      SHOP + node + pod('agent', `spec: {hostNetwork: true, nodeName: n1}\n${running('192.168.0.1')}`),
    );
    expect(inventory.pods[0]).toMatchObject({ hostNetwork: true, node: 'n1' });
    expect(inventory.byAddress.get('192.168.0.1')).toBe(inventory.nodes[0]);
    expect(problems).toEqual([]);
  });
  it('10: ports are those of containers and init containers, TCP by default', () => {
    const { inventory } = read(
      SHOP +
        pod(
          'web',
          'spec: {containers: [{ports: [{name: http, containerPort: 8080}, {containerPort: 53, protocol: UDP}]}, {}], initContainers: [{ports: [{name: proxy, containerPort: 15001, protocol: TCP}]}]}',
        ),
    );
    expect(inventory.pods[0]!.ports).toEqual([
      { name: 'http', protocol: 'TCP', port: 8080 },
      { protocol: 'UDP', port: 53 },
      { name: 'proxy', protocol: 'TCP', port: 15001, init: true },
    ]);
  });
  it('Running without an address are named in one warning', () => {
    const pods = Array.from({ length: 12 }, (_, i) => pod(`web-${i}`, 'status: {phase: Running}')).join('');
    const { problems } = read(SHOP + pods + pod('later', 'status: {phase: Pending}'));
    expect(problems).toHaveLength(1);
    expect(problems[0]!.message).toBe(
      `12 Running pods without an address: ${Array.from({ length: 10 }, (_, i) => `shop/web-${i}`).join(', ')}, and 2 more`,
    );
  });
});

describe('workloads', () => {
  const replicaSet =
    '---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web-5f, namespace: shop, ownerReferences: [{kind: Deployment, name: web, controller: true}]}\nspec: {template: {metadata: {labels: {app: web}}}}\n';
  const owned = (kind: string, name: string, labels = '{}') =>
    `, labels: ${labels}, ownerReferences: [{kind: Other, name: x}, {kind: ${kind}, name: ${name}, controller: true}]`;

  it('are found by owner references, through a ReplicaSet that is given', () => {
    const { inventory } = read(SHOP + replicaSet + pod('web-5f-a', running('10.0.0.1'), owned('ReplicaSet', 'web-5f')));
    expect(inventory.pods.map(({ name, workload }) => [name, workload])).toEqual([['web-5f-a', 'Deployment/web']]);
  });
  it('are found through a ReplicaSet that is not given, by its hash', () => {
    const { inventory } = read(
      SHOP + pod('web-5f-a', running('10.0.0.1'), owned('ReplicaSet', 'web-5f', '{pod-template-hash: 5f}')),
    );
    expect(inventory.pods[0]!.workload).toBe('Deployment/web');
  });
  it('stay what they are where nothing tells more', () => {
    const { inventory } = read(
      SHOP +
        pod('a', running('10.0.0.1'), owned('ReplicaSet', 'web-5f')) +
        pod('b', running('10.0.0.2'), owned('StatefulSet', 'db')) +
        pod('c', running('10.0.0.3'), owned('Node', 'n1')) +
        pod('d', running('10.0.0.4')),
    );
    expect(inventory.pods.map(({ workload }) => workload)).toEqual(['ReplicaSet/web-5f', 'StatefulSet/db', null, null]);
  });
  it('a Job is followed up to its CronJob', () => {
    const job =
      '---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: backup-1, namespace: shop, ownerReferences: [{kind: CronJob, name: backup, controller: true}]}\n';
    const { inventory } = read(SHOP + job + pod('backup-1-x', running('10.0.0.1'), owned('Job', 'backup-1')));
    expect(inventory.pods.map(({ workload }) => workload)).toEqual(['CronJob/backup']);
  });
  it('a circle of owners ends', () => {
    const circle = ['a', 'b'].map(
      (name, i) =>
        `---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: ${name}, namespace: shop, ownerReferences: [{kind: ReplicaSet, name: ${'ba'[i]}, controller: true}]}\n`,
    );
    expect(read(SHOP + circle.join('')).inventory.pods.length).toBeGreaterThan(0);
  });
  const template =
    '{metadata: {labels: {app: x}}, spec: {hostNetwork: true, containers: [{ports: [{name: http, containerPort: 80}]}]}}';
  it.each([
    ['apps/v1', 'Deployment', `{template: ${template}}`],
    ['apps/v1', 'StatefulSet', `{template: ${template}}`],
    ['apps/v1', 'DaemonSet', `{template: ${template}}`],
    ['apps/v1', 'ReplicaSet', `{template: ${template}}`],
    ['v1', 'ReplicationController', `{template: ${template}}`],
    ['batch/v1', 'Job', `{template: ${template}}`],
    ['batch/v1', 'CronJob', `{jobTemplate: {spec: {template: ${template}}}}`],
  ])('%s %s stands for its pods where none is given', (apiVersion, kind, spec) => {
    const text = `${SHOP}---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x, namespace: shop}\nspec: ${spec}\n`;
    const { inventory } = read(text);
    expect(inventory.pods).toMatchObject([
      {
        name: 'x',
        namespace: 'shop',
        labels: { app: 'x' },
        addresses: [],
        hostNetwork: true,
        ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
        workload: `${kind}/x`,
        fromWorkload: true,
      },
    ]);
  });
  it('one stand-in for a Deployment and its ReplicaSets; none where a pod is given', () => {
    const deployment =
      '---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {metadata: {labels: {app: new}}}}\n';
    expect(read(SHOP + replicaSet + deployment).inventory.pods).toMatchObject([
      { workload: 'Deployment/web', labels: { app: 'new' }, fromWorkload: true },
    ]);
    const given = pod('web-5f-a', running('10.0.0.1'), owned('ReplicaSet', 'web-5f'));
    expect(read(SHOP + replicaSet + deployment + given).inventory.pods).toMatchObject([
      { name: 'web-5f-a', fromWorkload: false },
    ]);
  });
});

describe('14: nodes', () => {
  it('own their addresses, also what network plugins announce, and know their podCIDRs', () => {
    const { inventory } = read(`apiVersion: v1
kind: Node
metadata:
  name: n1
  labels: {zone: a}
  annotations: {projectcalico.org/IPv4Address: 192.168.0.1/24, projectcalico.org/IPv4VXLANTunnelAddr: 10.244.1.0}
spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24, "FD00:1::/64"]}
status:
  addresses:
  - {type: InternalIP, address: 192.168.0.1}
  - {type: InternalIP, address: "fd01:0::1"}
  - {type: ExternalIP, address: 203.0.113.9}
  - {type: Hostname, address: n1}
`);
    expect(inventory.nodes).toMatchObject([
      {
        name: 'n1',
        labels: { zone: 'a' },
        addresses: ['192.168.0.1', 'fd01::1', '203.0.113.9', '10.244.1.0', '10.244.1.1', 'fd00:1::1'],
        podCIDRs: ['10.244.1.0/24', 'fd00:1::/64'],
      },
    ]);
  });
  it('14: own the first address of each podCIDR, unless a pod holds it or the block is too small to have one', () => {
    const node = (cidrs: string) => `
---
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDRs: [${cidrs}]}
`;
    const { inventory, problems } = read(`${SHOP}${pod('a', running('10.0.0.1'))}${node('10.0.0.0/24, "fd00::/64"')}`);
    expect(inventory.nodes[0]!.addresses).toEqual(['fd00::1']);
    expect(inventory.byAddress.get('10.0.0.1')).toMatchObject({ kind: 'pod', name: 'a' });
    expect(inventory.byAddress.get('fd00::1')).toBe(inventory.nodes[0]);
    expect(problems).toEqual([]);
    expect(read(node('10.0.0.4/31, 10.0.0.9/32')).inventory.nodes[0]!.addresses).toEqual([]);
  });
  it('are known from their pods where no Node is given', () => {
    const { inventory } = read(
      SHOP +
        pod('a', `spec: {nodeName: n1}\n${running('10.0.0.1', ', hostIP: 192.168.0.1, hostIPs: [{ip: "fd00::9"}]')}`) +
        pod('b', `spec: {nodeName: n1}\n${running('10.0.0.2', ', hostIP: 192.168.0.1')}`),
    );
    expect(inventory.nodes).toMatchObject([{ name: 'n1', addresses: ['fd00::9', '192.168.0.1'] }]);
    expect(inventory.byAddress.get('192.168.0.1')).toBe(inventory.nodes[0]);
  });
});

it('counts other kinds, and leaves policies to their reader', () => {
  const other = (apiVersion: string, kind: string) =>
    `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\n`;
  const { ignored, inventory } = read(
    other('v1', 'ConfigMap') +
      other('v1', 'ConfigMap').replace('name: a', 'name: b') +
      other('serving.knative.dev/v1', 'Service') +
      other('networking.k8s.io/v1', 'NetworkPolicy'),
  );
  expect([...ignored]).toEqual([
    ['ConfigMap', 2],
    ['Service', 1],
  ]);
  expect(inventory.services).toEqual([]);
});

describe('objects given twice', () => {
  const live = pod('web', running('10.0.0.1'));
  it('are taken once where identical', () => {
    const { inventory, problems } = read(SHOP + live + live);
    expect([inventory.pods.length, problems]).toEqual([1, []]);
  });
  it('the later is taken, with a warning', () => {
    const { inventory, problems } = read(SHOP + live + pod('web', running('10.0.0.2')));
    expect(inventory.pods).toMatchObject([{ addresses: ['10.0.0.2'] }]);
    expect(problems).toMatchObject([
      {
        severity: 'warning',
        position: { line: 5 },
        message: 'Pod shop/web is given twice and differs',
        hint: 'the one at c.yaml:10:1 is taken',
      },
    ]);
  });
  it('a live object is taken before a manifest', () => {
    expect(read(SHOP + live + pod('web', 'spec: {}')).inventory.pods).toMatchObject([{ addresses: ['10.0.0.1'] }]);
  });
});

describe('names that are none', () => {
  it.each([`"=cmd|'/c calc'!A0"`, '"a\\n| b |"', '"<img>"', '"a b"', '"::error::x"', '"-1"'])(
    '%s is an error',
    name => {
      const { problems } = read(pod(name, running('10.0.0.1')));
      expect(problems.map(({ severity, message }) => `${severity} ${message}`)).toContainEqual(
        expect.stringMatching(/^error metadata\.name: Invalid value: .*: a name consists of letters/),
      );
      const owned = read(pod('web', running('10.0.0.1'), `, ownerReferences: [{kind: Job, name: ${name}}]`));
      expect(owned.inventory.pods[0]).toMatchObject({ name: 'web', workload: null });
      expect(owned.problems[0]).toMatchObject({
        severity: 'warning',
        message: expect.stringMatching(/^metadata\.ownerReferences\[0\]\.name: Invalid value/),
      });
    },
  );
  it('those of clusters and of templates are names', () => {
    const names = ['web-7d4f.x', '10.0.0.1', 'system:node-a', 'web-', 'A_b'];
    expect(read(names.map((name, i) => pod(`"${name}"`, running(`10.0.0.${i + 1}`))).join('')).problems).toHaveLength(
      1,
    );
  });
});

describe('malformed objects are problems with positions', () => {
  it.each([
    [
      pod('web', '', ', labels: {a: yes}'),
      'error',
      'metadata.labels.a: cannot unmarshal bool into a field of type string',
    ],
    [
      pod('web', '', ', labels: [a]'),
      'error',
      'metadata.labels: cannot unmarshal array into a field of type map[string]string',
    ],
    [
      pod('web', 'status: {podIP: 10.0.0.256}'),
      'warning',
      'status.podIP: Invalid value: "10.0.0.256": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [pod('web', 'status: {podIP: 7}'), 'error', 'status.podIP: cannot unmarshal number into a field of type string'],
    [
      pod('web', 'spec: {containers: {}}'),
      'error',
      'spec.containers: cannot unmarshal object into a field of type list',
    ],
    [
      pod('web', 'spec: {containers: [{ports: [{containerPort: 0}]}]}'),
      'error',
      'spec.containers[0].ports[0].containerPort: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
    [
      pod('web', 'spec: {containers: [7]}'),
      'error',
      'spec.containers[0]: cannot unmarshal number into a field of type object',
    ],
    [pod('web', 'spec: 7'), 'error', 'spec: cannot unmarshal number into a field of type object'],
    ['apiVersion: v1\nkind: Pod\n', 'error', 'metadata.name: Required value: name or generateName is required'],
    [
      'apiVersion: v1\nkind: Pod\nmetadata: {name: [a]}\n',
      'error',
      'metadata.name: cannot unmarshal array into a field of type string',
    ],
  ])('%s', (text, severity, message) => {
    const found = read(SHOP + (text.startsWith('---') ? '' : '---\n') + text).problems;
    expect(found.map(problem => `${problem.severity} ${problem.message}`)).toContain(`${severity} ${message}`);
    for (const { position } of found) expect(position.line).toBeGreaterThan(3);
  });
});
