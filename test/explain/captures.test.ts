/**
 * What explain says of packets of the shipped captures is what replay says of them: verdict, reason, connection, both
 * outcomes. Of each capture some packets, from the seed; in both modes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeCaptures } from '../../src/capture/merge.js';
import { openCapture } from '../../src/capture/open.js';
import { explainPacket } from '../../src/explain/explanation.js';
import { explanationJson } from '../../src/explain/json.js';
import { catchPacket } from '../../src/explain/packet.js';
import { sentences } from '../../src/explain/sentences.js';
import { createRandom } from '../../src/generate/random.js';
import { replay } from '../../src/replay.js';
import { createJsonlReport } from '../../src/report/jsonl.js';
import { createLinear } from '../../src/tree/linear.js';
import { bytesSource } from '../capture/drain.js';
import { allCases, compileCase, plainCapture } from '../support/cases.js';
import { schemaErrors } from '../support/schema.js';
import { seed } from '../support/seed.js';

const SAMPLES = 4;

interface Line {
  packet: number;
  verdict: string;
  reason: string;
  connection: number | null;
  egress: unknown;
  ingress: unknown;
  forward?: unknown;
  refusedAt?: number;
  duplicateOf?: number;
  service?: string;
}

/** Connections whose rules were told, and those whose were not: names, ends that the capture does not show. */
const told = { whole: 0, open: 0, states: 0 };

describe.each(allCases().map(it => [it.name, it] as const))('%s', (_, shipped) => {
  const files = shipped.captures.map(file => plainCapture(readFileSync(join(shipped.path, file))));
  const reopen = async () => mergeCaptures(files.map((bytes, capture) => openCapture(bytesSource(bytes), { capture })));
  const compiled = compileCase(shipped);

  it.each(['what-if', 'dataplane'] as const)('%s', async mode => {
    let text = '';
    const decoder = new TextDecoder();
    const output = {
      write(chunk: string | Uint8Array) {
        text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
      },
    };
    const options = { mode, captures: shipped.captures, maxConnections: 4096 };
    await replay((await reopen())!, compiled, options, [createJsonlReport(output)]);
    const lines = text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Line);
    const random = createRandom(seed);
    for (let i = 0; i < SAMPLES; i++) {
      const line = random.pick(lines);
      const facts = await catchPacket(reopen, compiled, options, line.packet);
      if (facts === null || 'packets' in facts) throw new Error(`packet ${line.packet} was not caught`);
      const explanation = explainPacket(facts);
      const { verdict, reason, packet, decision, connection, service } = explanation;
      const outcomes = Object.fromEntries(decision?.sides.map(({ direction, outcome }) => [direction, outcome]) ?? []);
      expect({
        packet: packet!.number,
        verdict,
        reason,
        connection: packet!.connection,
        refusedAt: packet!.refusedAt ?? undefined,
        duplicateOf: packet!.copyOf ?? undefined,
        service: service ?? undefined,
        egress: outcomes['egress'] ?? null,
        ingress: outcomes['ingress'] ?? null,
        forward: outcomes['forward'] ?? undefined,
      }).toEqual({
        packet: line.packet,
        verdict: line.verdict,
        reason: line.reason,
        connection: line.connection,
        refusedAt: line.refusedAt,
        duplicateOf: line.duplicateOf,
        service: line.service,
        egress: line.egress,
        ingress: line.ingress,
        forward: line.forward,
      });
      expect(sentences(explanation).length).toBeGreaterThan(0);
      expect(schemaErrors('policap.explain/1', JSON.parse(explanationJson(explanation, {})))).toEqual([]);
      if (connection !== null) told.states++;
      if (decision === null) continue;
      told[decision.isWhole ? 'whole' : 'open']++;
      if (!decision.isWhole) continue;
      const said = createLinear(facts.compiled.ruleset, compiled.inventory).decide(decision.header);
      decision.sides.forEach(({ rules, outcome }, side) => {
        const decides = rules.filter(({ result }) => result === 'decides');
        if (outcome?.reason === 'rule')
          expect(decides.at(-1)).toMatchObject({ policy: outcome.policy, rule: outcome.rule });
        if (outcome?.reason === 'default-deny' || outcome?.reason === 'no-policy') expect(decides).toEqual([]);
        if (outcome !== null && said[side]! >= 0) expect(decides.length).toBeGreaterThan(0);
      });
    }
  });
});

describe('over all of them', () => {
  it('rules, and states of connections, are told of nearly all', () => {
    expect(told.whole).toBeGreaterThan(9 * told.open);
    expect(told.states).toBeGreaterThan(100);
  });
});
