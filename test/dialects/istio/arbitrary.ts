/** Random meshes, policies and requests, of few values, so that they meet. */
import fc from 'fast-check';
import type { Condition, Fields, PodSpec, PolicySpec, RequestSpec, RuleSpec } from './oracle.js';

const NAMESPACES = ['shop', 'lab', 'istio-system'] as const;
const ACCOUNTS = ['web', 'db', 'my.app', 'my-app'] as const;

/** Some meshes show no sign at all (IS21). */
export const arbPods: fc.Arbitrary<readonly PodSpec[]> = fc
  .tuple(
    fc.boolean(),
    fc.array(
      fc.record({
        namespace: fc.constantFrom(...NAMESPACES),
        account: fc.constantFrom(...ACCOUNTS),
        labels: fc.record({ app: fc.constantFrom('web', 'db') }),
        state: fc.constantFrom(
          'sidecar' as const,
          'sidecar' as const,
          'ambient' as const,
          'none' as const,
          'silent' as const,
        ),
      }),
      { minLength: 2, maxLength: 5 },
    ),
  )
  .map(([isSilent, pods]) =>
    pods.map((it, i) => ({
      ...it,
      name: `p${i}`,
      ip: `10.0.${i % 2}.${i + 1}`,
      state: isSilent && it.state !== 'none' ? ('silent' as const) : it.state,
    })),
  );

const some = (values: readonly string[], most = 2): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: most });

const PRINCIPALS = [
  '*',
  'cluster.local/ns/shop/sa/web',
  'cluster.local/ns/lab/*',
  '*/sa/db',
  '*/sa/my.app',
  '*.local/ns/shop/sa/web',
  'cluster.local/ns/shop/sa/my.app',
];
const NAMES = ['shop', 'lab', 'sh*', '*b', '*a', 's*p', '*', 'sho'];
const SERVICE_ACCOUNTS = ['web', 'my.app', 'lab/db', 'shop/my.app', 'istio-system/web'];
const BLOCKS = [
  '10.0.0.0/24',
  '10.0.0.1',
  '10.0.1.0/30',
  '0.0.0.0/0',
  '203.0.113.4',
  '10.0.1.9/31',
  '::/0',
  '2001:db8::1',
];
const PORTS = ['80', '8080', '080'];
const HOSTS = ['shop.example', '*.example', 'SHOP.example', 'shop.example:*', '*', 'shop.*'];
const METHODS = ['GET', 'P*', '*T', '*', 'get'];
const PATHS = [
  '/a',
  '/a/*',
  '*.html',
  '/a/{*}',
  '/a/{*}/c',
  '/{**}.html',
  '/a/{**}',
  '/{*}/b',
  '/a/{*}/',
  '/',
  '*',
  '/a%2Fb',
];

const fieldsOf = (lists: Readonly<Record<string, readonly string[]>>): fc.Arbitrary<Fields> => {
  const not = (name: string): string => `not${name[0]!.toUpperCase()}${name.slice(1)}`;
  const one = Object.entries(lists).flatMap(([name, values]) => [
    some(values).map(list => [name, list] as const),
    some(values).map(list => [not(name), list] as const),
  ]);
  return fc.array(fc.oneof(...one), { minLength: 1, maxLength: 2 }).map(entries => Object.fromEntries(entries));
};

/** Service accounts stand alone (IS13). */
const arbSource = fc.oneof(
  { weight: 4, arbitrary: fieldsOf({ principals: PRINCIPALS, namespaces: NAMES, ipBlocks: BLOCKS }) },
  { weight: 1, arbitrary: fieldsOf({ serviceAccounts: SERVICE_ACCOUNTS }) },
  { weight: 1, arbitrary: fieldsOf({ ipBlocks: BLOCKS, requestPrincipals: ['*'], remoteIpBlocks: BLOCKS }) },
);
/** CUSTOM policies cannot ask who the source is (IS7). */
const arbCustomSource = fieldsOf({ ipBlocks: BLOCKS, remoteIpBlocks: BLOCKS });
const arbOperation = fieldsOf({ ports: PORTS, hosts: HOSTS, methods: METHODS, paths: PATHS });

const condition = (key: string, values: readonly string[]): fc.Arbitrary<Condition> =>
  fc.oneof(
    some(values).map(list => ({ key, values: list })),
    some(values).map(list => ({ key, notValues: list })),
    fc.tuple(some(values), some(values)).map(([list, notValues]) => ({ key, values: list, notValues })),
  );
const CUSTOM_CONDITIONS = [
  condition('source.ip', BLOCKS),
  condition('destination.ip', BLOCKS),
  condition('destination.port', PORTS),
  condition('request.headers[x-a]', ['b', 'b*', '*', 'c']),
  condition('remote.ip', BLOCKS),
];
const CONDITIONS = [
  ...CUSTOM_CONDITIONS,
  condition('source.namespace', NAMES),
  condition('source.principal', PRINCIPALS),
  condition('request.auth.claims[iss]', ['x']),
];

const arbRule = (isCustom: boolean): fc.Arbitrary<RuleSpec> =>
  fc.record(
    {
      from: fc.array(
        (isCustom ? arbCustomSource : arbSource).map(source => ({ source })),
        { minLength: 1, maxLength: 2 },
      ),
      to: fc.array(
        arbOperation.map(operation => ({ operation })),
        { minLength: 1, maxLength: 2 },
      ),
      when: fc.array(fc.oneof(...(isCustom ? CUSTOM_CONDITIONS : CONDITIONS)), { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: [] },
  );

const arbPolicy: fc.Arbitrary<Omit<PolicySpec, 'name'>> = fc
  .constantFrom(
    'ALLOW' as const,
    'ALLOW' as const,
    'DENY' as const,
    'DENY' as const,
    'AUDIT' as const,
    'CUSTOM' as const,
  )
  .chain(action =>
    fc.record({
      namespace: fc.constantFrom(...NAMESPACES),
      action: fc.constant(action),
      matchLabels: fc.oneof(fc.constant(null), fc.record({ app: fc.constantFrom('web', 'db') })),
      dryRun: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
      rules: fc.array(arbRule(action === 'CUSTOM'), { minLength: action === 'ALLOW' ? 0 : 1, maxLength: 3 }),
    }),
  );

export const arbPolicies: fc.Arbitrary<readonly PolicySpec[]> = fc
  .array(arbPolicy, { minLength: 1, maxLength: 4 })
  .map(policies => policies.map((it, i) => ({ ...it, name: `a${i}` })));

export const arbRequest: fc.Arbitrary<RequestSpec> = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'POST'),
  path: fc.constantFrom(
    '/a',
    '/a/b',
    '/a/b/c',
    '/a/x/../b?c=/d',
    '/',
    '/x.html',
    '/%61/%62',
    '/a%2Fb',
    '/a\\b',
    '/a/./b/',
    '/a/b=c',
    '//a',
    '/a/%2e%2e/a',
  ),
  host: fc.constantFrom('shop.example', 'Shop.Example', 'shop.example:8080', 'lab.test'),
  headers: fc.oneof(fc.constant({}), fc.record({ 'x-a': fc.constantFrom('b', 'bc', 'c') })),
});

export const document = ({ namespace, name, action, matchLabels, dryRun, rules }: PolicySpec): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { namespace, name, ...(dryRun && { annotations: { 'istio.io/dry-run': 'true' } }) },
  spec: {
    action,
    rules,
    ...(matchLabels !== null && { selector: { matchLabels } }),
    ...(action === 'CUSTOM' && { provider: { name: 'p' } }),
  },
});
