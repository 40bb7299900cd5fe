/**
 * What a terminal is shown of the refused conversations while they come: lines below the line of progress.
 *
 * In:  the most frequent ones so far.  Out: their lines, made anew once a second at most.
 */
import { conversationLines } from '../report/conversation-text.js';
import type { Conversation } from '../report/conversations.js';

/** Milliseconds. */
const BETWEEN = 1000;

export function createRefreshed(refused: () => readonly Conversation[], columns: number): () => string {
  let made = Number.NEGATIVE_INFINITY;
  let text = '';
  return () => {
    if (performance.now() - made < BETWEEN) return text;
    const denied = refused();
    const nothing = { connections: 0, packets: 0 };
    const lines = conversationLines({ denied, undecided: [], deniedOthers: nothing }, { top: denied.length, columns });
    text = lines.length === 0 ? '' : `\n${lines.join('\n').trimEnd()}`;
    made = performance.now();
    return text;
  };
}
