/*
 * TCP as Linux's connection tracking sees it: states, resets, windows.
 *
 * In: a segment and its connection's entry.  Out: the entry's timeout from now on in milliseconds, or one of the outcomes
 * below zero. The rules are those of docs/conntrack.md.
 */
#include <stdbool.h>
#include <stdint.h>

enum { NONE, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2, INVALID_STATE, IGNORED };
enum { KIND_SYN, KIND_SYNACK, KIND_FIN, KIND_ACK, KIND_RST, KIND_NONE };
enum { KEEP = -1, GONE = -2, AGAIN = -3, REFUSED = -10, REFUSED_CLOSING = -20 };
enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
/* Flags of a side. */
enum { SCALED = 1, SACK_PERMITTED = 2, CLOSE_INIT = 4, LIBERAL = 8, UNACKNOWLEDGED = 16, MAXACK_SET = 32 };

struct side {
  uint32_t end, maxend, maxwin, maxack;
  uint8_t flags, scale;
};

struct entry {
  uint32_t low[4], high[4], ports;
  uint16_t kind; /* protocol, and 0x100 for IPv6 */
  bool from_high, replied, assured;
  uint8_t queue, state, last_kind, last_reply, retrans, code;
  /* What is remembered of a SYN that was ignored. */
  uint8_t offered, offered_scale, challenge, simultaneous;
  uint16_t last_window, last_length;
  uint32_t last_ack, last_end;
  struct side side[2];
  int32_t stream_at;
  uint32_t decision; /* counts.h */
};

struct packet {
  uint32_t src[4], dst[4];
  uint16_t sport, dport, window;
  uint8_t family, protocol, flags, icmp_type, icmp_code;
  uint8_t offered, scale; /* SCALED and SACK_PERMITTED as the options say */
  bool has_options, has_sack;
  uint32_t seq, ack, sack, payload;
};

static const int32_t STATE_TIMEOUT[] = {120000, 120000, 60000, 432000000, 120000, 60000, 30000, 120000, 10000, 120000};
enum { MAX_RETRANS_TIMEOUT = 300000, UNACKNOWLEDGED_TIMEOUT = 300000 };

#define R(a, b, c, d, e, f, g, h, i, j) {a, b, c, d, e, f, g, h, i, j}
#define IV INVALID_STATE
#define IG IGNORED
static const uint8_t NEXT[2][6][10] = {
    {R(1, 1, IG, IG, IG, IG, IG, 1, 1, 9), R(IV, IV, 2, IV, IV, IV, IV, IV, IV, 2), R(IV, IV, 4, 4, 6, 6, 6, 7, 8, IV),
     R(3, IV, 3, 3, 5, 5, 7, 7, 8, IV), R(IV, 8, 8, 8, 8, 8, 8, 8, 8, 8), R(IV, IV, IV, IV, IV, IV, IV, IV, IV, IV)},
    {R(IV, 9, IV, IV, IV, IV, IV, 1, IV, 9), R(IV, 2, IG, IG, IG, IG, IG, IG, IG, 2), R(IV, IV, 4, 4, 6, 6, 6, 7, 8, IV),
     R(IV, IG, 2, 3, 5, 5, 7, 7, 8, IG), R(IV, 8, 8, 8, 8, 8, 8, 8, 8, 8), R(IV, IV, IV, IV, IV, IV, IV, IV, IV, IV)}};

static inline bool before(uint32_t a, uint32_t b) { return (int32_t)(a - b) < 0; }
static inline int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static inline uint32_t end_of(const struct packet *p) { return p->seq + p->payload + ((p->flags >> 1) & 1) + (p->flags & 1); }

static inline int kind_of(uint8_t flags) {
  if (flags & RST) return KIND_RST;
  if (flags & SYN) return flags & ACK ? KIND_SYNACK : KIND_SYN;
  if (flags & FIN) return KIND_FIN;
  return flags & ACK ? KIND_ACK : KIND_NONE;
}

static inline bool legal(uint8_t flags) {
  switch (flags & 0x37) {
    case SYN: case SYN | 32: case SYN | ACK: case RST: case RST | ACK: case FIN | ACK: case FIN | ACK | 32: case ACK: case ACK | 32:
      return true;
    default:
      return false;
  }
}

static inline bool is_closing(int state) { return state >= FIN_WAIT && state <= CLOSE; }

static void learn_options(struct side *s, const struct packet *p) {
  if (!p->has_options) return;
  s->flags = (s->flags & LIBERAL) | p->offered;
  s->scale = p->scale;
}

static void begin_sender(struct entry *e, int direction, uint32_t end, const struct packet *p) {
  struct side *s = &e->side[direction];
  s->end = s->maxend = end;
  s->maxwin = p->window ? p->window : 1;
  learn_options(s, p);
  if (direction == 1 && !(e->side[0].flags & e->side[1].flags & SCALED)) e->side[0].scale = e->side[1].scale = 0;
}

static void note_repetition(struct entry *e, int direction, uint32_t seq, uint32_t end, uint32_t ack, uint16_t window) {
  uint16_t length = (uint16_t)(end - seq);
  if (e->last_reply == direction && e->last_ack == ack && e->last_end == end && e->last_window == window && e->last_length == length) {
    if (e->retrans < 3) e->retrans++;
    return;
  }
  e->retrans = 0;
  e->last_reply = direction;
  e->last_ack = ack;
  e->last_end = end;
  e->last_window = window;
  e->last_length = length;
}

enum { WINDOW_ACCEPT, WINDOW_IGNORE, WINDOW_INVALID };

static int check_window(struct entry *e, int direction, int kind, const struct packet *p) {
  struct side *sender = &e->side[direction], *receiver = &e->side[direction ^ 1];
  bool has_ack = p->flags & ACK, is_syn = p->flags & SYN;
  uint32_t seq = p->seq, end = end_of(p), ack = p->ack, sack = ack;
  if (p->has_sack && (receiver->flags & SACK_PERMITTED) && before(ack, p->sack)) sack = p->sack;
  if (sender->maxwin == 0) {
    if (is_syn) {
      begin_sender(e, direction, end, p);
      if (!has_ack) return WINDOW_ACCEPT;
    } else {
      uint32_t scaled = (uint32_t)p->window << sender->scale;
      sender->end = end;
      sender->maxwin = scaled ? scaled : 1;
      sender->maxend = end + sender->maxwin;
      if (receiver->maxwin == 0) receiver->end = receiver->maxend = sack;
      else if (sack == receiver->end + 1) receiver->end = sack;
    }
  } else if (is_syn && before(sender->end, end) && (e->state == SYN_SENT || e->state == SYN_RECV)) {
    begin_sender(e, direction, end, p);
    if (direction == 1 && !has_ack) return WINDOW_ACCEPT;
  }
  uint32_t receiver_end = receiver->end;
  if (!has_ack || ((p->flags & RST) && ack == 0)) ack = sack = receiver_end;
  if ((p->flags & RST) && seq == 0 && e->state == SYN_SENT) seq = end = sender->end;

  bool lax = sender->flags & LIBERAL;
  uint32_t receiver_window = receiver->maxwin, sender_window = sender->maxwin, sender_maxend = sender->maxend;
  uint32_t lag = sender_window > 66000 ? sender_window : 66000;
  bool recent_ack = before(receiver_end - lag - 1, sack);
  bool recent_end = before(sender->end - receiver_window - 1, end);
  bool seen_ack = before(sack, receiver_end + 1);
  if (!before(seq, sender_maxend + 1)) {
    if (receiver_window && recent_end && recent_ack && seen_ack && end - sender_maxend + 1 <= receiver_window) {
      sender->end = end;
      sender->flags |= UNACKNOWLEDGED;
      return lax ? WINDOW_ACCEPT : WINDOW_IGNORE;
    }
    return lax ? WINDOW_ACCEPT : WINDOW_INVALID;
  }
  if (!seen_ack) return lax ? WINDOW_ACCEPT : WINDOW_INVALID;
  if ((receiver_window && !recent_end) || !recent_ack) return lax ? WINDOW_ACCEPT : WINDOW_IGNORE;

  uint32_t offered = (uint32_t)p->window << (is_syn ? 0 : sender->scale);
  uint32_t advertised = offered + (sack - ack);
  if (sender_window < advertised) sender->maxwin = advertised;
  if (before(sender->end, end)) {
    sender->end = end;
    sender->flags |= UNACKNOWLEDGED;
  }
  if (has_ack) {
    if (!(sender->flags & MAXACK_SET)) {
      sender->maxack = ack;
      sender->flags |= MAXACK_SET;
    } else if (before(sender->maxack, ack)) sender->maxack = ack;
  }
  if (receiver_window && before(sender_maxend, end)) receiver->maxwin = receiver_window + (end - sender_maxend);
  uint32_t allowed = sack + offered;
  if (!before(allowed, receiver->maxend)) receiver->maxend = offered ? allowed : allowed + 1;
  if (ack == receiver_end) receiver->flags &= ~UNACKNOWLEDGED;
  if (kind == KIND_ACK) note_repetition(e, direction, seq, end, ack, p->window);
  return WINDOW_ACCEPT;
}

static int tcp_begin(struct entry *e, const struct packet *p) {
  if (!legal(p->flags)) return REFUSED;
  int first = NEXT[0][kind_of(p->flags)][NONE];
  if (first >= INVALID_STATE) return REFUSED;
  uint32_t end = end_of(p), window = p->window ? p->window : 1;
  struct side *s = &e->side[0];
  s->end = end;
  s->maxwin = window;
  if (first == SYN_SENT) {
    s->maxend = end;
    learn_options(s, p);
  } else {
    s->maxend = end + window;
    e->side[0].flags = e->side[1].flags = SACK_PERMITTED | LIBERAL;
  }
  e->last_kind = KIND_NONE;
  return KEEP;
}

static void ignore(struct entry *e, int direction, int kind, int state, const struct packet *p) {
  uint32_t end = end_of(p);
  e->last_kind = kind;
  e->last_reply = direction;
  e->last_end = end;
  e->last_window = p->window;
  e->last_length = (uint16_t)(end - p->seq);
  if (kind == KIND_SYN && direction == 0) {
    e->offered = p->offered;
    e->offered_scale = p->scale;
    e->challenge = state == LAST_ACK;
    e->simultaneous = 0;
  }
  if (state == SYN_SENT && kind == KIND_ACK && direction == 1) e->last_ack = p->ack;
}

static void resynchronise(struct entry *e, int direction) {
  struct side *side = &e->side[direction ^ 1], *other = &e->side[direction];
  uint8_t liberal = other->flags & LIBERAL;
  *side = (struct side){e->last_end, e->last_end, e->last_window ? e->last_window : 1, side->maxack, e->offered, e->offered_scale};
  *other = (struct side){.flags = liberal};
  e->challenge = 0;
}

enum { CHECKED, UNCHECKED, RESET_INVALID, INEXACT, INEXACT_UNCHECKED };

static int judge_reset(const struct entry *e, int direction, int state, const struct packet *p) {
  if (is_closing(state)) return UNCHECKED;
  bool inexact = false, last_same = e->last_reply == direction;
  const struct side *other = &e->side[direction ^ 1];
  if ((other->flags & MAXACK_SET) && e->last_kind != KIND_SYN) {
    bool established = state == ESTABLISHED && e->assured;
    if (p->seq == 0 && !established) return CHECKED;
    if (before(p->seq, other->maxack)) return RESET_INVALID;
    if (!established || p->seq == other->maxack) return CHECKED;
    if (e->last_kind == KIND_ACK && last_same && p->seq == e->last_end) return CHECKED;
    inexact = true;
  }
  bool answers = (e->replied && e->last_kind == KIND_SYN) || (!e->assured && e->last_kind == KIND_ACK);
  if (answers && !last_same && p->ack == e->last_end) return inexact ? INEXACT_UNCHECKED : UNCHECKED;
  if (state == SYN_SENT && e->last_kind == KIND_ACK && e->last_reply && p->seq == e->last_ack) return UNCHECKED;
  return inexact ? INEXACT : CHECKED;
}

static int tcp_packet(struct entry *e, int direction, const struct packet *p) {
  if (!legal(p->flags)) return REFUSED;
  int kind = kind_of(p->flags), old = e->state, next = NEXT[direction][kind][old];
  bool last_same = e->last_reply == direction, checked = false;
  if (next == INVALID_STATE) return REFUSED;
  if (next == SYN_SENT && old >= TIME_WAIT) {
    if (((e->side[0].flags | e->side[1].flags) & CLOSE_INIT) || (last_same && e->last_kind == KIND_RST)) return AGAIN;
    next = IGNORED;
  }
  if (next == IGNORED) {
    if (!(kind == KIND_SYNACK && e->last_kind == KIND_SYN && !last_same && p->ack == e->last_end)) {
      ignore(e, direction, kind, old, p);
      return KEEP;
    }
    resynchronise(e, direction);
    old = SYN_SENT;
    next = SYN_RECV;
  } else if (next == TIME_WAIT) {
    if (old == LAST_ACK && kind == KIND_ACK && !last_same && e->last_kind == KIND_SYN && e->challenge) {
      e->challenge = 0;
      return KEEP;
    }
  } else if (next == SYN_SENT2) {
    e->simultaneous = 1;
  } else if (next == SYN_RECV) {
    if (direction == 1 && kind == KIND_ACK && e->simultaneous) next = ESTABLISHED;
  } else if (next == CLOSE && kind == KIND_RST) {
    int reset = judge_reset(e, direction, old, p);
    if (reset == RESET_INVALID) return REFUSED;
    if (reset == INEXACT || reset == INEXACT_UNCHECKED) next = old;
    checked = reset == UNCHECKED || reset == INEXACT_UNCHECKED;
  }
  if (!checked) {
    int result = check_window(e, direction, kind, p);
    if (result == WINDOW_IGNORE) return KEEP;
    if (result == WINDOW_INVALID) {
      if (!e->assured || (kind != KIND_RST && kind != KIND_FIN)) return REFUSED;
      if (e->last_reply != direction && (e->last_kind == KIND_FIN || e->last_kind == KIND_RST)) return REFUSED_CLOSING;
      e->last_kind = kind;
      e->last_reply = direction;
      return REFUSED;
    }
  }
  e->state = next;
  e->last_kind = kind;
  e->last_reply = direction;
  if (old != next && next == FIN_WAIT) e->side[direction].flags |= CLOSE_INIT;
  int32_t of_state = STATE_TIMEOUT[next], timeout = of_state;
  if (e->retrans >= 3 && of_state > MAX_RETRANS_TIMEOUT) timeout = MAX_RETRANS_TIMEOUT;
  else if (kind == KIND_RST) timeout = next != CLOSE ? least(of_state, STATE_TIMEOUT[CLOSE]) : of_state;
  else if (((e->side[0].flags | e->side[1].flags) & UNACKNOWLEDGED) && of_state > UNACKNOWLEDGED_TIMEOUT) timeout = UNACKNOWLEDGED_TIMEOUT;
  else if (e->last_window == 0 && of_state > MAX_RETRANS_TIMEOUT) timeout = MAX_RETRANS_TIMEOUT;
  if (!e->replied) {
    if (kind == KIND_RST) return GONE;
    if (kind == KIND_SYN && old == SYN_SENT) timeout = KEEP;
    else if (next == ESTABLISHED && timeout > UNACKNOWLEDGED_TIMEOUT) timeout = UNACKNOWLEDGED_TIMEOUT;
  } else if (next == ESTABLISHED && (old == SYN_RECV || old == ESTABLISHED)) e->assured = true;
  return timeout;
}
