/**
 * The fields of AuthorizationPolicy, security.istio.io/v1 and v1beta1, as data.
 * Source: https://github.com/istio/api, security/v1/authorization_policy.proto and type/v1beta1/selector.proto.
 */
import { ANY, METADATA, STRING, STRING_LIST } from '../kubernetes/fields.js';
import { list, type ObjectSchema, object, oneOf, type Schema } from '../kubernetes/schema.js';
import { ACTIONS } from './model.js';

/** Each with its negation. */
const both = (names: readonly string[]): Record<string, Schema> =>
  Object.fromEntries(
    names.flatMap(name => [
      [name, STRING_LIST],
      [`not${name[0]!.toUpperCase()}${name.slice(1)}`, STRING_LIST],
    ]),
  );

const SOURCE = object(
  'v1.Source',
  'a source',
  both(['principals', 'requestPrincipals', 'serviceAccounts', 'namespaces', 'ipBlocks', 'remoteIpBlocks']),
  { ips: 'ipBlocks', namespace: 'namespaces', serviceAccount: 'serviceAccounts', principal: 'principals' },
);

const OPERATION = object('v1.Operation', 'an operation', both(['hosts', 'ports', 'methods', 'paths']), {
  port: 'ports',
  path: 'paths',
  method: 'methods',
  host: 'hosts',
});

/** What people forget: `from: [{namespaces: [shop]}]` instead of `from: [{source: {namespaces: [shop]}}]`. */
const under = (schema: ObjectSchema, parent: string): Record<string, string> =>
  Object.fromEntries(Object.keys(schema.fields).map(name => [name, parent]));

const RULE = object(
  'v1.Rule',
  'a rule',
  {
    from: list('v1.Rule_From', object('v1.Rule_From', 'an entry of from', { source: SOURCE }, under(SOURCE, 'source'))),
    to: list(
      'v1.Rule_To',
      object('v1.Rule_To', 'an entry of to', { operation: OPERATION }, under(OPERATION, 'operation')),
    ),
    when: list(
      'v1.Condition',
      object('v1.Condition', 'a condition', { key: STRING, values: STRING_LIST, notValues: STRING_LIST }),
    ),
  },
  { source: 'from', operation: 'to', conditions: 'when' },
);

const TARGET = object('v1beta1.PolicyTargetReference', 'a target', {
  group: STRING,
  kind: STRING,
  name: STRING,
  namespace: STRING,
});

export const AUTHORIZATION_POLICY = object(
  'v1.AuthorizationPolicy',
  'an AuthorizationPolicy',
  {
    apiVersion: STRING,
    kind: STRING,
    metadata: METADATA,
    spec: object(
      'v1.AuthorizationPolicySpec',
      'an AuthorizationPolicy spec',
      {
        selector: object(
          'v1beta1.WorkloadSelector',
          'a workload selector',
          { matchLabels: { kind: 'strings', type: 'map[string]string' } },
          { labels: 'matchLabels', matchExpressions: 'matchLabels' },
        ),
        targetRef: TARGET,
        targetRefs: list('v1beta1.PolicyTargetReference', TARGET),
        action: oneOf('string', ACTIONS),
        provider: object('v1.ExtensionProvider', 'a provider', { name: STRING }),
        rules: list('v1.Rule', RULE),
      },
      { podSelector: 'selector', from: 'rules', to: 'rules', when: 'rules', ingress: 'rules' },
    ),
    status: ANY,
  },
  { rules: 'spec', action: 'spec', selector: 'spec' },
);
