/*
 * What a replay costs in C: yardstick CAPTURE TABLES CONNECTIONS text|json
 *
 * In:  a pcap capture (microseconds, this machine's byte order, Ethernet or raw IP), the classifier's tables and names
 * (dump.mjs), and how many connections are kept at most.
 * Out: the summary as `policap replay --mode dataplane` makes it, as text or as JSON.
 *
 * The same work: read, parse, track with TCP's states, windows and timeouts, classify, count packets and connections by
 * verdict, rule and refused conversation, print. A fair program and no tuned limit: 256 kB reads, keys of 64 packets at a
 * time and their entries prefetched. What the benchmark's captures do not hold (fragments, tunnels, extension headers,
 * ICMP errors, SCTP) ends it: it must not look fast by counting wrong.
 */
#include <fcntl.h>
#include <unistd.h>
#include "tcp.h"
#include "table.h"
#include "classifier.h"
#include "names.h"
#include "counts.h"
#include "summary.h"

enum { BUFFER = 1 << 18, AHEAD = 64 };

static inline uint16_t be16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t be32(const uint8_t *p) {
  uint32_t word;
  memcpy(&word, p, 4);
  return __builtin_bswap32(word);
}

static void unsupported(const char *what) {
  fprintf(stderr, "yardstick: %s is none of its business\n", what);
  exit(1);
}

static void parse_options(struct packet *p, const uint8_t *at, const uint8_t *stop) {
  while (at < stop && *at != 0) {
    if (*at == 1) {
      at++;
      continue;
    }
    if (at + 2 > stop || at[1] < 2 || at + at[1] > stop) break;
    if (at[0] == 3 && at[1] == 3) p->offered |= SCALED, p->scale = at[2] > 14 ? 14 : at[2];
    else if (at[0] == 4 && at[1] == 2) p->offered |= SACK_PERMITTED;
    else if (at[0] == 5 && at[1] >= 10 && (at[1] - 2) % 8 == 0) {
      p->has_sack = true;
      p->sack = be32(at + 6);
      for (int block = 10; block < at[1]; block += 8)
        if ((int32_t)(be32(at + block + 4) - p->ack) > (int32_t)(p->sack - p->ack)) p->sack = be32(at + block + 4);
    }
    at += at[1];
  }
}

/* @returns false where the frame holds no IP. */
static bool parse(struct packet *p, const uint8_t *at, uint32_t kept, bool ethernet) {
  const uint8_t *end = at + kept;
  memset(p, 0, sizeof *p);
  if (ethernet) {
    uint16_t type = be16(at + 12);
    if (type != 0x0800 && type != 0x86dd) return false;
    at += 14;
  }
  uint32_t length;
  if (at[0] >> 4 == 4) {
    if (at[0] != 0x45 || (be16(at + 6) & 0x3fff)) unsupported("a fragment or an option");
    p->family = 4, p->protocol = at[9];
    p->src[0] = be32(at + 12), p->dst[0] = be32(at + 16);
    length = be16(at + 2) - 20u;
    at += 20;
  } else {
    p->family = 6, p->protocol = at[6];
    for (int w = 0; w < 4; w++) p->src[w] = be32(at + 8 + 4 * w), p->dst[w] = be32(at + 24 + 4 * w);
    length = be16(at + 4);
    at += 40;
  }
  if (at + 8 > end) unsupported("a cut header");
  if (p->protocol == 6) {
    uint32_t header = (uint32_t)(at[12] >> 4) * 4;
    if (at + header > end || header < 20) unsupported("a cut header");
    p->sport = be16(at), p->dport = be16(at + 2), p->seq = be32(at + 4), p->ack = be32(at + 8);
    p->flags = at[13], p->window = be16(at + 14), p->payload = length - header;
    p->has_options = header > 20;
    if (header > 20) parse_options(p, at + 20, at + header);
  } else if (p->protocol == 17) {
    p->sport = be16(at), p->dport = be16(at + 2), p->payload = length - 8;
  } else if (p->protocol == 1 && (at[0] == 8 || at[0] == 0)) {
    p->icmp_type = at[0], p->icmp_code = at[1], p->sport = be16(at + 4);
  } else unsupported("this protocol");
  return true;
}

/* @returns 0 where the packet comes from the key's low end, 1 from its high end, 2 where both are the same. */
static int make_key(struct entry *key, const struct packet *p) {
  key->kind = p->protocol | (p->family == 6 ? 0x100 : 0);
  int side = 0;
  if (p->protocol == 1) {
    side = p->icmp_type == 8 ? 0 : 1;
  } else {
    for (int w = 0; w < 4 && side == 0; w++)
      if (p->src[w] != p->dst[w]) side = p->src[w] < p->dst[w] ? -1 : 1;
    if (side == 0) side = p->sport == p->dport ? 2 : p->sport < p->dport ? 0 : 1;
    else if (side < 0) side = 0;
  }
  const uint32_t *low = side == 1 ? p->dst : p->src, *high = side == 1 ? p->src : p->dst;
  memcpy(key->low, low, 16);
  memcpy(key->high, high, 16);
  if (p->protocol == 1) key->ports = (uint32_t)p->sport << 16 | 8 << 8 | p->icmp_code;
  else key->ports = side == 1 ? (uint32_t)p->dport << 16 | p->sport : (uint32_t)p->sport << 16 | p->dport;
  return side;
}

static int32_t other_packet(struct entry *e, const struct packet *p) {
  if (p->protocol == 1) return 30000;
  if (!e->replied || clock_now <= e->stream_at) return 30000;
  e->assured = true;
  return 120000;
}

/* A packet without an entry: @returns its verdict. @param number of the packet, from 1 */
static int begin(const struct entry *key, int side, const struct packet *p, uint64_t number) {
  if (p->protocol == 1 && p->icmp_type != 8) return INVALID;
  int32_t slot = free_slot;
  struct entry *e = &entries[slot];
  memset(e, 0, sizeof *e);
  memcpy(e, key, 36);
  e->kind = key->kind;
  e->from_high = side == 1;
  int32_t timeout;
  if (p->protocol == 6) {
    timeout = tcp_begin(e, p);
    if (timeout == KEEP) timeout = tcp_packet(e, 0, p);
  } else {
    e->stream_at = clock_now + 2000;
    timeout = other_packet(e, p);
  }
  if (timeout < 0) return INVALID;
  if (live == capacity && victim() < 0) return FULL;
  struct found found;
  int code = classify(p, &found);
  uint32_t decision = count_first(p, &found, code, number);
  if (code >= DENIED) return code;
  free_slot = next_slot[slot];
  if (live == capacity) forget(victim()), evicted++;
  table_insert(slot);
  queue_append(QUEUE_UNREPLIED, slot);
  expiry_set(slot, clock_now + timeout);
  e->code = code;
  e->decision = decision;
  return code;
}

static int judge(const struct entry *key, uint32_t hash, int side, const struct packet *p, uint64_t number) {
  for (;;) {
    int32_t slot = table_find(key, hash);
    if (slot < 0) return begin(key, side, p, number);
    struct entry *e = &entries[slot];
    bool replied = e->replied, assured = e->assured;
    int state = e->state, direction = side == 2 ? 1 : side ^ e->from_high;
    int32_t outcome = p->protocol == 6 ? tcp_packet(e, direction, p) : other_packet(e, p);
    if (outcome >= 0) expiry_set(slot, clock_now + outcome);
    else if (outcome == AGAIN) {
      forget(slot);
      continue;
    } else if (outcome <= REFUSED) {
      int32_t left = bounds[0][slot] - clock_now;
      if (outcome == REFUSED_CLOSING && left >= 120000 && left > UNACKNOWLEDGED_TIMEOUT) expiry_set(slot, clock_now + UNACKNOWLEDGED_TIMEOUT);
      return INVALID;
    }
    if (direction == 1) e->replied = true;
    decisions[e->decision].hits.packets++;
    int code = direction == 1 || replied ? ESTABLISHED_CODE : e->code;
    if (outcome == GONE) forget(slot);
    else if (state != e->state || replied != e->replied || assured != e->assured) requeue(slot);
    return code;
  }
}

static struct packet packets[AHEAD];
static struct entry keys[AHEAD];
static uint32_t hashes[AHEAD];
static int sides[AHEAD];
static int32_t times[AHEAD];
static uint64_t numbers[AHEAD];

/* Judges the packets collected: first all index places are fetched, then all entries. */
static void flush(int count) {
  for (int i = 0; i < count; i++) __builtin_prefetch(&table[hashes[i] & table_mask]);
  for (int i = 0; i < count; i++) {
    uint32_t slot = table[hashes[i] & table_mask] & slot_mask;
    const char *e = (const char *)&entries[slot == 0 ? 0 : slot - 1];
    __builtin_prefetch(e);
    __builtin_prefetch(e + 64);
    __builtin_prefetch(e + sizeof(struct entry) - 1);
    __builtin_prefetch(&bounds[0][slot == 0 ? 0 : slot - 1]);
  }
  for (int i = 0; i < count; i++) {
    if (times[i] > clock_now) clock_now = times[i];
    for (int32_t slot = expiry_due(); slot >= 0; slot = expiry_due()) forget(slot);
    codes[judge(&keys[i], hashes[i], sides[i], &packets[i], numbers[i])]++;
  }
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  FILE *tables = fopen(arguments[2], "rb");
  if (tables == NULL) return 1;
  read_classifier(tables);
  read_names(tables);
  fclose(tables);
  table_create((uint32_t)atol(arguments[3]));
  counts_create(owner_count);
  int file = open(arguments[1], O_RDONLY);
  static uint8_t buffer[BUFFER * 2];
  uint32_t header[6], first[2] = {0, 0}, last[2] = {0, 0};
  if (file < 0 || read(file, header, 24) != 24 || header[0] != 0xa1b2c3d4) return 1;
  bool ethernet = (header[5] & 0xffff) == 1;
  size_t used = 0;
  uint64_t total = 0;
  int collected = 0;
  for (;;) {
    ssize_t got = read(file, buffer + used, BUFFER);
    if (got <= 0) break;
    used += (size_t)got;
    size_t at = 0;
    while (used - at >= 16) {
      uint32_t record[4];
      memcpy(record, buffer + at, 16);
      if (used - at - 16 < record[2]) break;
      if (total++ == 0) memcpy(first, record, 8);
      memcpy(last, record, 8);
      wire_bytes += record[3];
      if (!parse(&packets[collected], buffer + at + 16, record[2], ethernet)) codes[NOT_IP]++;
      else {
        times[collected] = (int32_t)((record[0] - first[0]) * 1000 + record[1] / 1000);
        numbers[collected] = total;
        sides[collected] = make_key(&keys[collected], &packets[collected]);
        hashes[collected] = hash_key(&keys[collected]);
        if (++collected == AHEAD) flush(collected), collected = 0;
      }
      at += 16 + record[2];
    }
    memmove(buffer, buffer + at, used - at);
    used -= at;
  }
  flush(collected);
  print_summary(arguments[1], (double)(last[0] - first[0]) + ((double)last[1] - (double)first[1]) / 1e6, strcmp(arguments[4], "json") == 0);
  return 0;
}
