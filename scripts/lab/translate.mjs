/**
 * What kube-proxy and the CNI's masquerading do, as nftables rules in every node's namespace: the kernel translates.
 *
 * In:  a Plan with services.  Out: rules loaded (`services: false` in play.yaml: none; `masquerade: true`: egress too).
 */
import { isIPv6 } from './plan.mjs';
import { run } from './shell.mjs';

/** @typedef {import('./plan.mjs').Plan} Plan */
/** @typedef {import('./plan.mjs').NodePlace} NodePlace */

/** Marks packets whose source becomes the node's. */
const MASQUERADE = '0x4000';

/** @param {Plan} plan */
export async function loadTranslation(plan) {
  if (plan.play.services === false && !plan.play.masquerade) return;
  for (const node of plan.nodes)
    for (const six of [false, true])
      await run('ip', ['netns', 'exec', node.namespace, 'nft', '-f', '-'], { input: rulesOf(plan, node, six) });
}

/** The ruleset of one node and family. @param {Plan} plan @param {NodePlace} node @param {boolean} six */
export function rulesOf(plan, node, six) {
  const services = plan.play.services === false ? [] : plan.services;
  const forward = services.flatMap(service => forwardRules(plan, node, service, six));
  return `
table ${six ? 'ip6' : 'ip'} lab {
  chain services {
    ${forward.join('\n    ')}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat
    jump services
  }
  chain output {
    type nat hook output priority -100
    jump services
  }
  chain postrouting {
    type nat hook postrouting priority srcnat
    ${postRules(plan, services, six).join('\n    ')}
  }
}
`;
}

/** @param {Plan} plan @param {NodePlace} node @param {import('./plan.mjs').ServicePlan} service @param {boolean} six */
function forwardRules(plan, node, service, six) {
  const ip = six ? 'ip6' : 'ip';
  const local = plan.pods.filter(pod => pod.node === node).flatMap(pod => pod.addresses);
  return service.ports.flatMap(port => {
    const layer4 = port.protocol.toLowerCase();
    const all = port.backends.filter(backend => isIPv6(backend.address) === six);
    const lines = [];
    for (const address of service.addresses.filter(a => isIPv6(a) === six))
      if (all.length) lines.push(`${ip} daddr ${address} ${layer4} dport ${port.port} ${dnat(all, six)}`);
    if (port.nodePort) {
      const backends = service.local ? all.filter(backend => local.includes(backend.address)) : all;
      const mark = service.local ? '' : `meta mark set ${MASQUERADE} `;
      for (const address of node.addresses.filter(a => isIPv6(a) === six))
        if (backends.length)
          lines.push(`${ip} daddr ${address} ${layer4} dport ${port.nodePort} ${mark}${dnat(backends, six)}`);
    }
    return lines;
  });
}

/** Backends take turns. @param {import('./plan.mjs').Backend[]} backends @param {boolean} six */
function dnat(backends, six) {
  const end = (/** @type {import('./plan.mjs').Backend} */ b) => `${six ? `[${b.address}]` : b.address}:${b.port}`;
  if (backends.length === 1) return `dnat to ${end(/** @type {any} */ (backends[0]))}`;
  const map = backends.map((backend, index) => `${index} : ${backend.address} . ${backend.port}`).join(', ');
  return `dnat ${six ? 'ip6' : 'ip'} to numgen inc mod ${backends.length} map { ${map} }`;
}

/** @param {Plan} plan @param {Plan['services']} services @param {boolean} six */
function postRules(plan, services, six) {
  const ip = six ? 'ip6' : 'ip';
  const own = (/** @type {string[]} */ list) => [...new Set(list)].filter(a => isIPv6(a) === six);
  const lines = [`meta mark ${MASQUERADE} masquerade`];
  // A pod that reaches itself through its Service must not see its own address as the source.
  for (const address of own(services.flatMap(s => s.ports.flatMap(p => p.backends.map(b => b.address)))))
    lines.push(`${ip} saddr ${address} ${ip} daddr ${address} masquerade`);
  const pods = own(plan.pods.filter(pod => !pod.hostNetwork).flatMap(pod => pod.addresses));
  const inside = [...pods, ...own(plan.nodes.flatMap(node => node.addresses))];
  if (plan.play.masquerade && pods.length)
    lines.push(`${ip} saddr { ${pods.join(', ')} } ${ip} daddr != { ${inside.join(', ')} } masquerade`);
  return lines;
}
