/**
 * Parts of one run -> one part (cold).
 *
 * In:  parts, in any order.  Out: all their points; neighbours are one piece, and so are the shares of a point, once all of
 * them are there. Joining is associative and commutative, and what comes twice counts once, so it makes no difference who joins
 * what first (test/parts/property.test.ts, test/parts/flows.test.ts).
 */
import { groupBy } from './group.js';
import { joinFound } from './join-found.js';
import { pointsText } from './missing.js';
import { type Part, PartsDiffer, type Piece } from './part.js';
import { checkFrames, isShare, joinShares, type SharePiece } from './shares.js';

/** @param parts at least one @throws PartsDiffer */
export function joinParts(parts: readonly Part[]): Part {
  const first = parts[0]!;
  for (const { run, of } of parts) {
    if (run !== first.run || of !== first.of) {
      throw new PartsDiffer('they are of different runs: other documents, options, captures or another version');
    }
  }
  const pieces = parts.flatMap(part => part.pieces);
  const whole = pieces.filter(piece => !isShare(piece));
  const { complete, others } = sharesOf(pieces.filter(isShare), whole);
  const joined = neighbours([...whole, ...complete]).map(joinPieces);
  return { ...first, pieces: [...joined, ...others].sort((a, b) => a.from - b.from) };
}

/** Pieces that follow each other, in order; each point once. */
function neighbours(pieces: readonly Piece[]): Piece[][] {
  const joined: Piece[][] = [];
  let end = -1;
  // The longest first: what it holds is not taken again.
  for (const piece of pieces.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    if (piece.to <= end) continue;
    if (piece.from < end) {
      throw new PartsDiffer(
        `points ${pointsText([[piece.from, end]])} of the run are in two of them, joined with different others`,
      );
    }
    if (piece.from === end) joined.at(-1)!.push(piece);
    else joined.push([piece]);
    end = piece.to;
  }
  return joined;
}

/** Points of which all shares are there, and the shares of the others, in order; without those of points that are whole. */
function sharesOf(
  pieces: readonly SharePiece[],
  whole: readonly Piece[],
): { readonly complete: readonly Piece[]; readonly others: readonly SharePiece[] } {
  const complete: Piece[] = [];
  const others: SharePiece[] = [];
  const points = groupBy(pieces, ({ from }) => from);
  for (const [point, shares] of [...points].sort(([a], [b]) => a - b)) {
    if (whole.some(({ from, to }) => from <= point && point < to)) continue;
    const ways = [...groupBy(shares, ({ share }) => share.of).values()].map(onceEach);
    for (const way of ways) checkFrames(way);
    const all = ways.find(way => way.length === way[0]!.share.of);
    if (all !== undefined) {
      complete.push({ from: point, to: point + 1, found: joinShares(all) });
    } else if (ways.length === 1) {
      others.push(...ways[0]!);
    } else {
      const numbers = ways.map(way => way[0]!.share.of).sort((a, b) => a - b);
      throw new PartsDiffer(
        `capture point ${point + 1} is divided into ${numbers.join(' and ')} shares: shares of different divisions do not join`,
      );
    }
  }
  return { complete, others };
}

/** Shares of one division of a point, each once, in order. */
function onceEach(shares: readonly SharePiece[]): SharePiece[] {
  const byIndex = new Map(shares.map(it => [it.share.index, it]));
  return [...byIndex.values()].sort((a, b) => a.share.index - b.share.index);
}

const joinPieces = (pieces: readonly Piece[]): Piece =>
  pieces.length === 1
    ? pieces[0]!
    : { from: pieces[0]!.from, to: pieces.at(-1)!.to, found: joinFound(pieces.map(({ found }) => found)) };
