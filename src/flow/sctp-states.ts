/**
 * SCTP as Linux's connection tracking sees it: (direction, chunk, state) -> state, as data.
 *
 * Chunks that are not listed (DATA, SACK ...) keep the state; without an entry they are invalid.
 */

export const SCTP_NONE = 0;
export const SCTP_CLOSED = 1;
export const SCTP_COOKIE_WAIT = 2;
export const SCTP_COOKIE_ECHOED = 3;
export const SCTP_ESTABLISHED = 4;
export const SCTP_SHUTDOWN_SENT = 5;
export const SCTP_SHUTDOWN_RECD = 6;
export const SCTP_SHUTDOWN_ACK_SENT = 7;
export const SCTP_HEARTBEAT_SENT = 8;
/** Not a state. */
export const SCTP_STATE_INVALID = 9;

/** The kernel's names, by state. */
export const SCTP_STATE_NAMES = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
] as const;

/** Chunk types (RFC 9260, 3.2) in the order of the table's rows. */
export const SCTP_CHUNKS = {
  init: 1,
  init_ack: 2,
  abort: 6,
  shutdown: 7,
  shutdown_ack: 8,
  error: 9,
  cookie_echo: 10,
  cookie_ack: 11,
  shutdown_complete: 14,
  heartbeat: 4,
  heartbeat_ack: 5,
} as const;

const CODES = ['NO', 'CL', 'CW', 'CE', 'ES', 'SS', 'SR', 'SA', 'HS', 'IV'];

/** The table as it is printed: a line a chunk, a column a state. */
export const SCTP_TABLE = `
                              NO CL CW CE ES SS SR SA HS
  original init               CL CL CW CE ES CL CL SA CW
  original init_ack           CL CL CW CE ES SS SR SA CL
  original abort              CL CL CL CL CL CL CL CL CL
  original shutdown           CL CL CW CE SS SS SR SA CL
  original shutdown_ack       SA CL CW CE ES SA SA SA SA
  original error              CL CL CW CE ES SS SR SA CL
  original cookie_echo        CL CL CE CE ES SS SR SA CL
  original cookie_ack         CL CL CW ES ES SS SR SA CL
  original shutdown_complete  CL CL CW CE ES SS SR CL CL
  original heartbeat          HS CL CW CE ES SS SR SA HS
  original heartbeat_ack      CL CL CW CE ES SS SR SA HS
  reply    init               IV CL CW CE ES SS SR SA IV
  reply    init_ack           IV CW CW CE ES SS SR SA IV
  reply    abort              IV CL CL CL CL CL CL CL IV
  reply    shutdown           IV CL CW CE SR SS SR SA IV
  reply    shutdown_ack       IV CL CW CE ES SA SA SA IV
  reply    error              IV CL CW CL ES SS SR SA IV
  reply    cookie_echo        IV CL CE CE ES SS SR SA IV
  reply    cookie_ack         IV CL CW ES ES SS SR SA IV
  reply    shutdown_complete  IV CL CW CE ES SS SR CL IV
  reply    heartbeat          IV CL CW CE ES SS SR SA HS
  reply    heartbeat_ack      IV CL CW CE ES SS SR SA ES
`;

/** SCTP_TRANSITIONS[(direction * 11 + row) * 9 + state] -> a state or SCTP_STATE_INVALID. */
export const SCTP_TRANSITIONS: Uint8Array = Uint8Array.from(
  SCTP_TABLE.trim()
    .split('\n')
    .slice(1)
    .flatMap(line => line.trim().split(/\s+/).slice(2))
    .map(code => CODES.indexOf(code)),
);

/** Row of the table by chunk type, + 1; 0 for chunks that keep the state. */
export const SCTP_ROWS = new Uint8Array(256);
Object.values(SCTP_CHUNKS).forEach((type, row) => {
  SCTP_ROWS[type] = row + 1;
});
