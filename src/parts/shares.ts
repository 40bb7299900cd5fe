/**
 * Shares of one capture point -> what was found at the point (cold).
 *
 * In:  pieces of one point, all of its shares or some.  Out: a Found as the point's one replay gives it. What tells of frames
 * is the same in all shares, for each reads all of them, and is taken once; the rest is added up. Conversations and addresses
 * come in the order of their first packets, which are numbered through the whole point in every share. Where a limit may have
 * been reached that shares have each for themselves, a doubt says so.
 */
import { MAX_CONVERSATIONS } from '../report/counters.js';
import { UNKNOWN_ADDRESSES } from '../report/tally.js';
import { groupBy } from './group.js';
import { joinConversations, joinFound } from './join-found.js';
import { type Found, type Part, PartsDiffer, type Piece, type PieceShare } from './part.js';

export type SharePiece = Piece & { readonly share: PieceShare };

export const isShare = (piece: Piece): piece is SharePiece => piece.share !== undefined;

/** @param pieces at least one, in order; of the same frames (checkFrames) */
export function joinShares(pieces: readonly SharePiece[]): Found {
  const founds = pieces.map(({ found }) => found);
  const first = founds[0]!;
  const joined = joinFound(founds);
  const all = founds.flatMap(({ conversations }) => conversations).sort((a, b) => a.firstPacket - b.firstPacket);
  const conversations = joinConversations([all], [0]);
  const beyond = conversations.slice(MAX_CONVERSATIONS);
  const unknown = joinUnknown(pieces);
  const doubts = doubtsOf(pieces);
  const { captures, errors } = first;
  const { bytes, stepsBack } = first.noticed;
  return {
    ...joined,
    conversations: conversations.slice(0, MAX_CONVERSATIONS),
    others: beyond.reduce(
      ({ connections, packets }, it) => ({ connections: connections + it.connections, packets: packets + it.packets }),
      joined.others,
    ),
    unknown: unknown.slice(0, UNKNOWN_ADDRESSES),
    unknownOthers: unknown
      .slice(UNKNOWN_ADDRESSES)
      .reduce((total, [, connections]) => total + connections, joined.unknownOthers),
    captures,
    errors,
    noticed: { ...joined.noticed, bytes, stepsBack },
    ...(doubts.length > 0 && { doubts }),
  };
}

/** What each piece found, the shares of one point together: for a summary of what there is. */
export function foundAtPoints(pieces: readonly Piece[]): Found[] {
  return [...groupBy(pieces, ({ from }) => from).values()].flatMap(group =>
    group.every(isShare) ? [joinShares(group)] : group.map(({ found }) => found),
  );
}

/** Damage, once a point however many shares of it there are. */
export const damageOf = ({ pieces }: Pick<Part, 'pieces'>): string[] =>
  [...groupBy(pieces, ({ from }) => from).values()].flatMap(([first]) => first!.found.errors);

/** A capture that is still written, or was written over, gives shares that do not belong together. @throws PartsDiffer */
export function checkFrames(pieces: readonly SharePiece[]): void {
  const [first, ...others] = pieces.map(({ found }) => framesOf(found));
  if (others.some(other => other !== first)) {
    throw new PartsDiffer(
      `shares of capture point ${pieces[0]!.from + 1} read different packets: its captures have changed in between`,
    );
  }
}

const framesOf = ({ captures, errors, first, last, noticed: { bytes, stepsBack } }: Found): string =>
  JSON.stringify([captures, errors, first, last, bytes, stepsBack]);

/** In the order in which they came first, whatever share they came in. */
function joinUnknown(pieces: readonly SharePiece[]): [address: string, connections: number][] {
  const known = new Map<string, { since: number; connections: number }>();
  for (const { found, share } of pieces) {
    found.unknown.forEach(([address, connections], i) => {
      const since = share.since[i]!;
      const before = known.get(address);
      if (before === undefined) known.set(address, { since, connections });
      else {
        before.since = Math.min(before.since, since);
        before.connections += connections;
      }
    });
  }
  return [...known]
    .sort(([, a], [, b]) => a.since - b.since)
    .map(([address, { connections }]): [string, number] => [address, connections]);
}

function doubtsOf(pieces: readonly SharePiece[]): string[] {
  const names = pieces[0]!.found.captures.map(({ name }) => name).join(', ');
  const divided = `${names} was divided among ${pieces[0]!.share.of} shares`;
  const doubts: string[] = [];
  const most = pieces.reduce((total, { share }) => total + share.most, 0);
  const room = Math.min(...pieces.map(({ share }) => share.room));
  if (most >= room) {
    doubts.push(
      `${divided}, each with a connection table of its own: they held up to ${most} connections, one table holds ${room}, ` +
        'so one run may have let some go earlier. A larger --max-connections makes it the same.',
    );
  }
  if (pieces.some(({ found }) => found.unknownOthers > 0)) {
    doubts.push(
      `${divided}, one of which saw more than ${UNKNOWN_ADDRESSES} addresses that nobody owns: ` +
        'connections may be counted under all others that one run counts at their address.',
    );
  }
  return doubts;
}
