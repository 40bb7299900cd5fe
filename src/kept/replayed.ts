/**
 * A judgement by a replay of its own: the slow way, for policies that cannot be judged from what is kept (hot: called once a packet).
 *
 * In:  the capture's batches as they are judged.  Out: the verdicts, by packet number.
 */
import type { ReplayContext, ReplayResult, Report } from '../report/report.js';
import type { VerdictBatch } from '../verdict/verdict.js';
import { grown } from './grow.js';
import type { Judgement } from './judgement.js';
import type { Packets } from './packets.js';

export class Replayed implements Report {
  private context!: ReplayContext;
  private result!: ReplayResult;
  count = 0;
  private code = new Uint8Array(0);
  private decision = new Int32Array(0);
  private connection = new Int32Array(0);
  private packet = new Uint32Array(0);
  private marks = new Uint8Array(0);

  /**
   * @param packets keeps the packets too, where they are not kept yet: then all of a batch, or none
   * @param most packets; where more come beyond() is called
   */
  constructor(
    private readonly packets: Packets | null,
    private readonly most: number,
    private readonly beyond: () => void,
  ) {}

  begin(context: ReplayContext): void {
    this.context = context;
  }

  batch(...[frames, packets, verdicts]: Parameters<Report['batch']>): void {
    const room = this.most - this.count;
    if (verdicts.count > room) this.beyond();
    if (verdicts.count > room && this.packets !== null) return;
    this.packets?.add(frames, packets);
    this.add(verdicts, Math.min(verdicts.count, room));
  }

  end(result: ReplayResult): void {
    this.result = result;
  }

  judgement(packets: Packets): Judgement {
    const { context, result } = this;
    const { count } = packets;
    const verdicts = {
      code: this.code.slice(0, count),
      decision: this.decision.slice(0, count),
      connection: this.connection.slice(0, count),
      packet: this.packet.slice(0, count),
      marks: this.marks.slice(0, count),
    };
    return { context, packets, result, verdicts, trace: null };
  }

  private add({ code, decision, connection, packet, marks }: VerdictBatch, count: number): void {
    const from = this.count;
    this.count = from + count;
    this.code = grown(this.code, this.count);
    this.decision = grown(this.decision, this.count);
    this.connection = grown(this.connection, this.count);
    this.packet = grown(this.packet, this.count);
    this.marks = grown(this.marks, this.count);
    this.code.set(code.subarray(0, count), from);
    this.decision.set(decision.subarray(0, count), from);
    this.connection.set(connection.subarray(0, count), from);
    this.packet.set(packet.subarray(0, count), from);
    this.marks.set(marks.subarray(0, count), from);
  }
}
