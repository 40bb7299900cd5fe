/**
 * Scripts: traffic and the kernel's answers, as text in the spirit of packetdrill.
 *
 * In:  the text of a file of scripts/.  Out: its scripts, each with its packets (script-packet.ts) and what Linux said of
 * every packet. Errors name file:line, what stands there and what may.
 *
 *   purpose A SYN sent again is judged again        begins a script
 *   family 4                                        4, 6, or both (without the line): the script runs in each
 *   allow tcp client > server 80-90                 rules, in order; the first that matches decides, then `default`
 *   default deny                                    without the line: allow
 *   set checksums                                   verify checksums; `set liberal`, `set strict`: no pick-up mid-stream;
 *                                                   `set 6.18`: kernels before it answer otherwise
 *   0.000  client > server  S seq 100 <mss 1460>    = new allowed SYN_SENT 120
 *   +0.5   server:80 > client:40000  SA ack 101     = established reply allowed SYN_RECV 60 +assured
 *
 * Behind `=` stands the kernel's answer: conntrack state, `reply` where the packet goes against the first one's direction,
 * verdict, and where its connection has an entry then: protocol state (or `entry`) and the seconds until it expires.
 * `none`: no rule saw it: IP refuses it, or it is a fragment of a datagram that never becomes whole. All fragments of a datagram
 * have the datagram's answer. A packet without `=` has not been recorded.
 */
import { type Family, type PacketLine, parsePacket } from './script-packet.js';

export interface Answer {
  readonly state: string;
  readonly reply: boolean;
  readonly verdict: string;
  /** '' where there is no entry. */
  readonly entry: string;
  readonly seconds: number;
  readonly assured: boolean;
}

export interface ScriptPacket extends PacketLine {
  readonly line: number;
  /** Seconds since the script's beginning. */
  readonly time: number;
  /** What the kernel said; null where it has not been asked yet. */
  readonly answer: Answer | null;
}

export interface ScriptRule {
  readonly action: 'allow' | 'deny';
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  readonly ports: string;
}

export interface Script {
  readonly file: string;
  readonly line: number;
  readonly purpose: string;
  readonly families: readonly Family[];
  readonly rules: readonly ScriptRule[];
  readonly default: 'allow' | 'deny';
  readonly settings: ReadonlySet<string>;
  readonly packets: readonly ScriptPacket[];
}

export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

const SETTINGS = ['checksums', 'liberal', 'strict', '6.18'];
const STATES = ['new', 'established', 'related', 'invalid', 'untracked', 'none'];
const VERDICTS = ['allowed', 'dropped'];
const RULE_ENDS = ['any', 'client', 'server', 'router', 'other'];

interface Draft extends Script {
  families: Family[];
  rules: ScriptRule[];
  default: 'allow' | 'deny';
  settings: Set<string>;
  packets: ScriptPacket[];
}

/** @throws ScriptError */
export function parseScripts(text: string, file: string): Script[] {
  const scripts: Draft[] = [];
  text.split('\n').forEach((whole, index) => {
    const line = index + 1;
    const fail = (message: string): never => {
      throw new ScriptError(`${file}:${line}: ${message}`);
    };
    const content = whole.replace(/(^|\s)#.*$/, '').trim();
    if (content === '') return;
    const [word, ...rest] = content.split(/\s+/) as [string, ...string[]];
    if (word === 'purpose') {
      const purpose = rest.join(' ');
      if (purpose === '') fail('a purpose says what the script shows');
      const families: Family[] = [4, 6];
      scripts.push({
        file,
        line,
        purpose,
        families,
        rules: [],
        default: 'allow',
        settings: new Set(),
        packets: [],
      });
      return;
    }
    const script = scripts.at(-1) ?? fail(`"${word}" stands before the first "purpose ..."`);
    if (word === 'family') {
      if (!/^[46]$/.test(rest.join(' '))) fail(`family "${rest.join(' ')}": write 4 or 6 (both is the default)`);
      script.families = [Number(rest[0]) as Family];
    } else if (word === 'default') {
      if (rest[0] !== 'allow' && rest[0] !== 'deny') fail(`default "${rest.join(' ')}": write allow or deny`);
      script.default = rest[0] as 'allow' | 'deny';
    } else if (word === 'set') {
      for (const setting of rest) {
        if (!SETTINGS.includes(setting)) fail(`set "${setting}": there are ${SETTINGS.join(', ')}`);
        script.settings.add(setting);
      }
    } else if (word === 'allow' || word === 'deny') {
      script.rules.push(parseRule(word, rest, fail));
    } else if (/^\+?\d/.test(word)) {
      script.packets.push(parseLine(content, line, script, fail));
    } else {
      fail(`"${word}": a line begins with purpose, family, set, allow, deny, default, or a time such as 0.5 or +0.5`);
    }
  });
  for (const script of scripts) {
    if (script.packets.length === 0) throw new ScriptError(`${file}:${script.line}: the script has no packets`);
  }
  return scripts;
}

type Fail = (message: string) => never;

function parseRule(action: 'allow' | 'deny', words: readonly string[], fail: Fail): ScriptRule {
  const [protocol = '', source = '', arrow, destination = '', ports = ''] = words;
  if (arrow !== '>' || !/^\d*(-\d+)?$/.test(ports) || words.length > 5) {
    fail(`rule "${action} ${words.join(' ')}": write "${action} tcp client > server 80-90", with "any" for any`);
  }
  for (const end of [source, destination]) {
    if (!RULE_ENDS.includes(end)) fail(`rule's end "${end}": there are ${RULE_ENDS.join(', ')}`);
  }
  return { action, protocol, source, destination, ports };
}

function parseLine(content: string, line: number, script: Draft, fail: Fail): ScriptPacket {
  const [left = '', right, ...more] = content.split(/\s=\s/);
  if (more.length > 0) fail('two "=" in a line');
  const [when = '', ...words] = left.trim().split(/\s+/);
  const before = script.packets.at(-1)?.time ?? 0;
  const seconds = Number(when.replace(/^\+/, ''));
  if (!Number.isFinite(seconds)) fail(`time "${when}": write seconds, such as 0.5 or +0.5`);
  // Whole microseconds, so that "just before" and "just after" are what they say.
  const time = Math.round((when.startsWith('+') ? before + seconds : seconds) * 1e6) / 1e6;
  if (time < before) fail(`time ${time} lies before the last packet's, ${before}`);
  const answer = right === undefined ? null : parseAnswer(right.trim().split(/\s+/), fail);
  return { ...parsePacket(words, script.packets.length, fail), line, time, answer };
}

function parseAnswer(words: string[], fail: Fail): Answer {
  const rest = [...words];
  const state = rest.shift() ?? '';
  if (!STATES.includes(state)) fail(`answer "${words.join(' ')}": it begins with one of ${STATES.join(', ')}`);
  const reply = rest[0] === 'reply';
  if (reply) rest.shift();
  const verdict = rest.shift() ?? '';
  if (!VERDICTS.includes(verdict)) fail(`answer "${words.join(' ')}": no allowed or dropped`);
  if (rest.length === 0) return { state, reply, verdict, entry: '', seconds: 0, assured: false };
  const [entry = '', seconds = '', assured] = rest;
  if (!/^[A-Z0-9_]+$|^entry$/.test(entry) || !/^\d+(\.\d+)?$/.test(seconds) || (assured ?? '+assured') !== '+assured') {
    fail(`answer "${words.join(' ')}": behind the verdict stand the entry's state and seconds: "SYN_SENT 120"`);
  }
  return { state, reply, verdict, entry, seconds: Number(seconds), assured: assured !== undefined };
}

/** @throws ScriptError */
export const parseAnswerText = (text: string): Answer =>
  parseAnswer(text.split(/\s+/), message => {
    throw new ScriptError(message);
  });

/** As it is written behind `=`. */
export const answerText = (a: Answer): string =>
  [a.state, a.reply ? 'reply' : '', a.verdict, a.entry && `${a.entry} ${a.seconds}`, a.assured ? '+assured' : '']
    .filter(word => word !== '')
    .join(' ');

/** The file's text with the answers of its packets, by line; what has none keeps what it had. */
export function recordAnswers(text: string, answers: ReadonlyMap<number, string>): string {
  return text
    .split('\n')
    .map((line, index) => {
      const answer = answers.get(index + 1);
      if (answer === undefined) return line;
      const [, packet = '', comment = ''] = /^(.*?)(\s+#.*)?$/.exec(line)!;
      const left = packet.split(/\s=\s/)[0]!.trimEnd();
      return `${left.padEnd(76)} = ${answer}${comment}`.trimEnd();
    })
    .join('\n');
}
