/**
 * TCP as Linux's connection tracking sees it: one table of (direction, kind of packet, state) -> state.
 *
 * Read it by column: a SYN of the initiator (`original syn`) on an established connection (`ES`) is ignored (`IG`):
 * accepted, and the state kept. Checked cell by cell against Linux 6.12.117 and 6.18.44, which agree. What the table
 * cannot say (reopening, simultaneous open, challenge ACKs, resets) stands in tcp.ts.
 */

export const NONE = 0;
export const SYN_SENT = 1;
export const SYN_RECV = 2;
export const ESTABLISHED = 3;
export const FIN_WAIT = 4;
export const CLOSE_WAIT = 5;
export const LAST_ACK = 6;
export const TIME_WAIT = 7;
export const CLOSE = 8;
export const SYN_SENT2 = 9;
/** Not states: what becomes of the packet. */
export const STATE_INVALID = 10;
export const STATE_IGNORE = 11;

/** The kernel's names, by state. */
export const TCP_STATE_NAMES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const;

/** Kinds of packet: RST outweighs SYN, SYN outweighs FIN, FIN outweighs ACK. */
export const KIND_SYN = 0;
export const KIND_SYNACK = 1;
export const KIND_FIN = 2;
export const KIND_ACK = 3;
export const KIND_RST = 4;
export const KIND_NONE = 5;
export const TCP_KIND_NAMES = ['syn', 'synack', 'fin', 'ack', 'rst', 'none'] as const;

const CODES = ['NO', 'SS', 'SR', 'ES', 'FW', 'CW', 'LA', 'TW', 'CL', 'S2', 'IV', 'IG'];

/** The table as it is printed: a line a kind of packet, a column a state. */
export const TCP_TABLE = `
                   NO SS SR ES FW CW LA TW CL S2
  original syn     SS SS IG IG IG IG IG SS SS S2
  original synack  IV IV SR IV IV IV IV IV IV SR
  original fin     IV IV FW FW LA LA LA TW CL IV
  original ack     ES IV ES ES CW CW TW TW CL IV
  original rst     IV CL CL CL CL CL CL CL CL CL
  original none    IV IV IV IV IV IV IV IV IV IV
  reply    syn     IV S2 IV IV IV IV IV SS IV S2
  reply    synack  IV SR IG IG IG IG IG IG IG SR
  reply    fin     IV IV FW FW LA LA LA TW CL IV
  reply    ack     IV IG SR ES CW CW TW TW CL IG
  reply    rst     IV CL CL CL CL CL CL CL CL CL
  reply    none    IV IV IV IV IV IV IV IV IV IV
`;

/** TRANSITIONS[(direction * 6 + kind) * 10 + state] -> a state, STATE_INVALID or STATE_IGNORE. */
export const TRANSITIONS: Uint8Array = Uint8Array.from(
  TCP_TABLE.trim()
    .split('\n')
    .slice(1)
    .flatMap(line => line.trim().split(/\s+/).slice(2))
    .map(code => CODES.indexOf(code)),
);

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const URG = 32;

/** Kind by the low six flag bits. */
export const KINDS: Uint8Array = Uint8Array.from({ length: 64 }, (_, flags) => {
  if (flags & RST) return KIND_RST;
  if (flags & SYN) return flags & ACK ? KIND_SYNACK : KIND_SYN;
  if (flags & FIN) return KIND_FIN;
  return flags & ACK ? KIND_ACK : KIND_NONE;
});

const LEGAL = [SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG];
/** 1 where a combination of flags is possible in TCP at all (PSH, ECE and CWR never matter), by the low six bits. */
export const LEGAL_FLAGS: Uint8Array = Uint8Array.from({ length: 64 }, (_, flags) =>
  LEGAL.includes(flags & ~8) ? 1 : 0,
);
