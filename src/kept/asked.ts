/**
 * What the decisions of a traced replay stand for (cold, but for as many questions as there are connections).
 *
 * In:  its decisions, each of which names a question and perhaps ends (questions.ts).  Out: decisions() makes of the answers of some
 * policies the decisions that a replay under them would have had in their places.
 */
import type { Decision, Decisions } from '../verdict/decisions.js';
import type { Ends } from '../verdict/ends.js';
import type { Questions } from './questions.js';

export class Asked {
  private readonly question: Int32Array;
  /** Where a packet of the connection shows other ends than its first one: both, else -1. */
  private readonly source: Int32Array;
  private readonly destination: Int32Array;

  constructor(
    private readonly questions: Questions,
    given: readonly Decision[],
  ) {
    const count = given.length;
    this.question = new Int32Array(count);
    this.source = new Int32Array(count).fill(-1);
    this.destination = new Int32Array(count).fill(-1);
    given.forEach(({ egress: question, source, destination }, i) => {
      this.question[i] = question;
      // Translated ends are named in every answer.
      if (!questions.isPlain(question) || (source < 0 && destination < 0)) return;
      this.source[i] = source;
      this.destination[i] = destination;
    });
  }

  /** By decision, what it becomes. @param decisions where `ends` puts its answers */
  decisions(ends: Ends, decisions: Decisions): Int32Array {
    const answers = this.questions.answers(ends);
    const { question, source, destination } = this;
    const made = new Int32Array(question.length);
    for (let i = 0; i < made.length; i++) {
      const answer = answers[question[i]!]!;
      const isNamed = source[i]! >= 0 || destination[i]! >= 0;
      made[i] = isNamed ? decisions.withEnds(answer, source[i]!, destination[i]!) : answer;
    }
    return made;
  }

  get bytes(): number {
    return 3 * this.question.byteLength + this.questions.bytes;
  }
}
