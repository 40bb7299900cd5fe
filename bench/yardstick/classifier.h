/*
 * The classifier's flat tables, as policap builds them (bench/yardstick/dump.mjs writes them), and the same lookup.
 *
 * File: words of 32 bits. first6, count6; then arrays, each with its length first: entries4, starts4, starts6, rows, rules
 * (1: allow); then three directions (egress, ingress, forward): kind, peers, and the arrays dense, rowStart, rowEnd, runPeer,
 * runRoot, nodes. What names.h reads follows.
 */
enum { ABSENT, DENSE, SPARSE };
enum { OUTCOME_NONE = -1, OUTCOME_NOT_ISOLATED = -2, OUTCOME_LOOPBACK = -3, OUTCOME_NODE = -4, DEFAULT_DENY = -16 };
/* Verdict codes (src/verdict/verdict.ts). */
enum { NO_POLICY = 1, RULE = 2, ESTABLISHED_CODE = 3, LOOPBACK = 5, NODE_CODE = 6, NOT_IP = 7, DENIED = 9, DENY_RULE = 10, INVALID = 11, FULL = 13 };

/* Outcomes by direction (egress, ingress, forward), and the owners of both ends, -1 for nobody. */
struct found {
  int32_t outcomes[3], source, destination;
};

struct direction {
  int32_t kind, peers;
  int32_t *dense, *row_start, *row_end, *run_peer, *run_root, *nodes;
};

static int32_t first6, count6, *entries4, *starts4, *starts6, *address_rows, *rule_allows;
static struct direction directions[3];

static int32_t *read_counted(FILE *file, int32_t *count) {
  int32_t length;
  if (fread(&length, 4, 1, file) != 1) exit(1);
  *count = length;
  int32_t *words = zeros((size_t)length + 1, 4);
  if (fread(words, 4, (size_t)length, file) != (size_t)length) exit(1);
  return words;
}

static int32_t *read_array(FILE *file) {
  int32_t count;
  return read_counted(file, &count);
}

static void read_classifier(FILE *file) {
  if (fread(&first6, 4, 1, file) != 1 || fread(&count6, 4, 1, file) != 1) exit(1);
  entries4 = read_array(file), starts4 = read_array(file), starts6 = read_array(file);
  address_rows = read_array(file), rule_allows = read_array(file);
  for (int i = 0; i < 3; i++) {
    struct direction *d = &directions[i];
    if (fread(&d->kind, 4, 1, file) != 1 || fread(&d->peers, 4, 1, file) != 1) exit(1);
    d->dense = read_array(file), d->row_start = read_array(file), d->row_end = read_array(file);
    d->run_peer = read_array(file), d->run_root = read_array(file), d->nodes = read_array(file);
  }
}

static const int32_t *locate(int family, const uint32_t *address) {
  int32_t interval;
  if (family == 4) {
    int32_t entry = entries4[address[0] >> 16];
    if (entry < 0) entry = entries4[~entry + ((address[0] >> 8) & 255)];
    if (entry < 0) entry = entries4[~entry + (address[0] & 255)];
    interval = entry >> 3;
    int32_t flipped = (int32_t)(address[0] ^ 0x80000000u);
    for (int32_t last = interval + (entry & 7); interval < last && starts4[interval + 1] <= flipped; interval++) {}
  } else {
    int32_t lo = 0, hi = count6;
    while (hi - lo > 1) {
      int32_t mid = (lo + hi) / 2;
      int above = 0;
      for (int w = 0; w < 4; w++) {
        int32_t word = (int32_t)(address[w] ^ 0x80000000u), start = starts6[mid * 4 + w];
        if (start != word) {
          above = start > word;
          break;
        }
      }
      if (above) hi = mid;
      else lo = mid;
    }
    interval = first6 + lo;
  }
  return address_rows + (size_t)interval * 8;
}

static int32_t decide(const struct direction *d, int32_t subject, int32_t peer, const struct packet *p) {
  if (d->kind == ABSENT) return OUTCOME_NOT_ISOLATED;
  int32_t at;
  if (d->kind == DENSE) at = d->dense[(size_t)subject * d->peers + peer];
  else {
    int32_t lo = d->row_start[subject], hi = d->row_end[subject];
    while (hi - lo > 1) {
      int32_t mid = (lo + hi) / 2;
      if (d->run_peer[mid] <= peer) lo = mid;
      else hi = mid;
    }
    at = d->run_root[lo];
  }
  while (at >= 0) {
    const int32_t *node = d->nodes + at;
    int32_t value = 0; /* by word of a packet row (src/packet/row.ts) */
    switch (node[0]) {
      case 2: value = p->protocol; break;
      case 11: value = p->sport; break;
      case 12: value = p->dport; break;
      case 13: value = p->icmp_type; break;
      case 14: value = p->icmp_code; break;
    }
    at = value <= node[1] ? node[2] : node[3];
  }
  return ~at - (1 << 20);
}

static int code_of(int32_t outcome) {
  if (outcome >= 0) return rule_allows[outcome] ? RULE : DENY_RULE;
  if (outcome <= DEFAULT_DENY) return DENIED;
  return outcome == OUTCOME_LOOPBACK ? LOOPBACK : outcome == OUTCOME_NODE ? NODE_CODE : NO_POLICY;
}

/* Rows: owner, node, egress subject and peer, ingress subject and peer, forward subject and peer. */
static int classify(const struct packet *p, struct found *found) {
  const int32_t *s = locate(p->family, p->src), *d = locate(p->family, p->dst);
  int32_t *outcomes = found->outcomes;
  found->source = s[0], found->destination = d[0];
  outcomes[2] = directions[2].kind == ABSENT ? OUTCOME_NONE : decide(&directions[2], s[6], d[7], p);
  if (s[0] == d[0] && s[2] >= 0) return outcomes[0] = outcomes[1] = OUTCOME_LOOPBACK, LOOPBACK;
  if ((s[1] >= 0 && s[1] == d[1] && (s[0] == s[1] || d[0] == s[1])) || (s[1] == -2 && d[1] >= 0) || (d[1] == -2 && s[1] >= 0))
    return outcomes[0] = outcomes[1] = OUTCOME_NODE, NODE_CODE;
  outcomes[0] = s[2] < 0 ? OUTCOME_NONE : decide(&directions[0], s[2], d[3], p);
  outcomes[1] = d[4] < 0 ? OUTCOME_NONE : decide(&directions[1], d[4], s[5], p);
  int e = code_of(outcomes[0]), i = code_of(outcomes[1]), f = code_of(outcomes[2]);
  if (e == DENIED || e == DENY_RULE) return e;
  if (i == DENIED || i == DENY_RULE) return i;
  if (f == DENIED || f == DENY_RULE) return f;
  return e == RULE || i == RULE || f == RULE ? RULE : NO_POLICY;
}
