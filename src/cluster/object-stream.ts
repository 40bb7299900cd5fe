/**
 * A stream of JSON objects, one behind the other, as `kubectl get pods -A -w -o json` writes them: text in pieces -> whole objects.
 *
 * In:  pieces of text, cut anywhere.  Out: the text of each object when its last brace has come. What stands between objects and
 * is no white space is an error, and so is an object longer than MOST_LENGTH: behind an error nothing more is taken.
 */

/** Characters of an object. */
export const MOST_LENGTH = 1 << 24;

export class ObjectStreamError extends Error {
  override readonly name = 'ObjectStreamError';
}

export class ObjectStream {
  private text = '';
  /** How far the text was looked at, braces that are open there, and whether that is in a string, behind a backslash. */
  private at = 0;
  private depth = 0;
  private isString = false;
  private isEscaped = false;
  /** Characters of the objects before. */
  private before = 0;

  /** @returns the objects that end in this piece @throws ObjectStreamError */
  take(piece: string): string[] {
    const objects: string[] = [];
    this.text += piece;
    let begin = 0;
    for (; this.at < this.text.length; this.at++) {
      const char = this.text.charCodeAt(this.at);
      if (this.isEscaped) this.isEscaped = false;
      else if (this.isString) {
        if (char === BACKSLASH) this.isEscaped = true;
        else if (char === QUOTE) this.isString = false;
      } else if (char === OPEN) this.depth++;
      else if (this.depth === 0) {
        if (char > SPACE) this.fail(`${JSON.stringify(this.text[this.at])} where an object must begin`);
        begin = this.at + 1;
      } else if (char === QUOTE) this.isString = true;
      else if (char === CLOSE && --this.depth === 0) {
        objects.push(this.text.slice(begin, this.at + 1));
        begin = this.at + 1;
      }
    }
    this.text = this.text.slice(begin);
    this.before += begin;
    this.at -= begin;
    if (this.text.length > MOST_LENGTH) this.fail(`an object of more than ${MOST_LENGTH} characters`);
    return objects;
  }

  /** Whether the stream has ended in the middle of an object. */
  get isOpen(): boolean {
    return this.depth > 0;
  }

  private fail(what: string): never {
    throw new ObjectStreamError(`at character ${this.before + this.at + 1}: ${what}`);
  }
}

const OPEN = 0x7b;
const CLOSE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
