/**
 * Every decision of every profile as packets: what upstream says of them and what the profile says.
 *
 * In:  nothing.  Out: cases, each a few policies and first packets in one small cluster. They are judged by every engine
 * (decisions.test.ts), and by the kernel with the ruleset of the profile's enforcer (test/kernel/profiles.test.ts).
 */
import type { NetworkPolicy } from '../../src/policy/policy.js';
import type { ProfileName } from '../../src/profile/profile.js';
import {
  block,
  type ClusterLiteral,
  everything,
  expressions,
  labels,
  pods,
  policy,
  port,
  rule,
} from '../rules/cluster.js';
import type { PacketLiteral } from '../tree/packets.js';

const WEB = '10.0.0.1';
const API = '10.0.0.2';
const DB = '10.0.0.3';
const OTHER = '10.0.1.1';
const WEB6 = 'fd00::1';
const API6 = 'fd00::2';
const NODE1 = '192.168.0.1';
const NODE2 = '192.168.0.2';
const HOSTED = NODE2;
const OUTSIDE = '203.0.113.9';
const NODE_LOCAL = '169.254.20.10';

export const CLUSTER: ClusterLiteral = {
  pods: [
    { ns: 'shop', name: 'web', labels: { app: 'web' }, ips: [WEB, WEB6], node: 'n1' },
    {
      ns: 'shop',
      name: 'api',
      labels: { app: 'api' },
      ips: [API, API6],
      node: 'n2',
      ports: [
        { name: 'http', protocol: 'TCP', port: 8080 },
        { name: 'admin', protocol: 'TCP', port: 9000, init: true },
      ],
    },
    {
      ns: 'shop',
      name: 'db',
      labels: { app: 'db', 'statefulset.kubernetes.io/pod-name': 'db-0' },
      ips: [DB],
      node: 'n1',
      ports: [{ name: 'sql', protocol: 'TCP', port: 5432 }],
    },
    { ns: 'other', name: 'out', ips: [OTHER], node: 'n1', ports: [{ name: 'http', protocol: 'TCP', port: 7070 }] },
    { ns: 'shop', name: 'host', labels: { app: 'api' }, ips: [HOSTED], node: 'n2', hostNetwork: true },
  ],
  nodes: { n1: [NODE1], n2: [NODE2] },
};

type Said = 'allowed' | 'dropped' | 'undecided';

export interface Ask {
  readonly packet: PacketLiteral;
  readonly upstream: Said;
  readonly here: Said;
  /** What the profile's verdict is called. */
  readonly reason: string;
}

export interface Case {
  readonly profile: ProfileName;
  /** Begins with the profile. */
  readonly decision: string;
  readonly policies: readonly NetworkPolicy[];
  readonly asks: readonly Ask[];
}

const TCP = 6;
const UDP = 17;

const packet = (source: string, destination: string, dport: number, protocol = TCP): PacketLiteral => ({
  source,
  destination,
  protocol,
  sport: 40000,
  dport,
});
const icmp = (source: string, destination: string, icmpType: number): PacketLiteral => ({
  source,
  destination,
  protocol: source.includes(':') ? 58 : 1,
  icmpType,
});

/** What differs from upstream. */
const differs = (packet: PacketLiteral, here: Said, reason: string): Ask => ({
  packet,
  upstream: here === 'allowed' ? 'dropped' : 'allowed',
  here,
  reason,
});
/** What only some versions or settings of the plugin do. */
const disputed = (packet: PacketLiteral, upstream: Said): Ask => ({
  packet,
  upstream,
  here: 'undecided',
  reason: 'unsupported',
});
/** What does not. */
const same = (packet: PacketLiteral, here: Said, reason: string): Ask => ({ packet, upstream: here, here, reason });

const web = labels({ app: 'web' });
const api = labels({ app: 'api' });
const toApi = [pods(api)];
const fromWeb = [pods(web)];
const egressOfWeb = (...rules: ReturnType<typeof rule>[]) => policy('shop', 'web', web, { egress: rules });
const ingressOfApi = (...rules: ReturnType<typeof rule>[]) => policy('shop', 'api', api, { ingress: rules });

const CALICO: readonly Omit<Case, 'profile'>[] = [
  {
    decision: 'P3: VXLAN and IPIP from a pod are dropped, without any policy',
    policies: [],
    asks: [
      differs(packet(WEB, OUTSIDE, 4789, UDP), 'dropped', 'rule'),
      differs(packet(WEB6, '2001:db8::9', 4789, UDP), 'dropped', 'rule'),
      differs({ source: WEB, destination: OUTSIDE, protocol: 4 }, 'dropped', 'rule'),
      differs(packet(WEB, NODE1, 4789, UDP), 'dropped', 'rule'),
      same(packet(WEB, OUTSIDE, 4789), 'allowed', 'no-policy'),
      same(packet(WEB, OUTSIDE, 4788, UDP), 'allowed', 'no-policy'),
      same(packet(OUTSIDE, WEB, 4789, UDP), 'allowed', 'no-policy'),
      same(packet(NODE1, NODE2, 4789, UDP), 'allowed', 'no-policy'),
    ],
  },
  {
    decision: 'P5: a pod needs its egress policy for its own node, a node reaches its pods',
    policies: [egressOfWeb(rule(toApi), rule([block(`${NODE1}/32`)], [port(53, 'UDP')]))],
    asks: [
      differs(packet(WEB, NODE1, 22), 'dropped', 'default-deny'),
      differs(packet(WEB, NODE_LOCAL, 53, UDP), 'dropped', 'default-deny'),
      { ...same(packet(WEB, NODE1, 53, UDP), 'allowed', 'rule') },
      same(packet(WEB, NODE2, 22), 'dropped', 'default-deny'),
      same(packet(NODE1, WEB, 80), 'allowed', 'node'),
      same(packet(NODE_LOCAL, WEB, 80), 'allowed', 'node'),
      same(packet(DB, NODE1, 22), 'allowed', 'no-policy'),
    ],
  },
  {
    decision: 'P5: and a node reaches pods whose ingress is closed',
    policies: [policy('shop', 'web', web, { ingress: [] })],
    asks: [same(packet(NODE1, WEB, 80), 'allowed', 'node'), same(packet(NODE2, WEB, 80), 'dropped', 'default-deny')],
  },
  {
    decision: 'P9: a named port with an ipBlock stands for the pods inside the block',
    policies: [egressOfWeb(rule([block('10.0.0.0/29', `${DB}/32`)], [port('http')]))],
    asks: [
      differs(packet(WEB, API, 8080), 'allowed', 'rule'),
      same(packet(WEB, API, 8081), 'dropped', 'default-deny'),
      same(packet(WEB, DB, 8080), 'dropped', 'default-deny'),
      same(packet(WEB, OTHER, 7070), 'dropped', 'default-deny'),
    ],
  },
];

const KUBE_ROUTER: readonly Omit<Case, 'profile'>[] = [
  {
    decision: 'P2: ping and a few other types of ICMP are open to every pod',
    policies: [ingressOfApi()],
    asks: [
      differs(icmp(WEB, API, 8), 'allowed', 'not-enforced'),
      differs(icmp(WEB6, API6, 128), 'allowed', 'not-enforced'),
      differs(icmp(OUTSIDE, API, 8), 'allowed', 'not-enforced'),
      // Address and timestamp requests.
      same(icmp(WEB, API, 13), 'dropped', 'default-deny'),
      same(icmp(WEB, API, 17), 'dropped', 'default-deny'),
      same(packet(WEB, API, 80), 'dropped', 'default-deny'),
      same(packet(NODE2, API, 80), 'allowed', 'node'),
    ],
  },
  {
    decision: 'P5, P6: a pod reaches node ports of its own node, and nothing else there',
    policies: [egressOfWeb(rule(toApi))],
    asks: [
      differs(packet(WEB, NODE1, 22), 'dropped', 'default-deny'),
      differs(packet(WEB, NODE1, 29999), 'dropped', 'default-deny'),
      { ...same(packet(WEB, NODE1, 30000), 'allowed', 'not-enforced') },
      { ...same(packet(WEB, NODE1, 32767, UDP), 'allowed', 'not-enforced') },
      differs(packet(WEB, NODE1, 32768), 'dropped', 'default-deny'),
      differs(packet(WEB, NODE1, 30080, 132), 'dropped', 'default-deny'),
      same(packet(WEB, NODE2, 30080), 'dropped', 'default-deny'),
      differs(packet(WEB, NODE_LOCAL, 53, UDP), 'dropped', 'default-deny'),
      same(packet(NODE1, WEB, 80), 'allowed', 'node'),
    ],
  },
  {
    decision: 'P8: the named ports of init containers are not known',
    policies: [egressOfWeb(rule(toApi, [port('admin'), port('http')]))],
    asks: [differs(packet(WEB, API, 9000), 'dropped', 'default-deny'), same(packet(WEB, API, 8080), 'allowed', 'rule')],
  },
  {
    decision: 'P10: a named port without `to` opens the number everywhere',
    policies: [egressOfWeb(rule(null, [port('http')]))],
    asks: [
      differs(packet(WEB, OUTSIDE, 8080), 'allowed', 'rule'),
      differs(packet(WEB, DB, 8080), 'allowed', 'rule'),
      same(packet(WEB, API, 8080), 'allowed', 'rule'),
      differs(packet(WEB, OTHER, 7070), 'dropped', 'default-deny'),
      same(packet(WEB, OUTSIDE, 7070), 'dropped', 'default-deny'),
    ],
  },
  {
    decision: 'P11: a rule with none but unknown names opens everything to its pods',
    policies: [egressOfWeb(rule([pods(api), block('198.51.100.0/24')], [port('nope')]))],
    asks: [
      differs(packet(WEB, API, 1234), 'allowed', 'rule'),
      differs(packet(WEB, API, 1234, 132), 'allowed', 'rule'),
      same(packet(WEB, DB, 1234), 'dropped', 'default-deny'),
      same(packet(WEB, '198.51.100.1', 1234), 'dropped', 'default-deny'),
    ],
  },
  {
    decision: 'P11: of ingress too, and not beside a number',
    policies: [
      ingressOfApi(rule(fromWeb, [port('nope')])),
      policy('shop', 'db', labels({ app: 'db' }), { ingress: [rule(fromWeb, [port('nope'), port(80)])] }),
    ],
    asks: [
      differs(packet(WEB, API, 1234), 'allowed', 'rule'),
      same(packet(OTHER, API, 1234), 'dropped', 'default-deny'),
      same(packet(WEB, DB, 1234), 'dropped', 'default-deny'),
      same(packet(WEB, DB, 80), 'allowed', 'rule'),
    ],
  },
  {
    decision: 'P13: of all prefixes of a rule the longest decides',
    policies: [egressOfWeb(rule([block('10.0.0.0/8', '10.1.0.0/16'), block('10.0.0.0/12'), block('10.1.2.0/24')]))],
    asks: [
      differs(packet(WEB, '10.1.0.5', 80), 'dropped', 'default-deny'),
      same(packet(WEB, '10.1.2.3', 80), 'allowed', 'rule'),
      same(packet(WEB, '10.9.0.1', 80), 'allowed', 'rule'),
      same(packet(WEB, OUTSIDE, 80), 'dropped', 'default-deny'),
    ],
  },
  {
    decision: 'P13: of the same prefix twice, the later entry',
    policies: [
      egressOfWeb(rule([block('10.1.0.0/16'), block('10.0.0.0/8', '10.1.0.0/16')])),
      policy('shop', 'db', labels({ app: 'db' }), {
        egress: [rule([block('10.0.0.0/8', '10.1.0.0/16'), block('10.1.0.0/16')])],
      }),
    ],
    asks: [
      differs(packet(WEB, '10.1.0.5', 80), 'dropped', 'default-deny'),
      same(packet(DB, '10.1.0.5', 80), 'allowed', 'rule'),
    ],
  },
  {
    decision: 'P14: ::/0 is 2000::/3 and fd00::/8, 0.0.0.0/0 its two halves',
    policies: [
      egressOfWeb(rule([block('::/0'), block('0.0.0.0/0', '128.0.0.0/1')]), rule([block('0.0.0.0/0', '0.0.0.0/1')])),
      policy('shop', 'db', labels({ app: 'db' }), {
        egress: [rule([block('0.0.0.0/0', '128.0.0.0/1'), block('0.0.0.0/0')])],
      }),
      policy('other', 'out', everything, { egress: [rule([block('0.0.0.0/0'), block('0.0.0.0/0', '128.0.0.0/1')])] }),
    ],
    asks: [
      differs(packet(WEB6, 'fc00::9', 80), 'dropped', 'default-deny'),
      same(packet(WEB6, '2001:db8::9', 80), 'allowed', 'rule'),
      same(packet(WEB6, 'fd12::9', 80), 'allowed', 'rule'),
      same(packet(WEB, OUTSIDE, 80), 'allowed', 'rule'),
      same(packet(WEB, '9.9.9.9', 80), 'allowed', 'rule'),
      same(packet(DB, OUTSIDE, 80), 'allowed', 'rule'),
      differs(packet(OTHER, OUTSIDE, 80), 'dropped', 'default-deny'),
      same(packet(OTHER, '9.9.9.9', 80), 'allowed', 'rule'),
    ],
  },
  {
    decision: 'P16: between pods of one policy for both directions, either direction opens both',
    policies: [
      policy('shop', 'all', everything, { ingress: [rule(fromWeb, [port(80)])], egress: [] }),
      ingressOfApi(rule([pods(labels({ app: 'db' }))])),
    ],
    asks: [
      // The other policy opens the one side, and the first one's rule is about another peer.
      same(packet(DB, API, 80), 'dropped', 'default-deny'),
      differs(packet(WEB, API, 80), 'allowed', 'rule'),
      same(packet(WEB, API, 81), 'dropped', 'default-deny'),
      same(packet(API, WEB, 80), 'dropped', 'default-deny'),
      same(packet(WEB, OTHER, 80), 'dropped', 'default-deny'),
      same(packet(OTHER, WEB, 80), 'dropped', 'default-deny'),
    ],
  },
  {
    decision: 'P16: and the other way round; policies for one direction keep apart',
    policies: [
      policy('shop', 'all', everything, { ingress: [], egress: [rule(toApi, [port('http')])] }),
      policy('other', 'in', everything, { ingress: [] }),
      policy('other', 'out', everything, { egress: [rule(null)] }),
    ],
    asks: [
      differs(packet(WEB, API, 8080), 'allowed', 'rule'),
      same(packet(WEB, DB, 8080), 'dropped', 'default-deny'),
      same(packet(OTHER, API, 8080), 'dropped', 'default-deny'),
      same(packet(WEB, OTHER, 8080), 'dropped', 'default-deny'),
      same(packet(OTHER, OUTSIDE, 80), 'allowed', 'rule'),
    ],
  },
];

const WEAVE: readonly Omit<Case, 'profile'>[] = [
  {
    decision: 'P1: IPv6 is not enforced',
    policies: [ingressOfApi(), egressOfWeb()],
    asks: [
      differs(packet(WEB6, API6, 80), 'allowed', 'not-enforced'),
      differs(packet(WEB6, '2001:db8::9', 80), 'allowed', 'not-enforced'),
      same(packet(WEB, API, 80), 'dropped', 'default-deny'),
    ],
  },
  {
    decision: 'P4: multicast is open to every pod',
    policies: [egressOfWeb()],
    asks: [
      differs(packet(WEB, '224.0.0.251', 5353, UDP), 'allowed', 'not-enforced'),
      differs(packet(WEB, '239.255.255.250', 1900, UDP), 'allowed', 'not-enforced'),
      same(packet(WEB, '240.0.0.1', 80), 'dropped', 'default-deny'),
    ],
  },
  {
    decision: 'P5: a pod and its own node, either way',
    policies: [egressOfWeb(), policy('shop', 'in', web, { ingress: [] })],
    asks: [
      same(packet(WEB, NODE1, 22), 'allowed', 'node'),
      same(packet(WEB, NODE_LOCAL, 53, UDP), 'allowed', 'node'),
      same(packet(NODE1, WEB, 80), 'allowed', 'node'),
      same(packet(WEB, NODE2, 22), 'dropped', 'default-deny'),
    ],
  },
  {
    decision: 'P7: a policy that names a port is refused whole',
    policies: [
      ingressOfApi(rule(fromWeb, [port('http')]), rule(fromWeb, [port(80)])),
      policy('shop', 'db', labels({ app: 'db' }), { ingress: [], egress: [rule(null, [port('http')])] }),
    ],
    asks: [
      differs(packet(OTHER, API, 9999), 'allowed', 'no-policy'),
      differs(packet(WEB, DB, 9999), 'allowed', 'no-policy'),
    ],
  },
  {
    decision: 'P12: endPort is not read',
    policies: [ingressOfApi(rule(fromWeb, [port(8000, 'TCP', 8100), port(null, 'UDP')]))],
    asks: [
      differs(packet(WEB, API, 8050), 'dropped', 'default-deny'),
      same(packet(WEB, API, 8000), 'allowed', 'rule'),
      same(packet(WEB, API, 53, UDP), 'allowed', 'rule'),
    ],
  },
  {
    decision: 'P15: rules of a direction that is not listed allow what another policy isolates',
    policies: [
      { ...policy('shop', 'a', web, { ingress: [] }), unlisted: [rule(toApi, [port(80)])] },
      egressOfWeb(),
      { ...policy('shop', 'c', labels({ app: 'db' }), { ingress: [] }), unlisted: [rule(toApi, [port(80)])] },
    ],
    asks: [
      differs(packet(WEB, API, 80), 'allowed', 'rule'),
      same(packet(WEB, API, 81), 'dropped', 'default-deny'),
      same(packet(DB, API, 81), 'allowed', 'no-policy'),
    ],
  },
];

/** What every profile says as upstream does. */
const COMMON: readonly Omit<Case, 'profile'>[] = [
  {
    decision: 'as upstream: ICMP by rules without ports, ipBlocks match pods, SCTP, the host network is the node',
    policies: [
      ingressOfApi(rule([block('10.0.0.0/24')], [port(80), port(9, 'SCTP')]), rule([block(`${OTHER}/32`)])),
      egressOfWeb(rule(toApi), rule([block(`${NODE2}/32`)], [port(10250)])),
    ],
    asks: [
      same(packet(WEB, API, 80), 'allowed', 'rule'),
      same(packet(WEB, API, 81), 'dropped', 'default-deny'),
      same(packet(WEB, API, 9, 132), 'allowed', 'rule'),
      same(packet(WEB, API, 80, 132), 'dropped', 'default-deny'),
      same(icmp(WEB, API, 13), 'dropped', 'default-deny'),
      same(icmp(OTHER, API, 13), 'allowed', 'rule'),
      same({ source: OTHER, destination: API, protocol: 47 }, 'allowed', 'rule'),
      same(packet(WEB, HOSTED, 10250), 'allowed', 'rule'),
      same(packet(WEB, HOSTED, 80), 'dropped', 'default-deny'),
      same(packet(HOSTED, API, 81), 'allowed', 'node'),
      same(packet(NODE1, API, 81), 'dropped', 'default-deny'),
      same(packet(OUTSIDE, DB, 80), 'allowed', 'no-policy'),
      same(packet(WEB, WEB, 80), 'allowed', 'loopback'),
    ],
  },
];

const of = (profile: ProfileName, cases: readonly Omit<Case, 'profile'>[]): Case[] =>
  [...cases, ...COMMON].map(it => ({ ...it, profile, decision: `${profile}: ${it.decision}` }));

const FLANNEL: readonly Omit<Case, 'profile'>[] = [
  {
    decision: 'P1: nothing is enforced',
    policies: [ingressOfApi(), egressOfWeb()],
    asks: [
      differs(packet(WEB, API, 80), 'allowed', 'not-enforced'),
      differs(packet(WEB6, API6, 80), 'allowed', 'not-enforced'),
      differs(packet(WEB, OUTSIDE, 443), 'allowed', 'not-enforced'),
      differs(icmp(OUTSIDE, API, 8), 'allowed', 'not-enforced'),
      same(packet(DB, OUTSIDE, 443), 'allowed', 'not-enforced'),
      same(packet(NODE1, WEB, 80), 'allowed', 'node'),
      same(packet(WEB, WEB, 80), 'allowed', 'loopback'),
    ],
  },
];

const ANTREA: readonly Omit<Case, 'profile'>[] = [
  {
    decision: 'P5: a pod needs its egress policy for its own node, a node reaches its pods',
    policies: [egressOfWeb(rule(toApi)), ingressOfApi()],
    asks: [
      differs(packet(WEB, NODE1, 10250), 'dropped', 'default-deny'),
      same(packet(WEB, NODE2, 10250), 'dropped', 'default-deny'),
      same(packet(NODE2, API, 80), 'allowed', 'node'),
      same(packet(NODE1, API, 80), 'dropped', 'default-deny'),
    ],
  },
  {
    decision: 'P8: the named ports of init containers are not known',
    policies: [ingressOfApi(rule(fromWeb, [port('admin'), port('http')]))],
    asks: [differs(packet(WEB, API, 9000), 'dropped', 'default-deny'), same(packet(WEB, API, 8080), 'allowed', 'rule')],
  },
];

const stateful = labels({ 'statefulset.kubernetes.io/pod-name': 'db-0' });

const CILIUM: readonly Omit<Case, 'profile'>[] = [
  {
    decision: 'P5: a pod needs a rule without `to` for its own node, a node reaches its pods',
    policies: [
      egressOfWeb(rule(toApi), rule([block(`${NODE1}/32`)], [port(22)]), rule(null, [port(53, 'UDP')])),
      policy('shop', 'in', web, { ingress: [] }),
    ],
    asks: [
      differs(packet(WEB, NODE1, 22), 'dropped', 'default-deny'),
      differs(packet(WEB, NODE_LOCAL, 80), 'dropped', 'default-deny'),
      { ...same(packet(WEB, NODE1, 53, UDP), 'allowed', 'rule') },
      { ...same(packet(WEB, NODE_LOCAL, 53, UDP), 'allowed', 'rule') },
      same(packet(WEB, NODE2, 22), 'dropped', 'default-deny'),
      same(packet(NODE1, WEB, 80), 'allowed', 'node'),
      same(packet(NODE_LOCAL, WEB, 80), 'allowed', 'node'),
      same(packet(NODE2, WEB, 80), 'dropped', 'default-deny'),
      same(packet(DB, NODE1, 22), 'allowed', 'no-policy'),
    ],
  },
  {
    decision: 'P8: the named ports of init containers are not known',
    policies: [ingressOfApi(rule(fromWeb, [port('admin'), port('http')]))],
    asks: [differs(packet(WEB, API, 9000), 'dropped', 'default-deny'), same(packet(WEB, API, 8080), 'allowed', 'rule')],
  },
  {
    decision: 'P15: rules of a direction that is not listed isolate as if it were',
    policies: [
      { ...policy('shop', 'a', web, { ingress: [] }), unlisted: [rule(toApi, [port(80)])] },
      { ...policy('shop', 'b', labels({ app: 'db' }), { egress: [] }), unlisted: [rule(fromWeb)] },
    ],
    asks: [
      same(packet(WEB, API, 80), 'allowed', 'rule'),
      differs(packet(WEB, API, 81), 'dropped', 'default-deny'),
      differs(packet(WEB, OUTSIDE, 80), 'dropped', 'default-deny'),
      differs(packet(API, DB, 80), 'dropped', 'default-deny'),
      same(packet(DB, OUTSIDE, 80), 'dropped', 'default-deny'),
      same(packet(API, OUTSIDE, 80), 'allowed', 'no-policy'),
    ],
  },
  {
    decision: 'P20: an ipBlock matches neither pods nor nodes',
    policies: [
      egressOfWeb(
        rule([block('0.0.0.0/0', '203.0.113.0/25'), block('fd00::/16')], [port(80)]),
        rule([pods(labels({ app: 'db' }))]),
        rule([block(`${NODE_LOCAL}/32`)], [port(53, 'UDP')]),
      ),
      ingressOfApi(rule([block('10.0.0.0/8'), block('192.168.0.0/16')])),
    ],
    asks: [
      differs(packet(WEB, OTHER, 80), 'dropped', 'default-deny'),
      differs(packet(WEB, NODE2, 80), 'dropped', 'default-deny'),
      same(packet(WEB6, API6, 80), 'dropped', 'default-deny'),
      same(packet(WEB6, 'fd00::9', 80), 'allowed', 'rule'),
      same(packet(WEB, '203.0.113.129', 80), 'allowed', 'rule'),
      same(packet(WEB, OUTSIDE, 80), 'dropped', 'default-deny'),
      same(packet(WEB, '10.0.0.9', 80), 'allowed', 'rule'),
      same(packet(WEB, DB, 80), 'allowed', 'rule'),
      differs(packet(OTHER, API, 80), 'dropped', 'default-deny'),
      differs(packet(NODE1, API, 80), 'dropped', 'default-deny'),
      same(packet('10.9.9.9', API, 80), 'allowed', 'rule'),
      // Which of the two started first is not known.
      disputed(packet(WEB, NODE_LOCAL, 53, UDP), 'allowed'),
      disputed(packet(WEB, NODE_LOCAL, 80), 'allowed'),
      { ...same(packet(WEB, NODE_LOCAL, 81), 'dropped', 'default-deny'), upstream: 'allowed' },
    ],
  },
  {
    decision: 'P20: what one policy surely allows is allowed, whatever is not known of another one',
    policies: [
      egressOfWeb(rule([block(`${NODE_LOCAL}/32`)], [port(53, 'UDP')])),
      policy('shop', 'z', web, { egress: [rule(null, [port(53, 'UDP')])] }),
    ],
    asks: [same(packet(WEB, NODE_LOCAL, 53, UDP), 'allowed', 'rule')],
  },
  {
    decision: 'P21: other protocols than ICMP, TCP and UDP do not pass, without any policy; SCTP may be switched on',
    policies: [ingressOfApi(rule(null))],
    asks: [
      differs({ source: WEB, destination: API, protocol: 47 }, 'dropped', 'rule'),
      differs({ source: WEB, destination: OUTSIDE, protocol: 4 }, 'dropped', 'rule'),
      differs({ source: OUTSIDE, destination: WEB, protocol: 50 }, 'dropped', 'rule'),
      differs({ source: WEB6, destination: API6, protocol: 41 }, 'dropped', 'rule'),
      disputed(packet(WEB, API, 80, 132), 'allowed'),
      disputed(packet(OUTSIDE, DB, 80, 132), 'allowed'),
      same(icmp(WEB, API, 8), 'allowed', 'rule'),
      same(icmp(WEB6, API6, 128), 'allowed', 'rule'),
      same(packet(WEB, API, 80, UDP), 'allowed', 'rule'),
      same({ source: NODE1, destination: NODE2, protocol: 4 }, 'allowed', 'no-policy'),
    ],
  },
  {
    decision: 'P22: the cluster does not agree about the number of a named port of egress',
    policies: [
      egressOfWeb(rule(toApi, [port('http')])),
      policy('shop', 'db', labels({ app: 'db' }), { egress: [rule(null, [port('http')])] }),
    ],
    asks: [
      // Some versions open each pod's own number, some none, some that of the selected pods.
      disputed(packet(WEB, API, 8080), 'allowed'),
      same(packet(WEB, API, 7070), 'dropped', 'default-deny'),
      disputed(packet(DB, OTHER, 7070), 'allowed'),
      same(packet(DB, OTHER, 8080), 'dropped', 'default-deny'),
      same(packet(DB, OUTSIDE, 8080), 'dropped', 'default-deny'),
    ],
  },
  {
    decision: 'P22: it agrees, and the pods that have the port are open',
    policies: [
      egressOfWeb(rule([pods(labels({ app: 'db' })), block('203.0.113.0/24')], [port('sql')])),
      policy('shop', 'api', api, { egress: [rule([pods(labels({ app: 'web' }))], [port('sql')])] }),
    ],
    asks: [
      same(packet(WEB, DB, 5432), 'allowed', 'rule'),
      same(packet(WEB, DB, 5433), 'dropped', 'default-deny'),
      // Older versions open the number towards every peer of the rule.
      disputed(packet(WEB, OUTSIDE, 5432), 'dropped'),
      disputed(packet(API, WEB, 5432), 'dropped'),
      same(packet(API, DB, 5432), 'dropped', 'default-deny'),
    ],
  },
  {
    decision: 'P23: labels that controllers write are seen by no selector',
    policies: [
      policy('shop', 'db', stateful, { ingress: [] }),
      ingressOfApi(rule([pods(stateful)])),
      policy('other', 'out', everything, {
        ingress: [
          rule([
            pods(
              expressions({ key: 'statefulset.kubernetes.io/pod-name', operator: 'DoesNotExist', values: [] }),
              everything,
            ),
          ]),
        ],
      }),
    ],
    asks: [
      differs(packet(WEB, DB, 80), 'allowed', 'no-policy'),
      differs(packet(DB, API, 80), 'dropped', 'default-deny'),
      differs(packet(DB, OTHER, 80), 'allowed', 'rule'),
      same(packet(WEB, OTHER, 80), 'allowed', 'rule'),
      same(packet(OUTSIDE, OTHER, 80), 'dropped', 'default-deny'),
    ],
  },
];

/** With their titles. */
export const CASES: readonly (readonly [string, Case])[] = [
  ...of('calico', CALICO),
  ...of('kube-router', KUBE_ROUTER),
  ...of('weave', WEAVE),
  ...of('antrea', ANTREA),
  ...CILIUM.map((it): Case => ({ ...it, profile: 'cilium', decision: `cilium: ${it.decision}` })),
  ...FLANNEL.map((it): Case => ({ ...it, profile: 'flannel', decision: `flannel: ${it.decision}` })),
].map(it => [it.decision, it]);
