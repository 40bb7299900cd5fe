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
    expect(all).toContain('error 4: unknown field "name": it belongs under "metadata", which is empty');
    expect(all).toContain('error 6: unknown field "podSelector": it belongs under "spec", which is empty');
    expect(all).toContain('error 7: unknown field "policyTypes": it belongs under "spec", which is empty');
  });

  it('without the fields of its spec alone it is refused: an empty spec would isolate every pod', () => {
    const errors = errorsOf(DENY.replace('\nname', '\n  name'));
    expect(errors.map(({ message, position }) => `${position.line}:${position.column} ${message}`)).toEqual([
      '6:1 unknown field "podSelector": it belongs under "spec", which is empty',
      '7:1 unknown field "policyTypes": it belongs under "spec", which is empty',
    ]);
    expect(errors[0]!.hint).toBe('the indentation is lost: write `podSelector` two columns to the right of `spec`');
  });

  it('without that of a selector, or of the peers of a rule, it is refused too', () => {
    const spec = (...lines: string[]): string =>
      `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\nspec:\n${lines.map(line => `  ${line}\n`).join('')}`;
    const messages = (text: string) => errorsOf(text).map(({ message, position }) => `${position.line} ${message}`);
    expect(messages(spec('podSelector:', 'matchLabels: { app: web }'))).toEqual([
      '6 unknown field "spec.matchLabels": it belongs under "spec.podSelector", which is empty',
    ]);
    expect(messages(spec('podSelector: {}', 'ingress:', '- from:', '  podSelector: {}'))).toEqual([
      '8 unknown field "spec.ingress[0].podSelector": it belongs under "spec.ingress[0].from", which is empty',
    ]);
    expect(messages(spec('podSelector: {}', 'ingress:', 'from: [{ podSelector: {} }]'))).toEqual([
      '7 unknown field "spec.from": it belongs under "spec.ingress", which is empty',
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
