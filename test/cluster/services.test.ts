/** 18: services and what they may be translated to. */
import { describe, expect, it } from 'vitest';
import { readCluster } from '../../src/cluster/read.js';
import { readDocuments } from '../../src/documents/read.js';

const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n';
const PODS = [
  ['web-1', '10.0.0.1', 8080, 'True'],
  ['web-2', '10.0.0.2', 9090, 'True'],
  ['web-3', '10.0.0.3', 8080, 'False'],
]
  .map(
    ([name, ip, port, ready]) => `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, labels: {app: web}}
spec: {containers: [{ports: [{name: http, containerPort: ${port}}]}]}
status: {phase: Running, podIP: ${ip}, podIPs: [{ip: ${ip}}, {ip: "fd00::${String(ip).slice(-1)}"}], conditions: [{type: Ready, status: "${ready}"}]}
`,
  )
  .join('');
const service = (spec: string, rest = '') =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: ${spec}\n${rest}\n`;

function read(text: string) {
  const { documents, problems } = readDocuments(NAMESPACE + PODS + text, 'c.yaml');
  const result = readCluster(documents);
  return {
    inventory: result.inventory,
    service: result.inventory.services[0]!,
    problems: [...problems, ...result.problems],
  };
}

describe('18: services', () => {
  it('own cluster IPs, external IPs and load balancer addresses', () => {
    const { inventory, service: web } = read(
      service(
        '{clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, "FD00:96::1"], externalIPs: [203.0.113.1]}',
        'status: {loadBalancer: {ingress: [{ip: 203.0.113.2}, {hostname: lb.example.com}]}}',
      ),
    );
    expect(web.addresses).toEqual(['10.96.0.1', 'fd00:96::1', '203.0.113.1', '203.0.113.2']);
    for (const address of web.addresses) expect(inventory.byAddress.get(address)).toBe(web);
  });
  it('headless and ExternalName ones own none', () => {
    expect(read(service('{clusterIP: None, clusterIPs: [None]}')).service.addresses).toEqual([]);
    const { service: external, problems } = read(
      service('{type: ExternalName, externalName: a.example.com, clusterIP: ""}'),
    );
    expect([external.addresses, problems]).toEqual([[], []]);
  });
  it('know their ports: TCP and the same target port by default, node ports kept', () => {
    const { service: web } = read(
      service('{ports: [{port: 80}, {name: dns, port: 53, protocol: UDP, targetPort: dns, nodePort: 30053}]}'),
    );
    expect(web.ports).toEqual([
      { name: '', protocol: 'TCP', port: 80, targetPort: 80, nodePort: 0 },
      { name: 'dns', protocol: 'UDP', port: 53, targetPort: 'dns', nodePort: 30053 },
    ]);
  });
  it('without endpoints have the ready pods of the selector, a named port by each pod’s own number', () => {
    const { service: web } = read(
      service('{selector: {app: web}, ipFamilies: [IPv4], ports: [{port: 80, targetPort: http}]}'),
    );
    expect(web.backends).toEqual([
      [
        { address: '10.0.0.1', port: 8080, pod: 0 },
        { address: '10.0.0.2', port: 9090, pod: 1 },
      ],
    ]);
  });
  it('without ipFamilies both families are backends', () => {
    const { service: web } = read(service('{selector: {app: web}, ports: [{port: 80}]}'));
    expect(web.backends[0]!.map(({ address }) => address)).toEqual(['10.0.0.1', 'fd00::1', '10.0.0.2', 'fd00::2']);
  });
  it('a named target port that no container has gives no backend', () => {
    const { service: web } = read(service('{selector: {app: web}, ports: [{port: 80, targetPort: https}]}'));
    expect(web.backends).toEqual([[]]);
  });
  it('without a selector have no backends but those given', () => {
    expect(read(service('{ports: [{port: 80}]}')).service.backends).toEqual([[]]);
  });
  it('have the ready endpoints of all their slices, matched by port name and protocol', () => {
    const slice = (name: string, body: string) =>
      `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: ${name}, namespace: shop, labels: {kubernetes.io/service-name: web}}\n${body}`;
    const { service: web } = read(
      service('{selector: {app: web}, ports: [{name: a, port: 80}, {name: b, port: 81}]}') +
        slice(
          's1',
          `addressType: IPv4
ports: [{name: a, port: 8080}, {name: b, port: 9999, protocol: UDP}]
endpoints:
- {addresses: [10.0.0.1], conditions: {ready: true}}
- {addresses: [10.0.0.2], conditions: {ready: false, serving: true, terminating: true}}
- {addresses: [198.51.100.1]}
`,
        ) +
        slice(
          's2',
          'addressType: IPv6\nports: [{name: a, port: 8080}]\nendpoints: [{addresses: ["FD00:0::1"], conditions: {}}]\n',
        ) +
        slice('s3', 'addressType: FQDN\nports: [{name: a, port: 8080}]\nendpoints: [{addresses: [a.example.com]}]\n'),
    );
    expect(web.backends).toEqual([
      [
        { address: '10.0.0.1', port: 8080, pod: 0 },
        { address: '198.51.100.1', port: 8080, pod: -1 },
        { address: 'fd00::1', port: 8080, pod: 0 },
      ],
      [],
    ]);
  });
  it('have the ready addresses of their Endpoints where there are no slices', () => {
    const { service: web } = read(
      service('{selector: {app: web}, ports: [{port: 80, targetPort: http}]}') +
        `---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: web, namespace: shop}\nsubsets:\n- addresses: [{ip: 10.0.0.2}]\n  notReadyAddresses: [{ip: 10.0.0.1}]\n  ports: [{port: 9090}]\n`,
    );
    expect(web.backends).toEqual([[{ address: '10.0.0.2', port: 9090, pod: 1 }]]);
  });
  it('Endpoints without subsets are no backends, not the selector’s pods', () => {
    const { service: web } = read(
      service('{selector: {app: web}, ports: [{port: 80}]}') +
        '---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: web, namespace: shop}\n',
    );
    expect(web.backends).toEqual([[]]);
  });
  it('an address that a pod holds stays the pod’s, with a warning', () => {
    const { inventory, problems } = read(service('{clusterIP: 10.0.0.1}'));
    expect(inventory.byAddress.get('10.0.0.1')).toMatchObject({ kind: 'pod' });
    expect(problems).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('10.0.0.1 (pod shop/web-1 before service shop/web)') },
    ]);
  });
});
