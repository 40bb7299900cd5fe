/**
 * Policies copied from a page that lost their indentation are refused with a place, never read as something else.
 * examples/ holds the policies that they mean.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { formatPosition, type Problem } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';

const DENY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
name: default-deny-ingress
spec:
podSelector: {}
policyTypes:
- Ingress
`;

const FRONTEND = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
name: backend-allow-frontend
spec:
podSelector:
matchLabels:
app: backend
policyTypes:
- Ingress
ingress:
- from:
- podSelector:
matchLabels:
app: frontend
ports:
- protocol: TCP
port: 8080
`;

const ONE_LINE =
  'apiVersion: networking.k8s.io/v1 kind: NetworkPolicy metadata: name: api-network-policy namespace: production ' +
  'spec: podSelector: matchLabels: app: api policyTypes: [Ingress, Egress] ingress: - from: - podSelector: ' +
  'matchLabels: role: frontend ports: - protocol: TCP port: 3000\n';

function errorsOf(text: string): readonly Problem[] {
  const { documents, problems } = readDocuments(text, 'copied.yaml');
  const all = [...problems, ...compile(documents).problems];
  return all.filter(({ severity }) => severity === 'error');
}

describe('a policy without its indentation', () => {
  it.each([
    ['a deny without rules', DENY],
    ['an allow, whose keys now repeat', FRONTEND],
    ['one line', ONE_LINE],
    ['on Windows, too', DENY.replaceAll('\n', '\r\n')],
  ])('%s: is an error with a place', (_, text) => {
    const errors = errorsOf(text);
    expect(errors.length).toBeGreaterThan(0);
    for (const { message, position } of errors) {
      expect(message.length).toBeGreaterThan(10);
      expect(formatPosition(position)).toMatch(/^copied\.yaml:\d+:\d+$/);
    }
  });

  it('says what is missing, and what stands in the wrong place', () => {
    const { documents, problems } = readDocuments(DENY, 'copied.yaml');
    const all = [...problems, ...compile(documents).problems].map(
      ({ severity, position, message }) => `${severity} ${position.line}: ${message}`,
    );
    expect(all.filter(line => line.startsWith('error')).join('\n')).toMatch(/metadata\.name: Required value/);
    for (const key of ['name', 'podSelector', 'policyTypes']) {
      expect(all.some(line => line.startsWith('warning') && line.includes(`"${key}"`))).toBe(true);
    }
  });

  it('without the fields of its spec alone it is what the API server makes of it: every pod, nothing in, and a warning', () => {
    const { documents, problems } = readDocuments(DENY.replace('\nname', '\n  name'), 'copied.yaml');
    const { compiled, problems: later } = compile(documents);
    expect(compiled?.policies).toHaveLength(1);
    const [policy] = compiled!.policies;
    expect(policy).toMatchObject({ isolatesIngress: true, isolatesEgress: false, ingress: [] });
    expect(policy!.podSelector).toEqual({ matchLabels: {}, matchExpressions: [] });
    const warnings = [...problems, ...later].filter(({ message }) => message.startsWith('unknown field'));
    expect(warnings.map(({ severity, position }) => `${severity} ${position.line}`)).toEqual([
      'warning 6',
      'warning 7',
    ]);
  });

  it('is a policy again with it', () => {
    const mended = DENY.replace('\nname', '\n  name')
      .replace('\npodS', '\n  podS')
      .replace('\npolicyT', '\n  policyT')
      .replace('\n- ', '\n  - ');
    expect(errorsOf(mended)).toEqual([]);
    const { compiled } = compile(readDocuments(mended, 'mended.yaml').documents);
    expect(compiled?.policies.map(({ name }) => name)).toEqual(['default-deny-ingress']);
  });
});
