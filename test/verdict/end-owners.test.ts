/**
 * The ends of a connection are named by every packet of it: also by those whose own addresses are not the connection's.
 */
import { describe, expect, it } from 'vitest';
import { batchOf, ethernet, icmpError, ipv4, tcp } from '../support/frames.js';
import { compileText, record, sourceOf } from '../support/replay.js';
import { CLUSTER, DB_CLOSED, DB_FROM_WEB } from './cluster.js';

const WEB = '10.0.1.2';
const DB = '10.0.2.3';
const ROUTER = '203.0.113.1';

const MODES = ['what-if', 'dataplane'] as const;

const judged = async (policies: string, frames: Uint8Array[], mode: (typeof MODES)[number]) => {
  const compiled = compileText(CLUSTER, policies);
  const { records } = await record(sourceOf([batchOf(frames).batch]), compiled, { mode });
  const nameOf = (owner: number): string => (owner < 0 ? '' : compiled.inventory.owners[owner]!.name);
  return records.map(({ decision, egress, ingress }) => ({
    ends: decision === null ? null : `${nameOf(decision.source)} ${nameOf(decision.destination)}`,
    egress: egress?.subject,
    ingress: ingress?.subject,
  }));
};

const question = ipv4({ src: WEB, dst: DB }, tcp({ sport: 40000, dport: 5432, seq: 100, flags: 'S' }));
const answer = ipv4({ src: DB, dst: WEB }, tcp({ sport: 5432, dport: 40000, seq: 500, ack: 101, flags: 'SA' }));
/** A router's complaint about one of them, to whoever sent it. */
const complaint = (to: string, about: Uint8Array) =>
  ipv4({ src: ROUTER, dst: to }, icmpError(about.subarray(0, 28), { type: 3, code: 1 }));

describe.each(MODES)('in %s mode', mode => {
  it('both directions, and errors about either, name who asked and who was asked', async () => {
    const frames = [question, answer, complaint(WEB, question), complaint(DB, answer)].map(packet => ethernet(packet));
    const named = { ends: 'web db', egress: 'shop/web', ingress: 'shop/db' };
    expect(await judged(DB_FROM_WEB, frames, mode)).toEqual([named, named, named, named]);
  });

  it('an owner that nobody knows stays nobody', async () => {
    const frames = [ethernet(ipv4({ src: ROUTER, dst: DB }, tcp({ sport: 1, dport: 2, flags: 'S' })))];
    expect(await judged(DB_CLOSED, frames, mode)).toEqual([{ ends: ' db', egress: undefined, ingress: 'shop/db' }]);
  });
});

describe('in what-if mode', () => {
  it('what the responder is seen to send first names the initiator first', async () => {
    const reply = { sport: 5432, dport: 40000, seq: 500, ack: 101, flags: 'SA' };
    const frames = [ethernet(ipv4({ src: DB, dst: WEB }, tcp(reply)))];
    expect(await judged(DB_FROM_WEB, frames, 'what-if')).toMatchObject([{ ends: 'web db', ingress: 'shop/db' }]);
  });
});
