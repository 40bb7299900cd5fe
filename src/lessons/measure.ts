/**
 * What the engine finds in a capture (cold): the right answers of questions, found when they are asked.
 *
 * In:  a Setup, the cluster, captures by name, and a Measure.  Out: Measured, and for packets what became of each.
 */

import { type Compiled, compile } from '../compile.js';
import type { KubernetesDocument } from '../documents/document.js';
import { createParser, newPacketBatch } from '../packet/parse.js';
import { DPORT, FAMILY, STRIDE } from '../packet/row.js';
import { createAnswers } from '../query/answer.js';
import { replay } from '../replay.js';
import type { PacketRow } from '../report/packet-row.js';
import { createPacketRecords } from '../report/records.js';
import type { Report } from '../report/report.js';
import { createLinear } from '../tree/linear.js';
import { createLinearSteps } from '../tree/linear-steps.js';
import { countSteps } from '../tree/steps.js';
import type { Tree } from '../tree/tree.js';
import { reasonOf, verdictOf } from '../verdict/verdict.js';
import type { Expression } from '../where/expression.js';
import { openBytes } from './capture.js';
import type { Lesson, Measure, Measured, Setup } from './model.js';

export type Ground = Pick<Lesson, 'cluster' | 'captures'>;

/** Distinct headers of which comparisons are counted. */
const MOST_HEADERS = 512;

export async function measure(what: Measure, setup: Setup, ground: Ground): Promise<Measured> {
  switch (what.kind) {
    case 'packets':
      return (await packetsOf(what.where, setup, ground)).map(({ number }) => number);
    case 'packetCount':
      return (await packetsOf(what.where, setup, ground)).length;
    case 'connectionCount': {
      const packets = await packetsOf(what.where, setup, ground);
      return new Set(packets.map(({ connection }) => connection).filter(connection => connection !== 0)).size;
    }
    case 'table': {
      const { created, earlyEvictions, refusedFull } = (await run(setup, ground, [])).tracker;
      return what.counter === 'created' ? created : earlyEvictions + refusedFull;
    }
    case 'profiles':
      return what.of.filter(
        profile => createAnswers(compiled({ ...setup, profile }, ground)).answer(what.query).verdict === what.verdict,
      );
    case 'comparisons':
      return comparisons(what.engine, setup, ground);
  }
}

export interface JudgedPacket {
  readonly number: number;
  /** 0 outside of any. */
  readonly connection: number;
  /** `dropped: invalid-state`. */
  readonly said: string;
}

/** @param where null for all of them */
export async function packetsOf(where: Expression | null, setup: Setup, ground: Ground): Promise<JudgedPacket[]> {
  const found: JudgedPacket[] = [];
  const writer = {
    begin() {},
    row({ number, i, verdicts }: PacketRow) {
      const code = verdicts.code[i]!;
      found.push({ number, connection: verdicts.connection[i]!, said: `${verdictOf(code)}: ${reasonOf(code)}` });
    },
    end() {},
  };
  await run(setup, ground, [createPacketRecords(writer, where)]);
  return found;
}

async function run({ captures, mode, timeouts, maxConnections, ...rest }: Setup, ground: Ground, reports: Report[]) {
  const source = await openBytes(captures.map(name => [name, ground.captures.get(name)!]));
  const [damage, outcome] = await (async () => {
    try {
      const options = { mode, captures, timeouts, ...(maxConnections !== undefined && { maxConnections }) };
      const outcome = await replay(source, compiled(rest, ground), options, reports);
      return [outcome.errors[0], outcome] as const;
    } finally {
      source.close();
    }
  })();
  if (damage !== undefined) throw damage;
  return outcome;
}

function compiled({ policies, profile }: Pick<Setup, 'policies' | 'profile'>, { cluster }: Ground): Compiled {
  const documents: KubernetesDocument[] = [...cluster, ...policies];
  const result = compile(documents, { profile });
  if (result.compiled === null) throw new Error(`a lesson's own documents: ${result.problems[0]?.message}`);
  return result.compiled;
}

/** As `policap bench` counts and prints them: three digits of the mean. */
async function comparisons(engine: 'linear' | 'tree', setup: Setup, ground: Ground): Promise<number> {
  const { ruleset, inventory, classifier } = compiled(setup, ground);
  const stepsOf =
    engine === 'linear'
      ? createLinearSteps(ruleset, createLinear(ruleset, inventory))
      : (rows: Int32Array, base: number) => countSteps(classifier as Tree, rows, base);
  const source = await openBytes(setup.captures.map(name => [name, ground.captures.get(name)!]));
  const parser = createParser();
  const batch = newPacketBatch();
  const seen = new Set<string>();
  let steps = 0;
  for (let frames = await source.next(); frames !== null; frames = await source.next()) {
    parser.parse(frames, source.interfaces, batch);
    for (let i = 0; i < frames.count && seen.size < MOST_HEADERS; i++) {
      const base = i * STRIDE;
      if (batch.rows[base + FAMILY] === 0) continue;
      const key = batch.rows.subarray(base + FAMILY, base + DPORT + 1).join();
      if (seen.has(key)) continue;
      seen.add(key);
      steps += stepsOf(batch.rows, base);
    }
  }
  source.close();
  return threeDigits(steps / seen.size);
}

export const threeDigits = (value: number): number => Number(value.toPrecision(3));
