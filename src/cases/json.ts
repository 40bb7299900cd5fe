/**
 * Results for programs: `policap.test/1` (cold).
 *
 * In:  results in order, and whether the run was cut short.  Out: one document, key by key as docs/outputs.md says.
 */
import type { Answer } from '../query/answer.js';
import { countAssertions } from '../report/assertions.js';
import type { Summary } from '../report/summary.js';
import type { Expectation } from './model.js';
import type { CaseResult } from './result.js';

export function resultsJson(results: readonly CaseResult[], isInterrupted: boolean): string {
  const document = {
    schema: 'policap.test/1',
    ...countAssertions(results),
    ...(isInterrupted && { interrupted: true }),
    results: results.map(record),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function record({ name, status, position: { file, line, column }, message, details, asked }: CaseResult) {
  const common = { file, line, column, name, status, message };
  if (asked.kind === 'connection') {
    const { query, expected } = asked.assertion;
    return { ...common, query, expected: expectedRecord(expected), got: asked.answer && answerRecord(asked.answer) };
  }
  const { captures, mode, connections, packets, denied } = asked.assertion;
  const expected = {
    connections,
    packets,
    ...(denied !== undefined && { denied: denied.map(({ position: _, ...conversation }) => conversation) }),
  };
  return { ...common, details, captures, mode, expected, got: asked.summary && summaryRecord(asked.summary) };
}

function expectedRecord({ verdict, reason, sides, policies, mesh }: Expectation) {
  return {
    verdict,
    ...(reason !== undefined && { reason }),
    ...(sides.length > 0 && { sides }),
    ...(policies.length > 0 && { policies }),
    ...(mesh !== undefined && { mesh }),
  };
}

function answerRecord({ verdict, reason, egress, ingress, forward, mesh, service, groups }: Answer) {
  return {
    verdict,
    reason,
    egress,
    ingress,
    ...(forward !== null && { forward }),
    ...(mesh !== null && { mesh }),
    ...(service !== null && { service }),
    ...(groups.length > 0 && {
      groups: groups.map(({ verdict, reason, family, pods }) => ({
        verdict,
        reason,
        ...(family !== undefined && { family }),
        pods,
      })),
    }),
  };
}

function summaryRecord({ connections, packets, denied }: Summary) {
  return {
    connections,
    packets,
    denied: denied.map(
      ({ source, destination, service, protocol, port, icmpType, connections, packets, firstPacket }) => ({
        from: source.workload ?? source.address,
        to: destination.workload ?? destination.address,
        ...(service !== null && { service }),
        protocol,
        port,
        ...(icmpType !== undefined && { icmpType }),
        connections,
        packets,
        firstPacket,
      }),
    ),
  };
}
