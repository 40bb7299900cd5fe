/*
 * What is counted for the summary, as src/report does.
 *
 * In:  decisions of first packets, and packets.  Out: packets and connections by verdict and by decision (from which rules
 * have theirs), refused ones by conversation and by who was denied, and connections of addresses that nobody owns.
 * A decision is a distinct set of outcomes; a conversation is who, to whom, on what and why: an end that is no workload
 * is told apart by its address.
 */
enum { CODES = 19, MOST_CONVERSATIONS = 10000, MOST_ADDRESSES = 10000, OWNERS_KEPT = 16, PLACES_KEPT = 1 << 15 };
enum { EGRESS, INGRESS, FORWARD };

struct hits {
  uint64_t connections, packets;
};

struct decision {
  int32_t outcomes[3], code;
  struct hits hits;
};

struct conversation {
  /* What tells it apart; an address is zero where the end is a workload. */
  struct conversation_key {
    int32_t decision, source, destination, protocol, service;
    uint32_t from[4], to[4];
  } key;
  struct hits hits;
  uint64_t first_packet;
  /* Of the first packet. */
  int32_t source, destination, family;
  uint32_t from[4], to[4];
  /* Owners that took part, as they came: owner + 1, 0 for none. */
  int32_t kept[2][OWNERS_KEPT];
};

struct address {
  uint32_t words[4];
  int32_t family;
  uint32_t number;
  uint64_t connections;
};

static uint64_t codes[CODES], connection_codes[CODES], wire_bytes;
static struct decision *decisions;
static uint32_t decision_count, decision_room, *decision_places, decision_mask;
static struct conversation *conversations;
static uint32_t conversation_count, conversation_places[PLACES_KEPT];
static struct hits other_conversations;
static struct address *unknown;
static uint32_t unknown_count, unknown_places[PLACES_KEPT];
static uint64_t unknown_others;
/* By owner: of its egress, of its ingress. */
static struct hits (*denied)[2];

static void counts_create(int32_t owners) {
  decision_room = 512;
  decision_mask = 2 * decision_room - 1;
  decisions = zeros(decision_room, sizeof *decisions);
  decision_places = zeros(2 * decision_room, 4);
  conversations = zeros(MOST_CONVERSATIONS, sizeof *conversations);
  unknown = zeros(MOST_ADDRESSES, sizeof *unknown);
  denied = zeros((size_t)owners + 1, sizeof *denied);
}

static uint32_t hash_words(const void *words, size_t count) {
  uint32_t hash = 7, word;
  for (size_t i = 0; i < count; i++) {
    memcpy(&word, (const char *)words + 4 * i, 4);
    hash = (hash ^ word) * 0x9e3779b1u;
    hash ^= hash >> 15;
  }
  return hash;
}

static void decisions_grow(void) {
  decision_room *= 2;
  decision_mask = 2 * decision_room - 1;
  decisions = realloc(decisions, decision_room * sizeof *decisions);
  free(decision_places);
  decision_places = zeros(2 * decision_room, 4);
  if (decisions == NULL) exit(1);
  for (uint32_t i = 0; i < decision_count; i++) {
    uint32_t place = hash_words(decisions[i].outcomes, 3) & decision_mask;
    while (decision_places[place] != 0) place = (place + 1) & decision_mask;
    decision_places[place] = i + 1;
  }
}

/* @returns the number of the decision with these outcomes, made where it is new. */
static uint32_t decision_of(const int32_t *outcomes, int code) {
  uint32_t place = hash_words(outcomes, 3) & decision_mask;
  for (; decision_places[place] != 0; place = (place + 1) & decision_mask)
    if (memcmp(decisions[decision_places[place] - 1].outcomes, outcomes, 12) == 0) return decision_places[place] - 1;
  if (decision_count == decision_room) {
    decisions_grow();
    return decision_of(outcomes, code);
  }
  decision_places[place] = decision_count + 1;
  decisions[decision_count] = (struct decision){{outcomes[0], outcomes[1], outcomes[2]}, code, {0, 0}};
  return decision_count++;
}

static void keep_owner(int32_t *kept, int32_t owner) {
  if (owner < 0) return;
  for (int i = 0; i < OWNERS_KEPT; i++) {
    if (kept[i] == owner + 1) return;
    if (kept[i] == 0) {
      kept[i] = owner + 1;
      return;
    }
  }
}

/* A refused first packet. */
static void count_refused(const struct packet *p, const struct found *found, uint32_t decision, uint64_t number) {
  const int32_t *outcomes = decisions[decision].outcomes;
  int32_t source = found->source, destination = found->destination;
  struct conversation_key key = {
      .decision = (int32_t)decision,
      .source = source < 0 ? -1 : workload_of[source],
      .destination = destination < 0 ? -1 : workload_of[destination],
      .protocol = p->protocol,
      .service = p->protocol == 1 ? p->icmp_type * 256 + p->icmp_code : p->dport,
  };
  if (source < 0) memcpy(key.from, p->src, 16);
  if (destination < 0) memcpy(key.to, p->dst, 16);
  uint32_t place = hash_words(&key, sizeof key / 4) % PLACES_KEPT;
  while (conversation_places[place] != 0 && memcmp(&conversations[conversation_places[place] - 1].key, &key, sizeof key) != 0)
    place = (place + 1) % PLACES_KEPT;
  if (outcomes[EGRESS] <= DEFAULT_DENY && source >= 0) denied[source][EGRESS].connections++, denied[source][EGRESS].packets++;
  if (outcomes[INGRESS] <= DEFAULT_DENY && destination >= 0)
    denied[destination][INGRESS].connections++, denied[destination][INGRESS].packets++;
  if (conversation_places[place] == 0) {
    if (conversation_count == MOST_CONVERSATIONS) {
      other_conversations.connections++, other_conversations.packets++;
      return;
    }
    struct conversation *made = &conversations[conversation_count++];
    conversation_places[place] = conversation_count;
    *made = (struct conversation){.key = key, .first_packet = number, .source = source, .destination = destination, .family = p->family};
    memcpy(made->from, p->src, 16);
    memcpy(made->to, p->dst, 16);
  }
  struct conversation *it = &conversations[conversation_places[place] - 1];
  it->hits.connections++, it->hits.packets++;
  keep_owner(it->kept[0], source);
  keep_owner(it->kept[1], destination);
}

/* An address that nobody owns, of a new connection. */
static void count_unknown(const uint32_t *words, int family) {
  uint32_t place = hash_words(words, 4) % PLACES_KEPT;
  for (; unknown_places[place] != 0; place = (place + 1) % PLACES_KEPT) {
    struct address *it = &unknown[unknown_places[place] - 1];
    if (it->family == family && memcmp(it->words, words, 16) == 0) {
      it->connections++;
      return;
    }
  }
  if (unknown_count == MOST_ADDRESSES) {
    unknown_others++;
    return;
  }
  struct address *made = &unknown[unknown_count++];
  unknown_places[place] = unknown_count;
  memcpy(made->words, words, 16);
  made->family = family;
  made->number = unknown_count;
  made->connections = 1;
}

/* A connection's first packet that was decided: allowed or refused. @returns its decision. */
static uint32_t count_first(const struct packet *p, const struct found *found, int code, uint64_t number) {
  uint32_t decision = decision_of(found->outcomes, code);
  decisions[decision].hits.connections++, decisions[decision].hits.packets++;
  connection_codes[code]++;
  if (found->source < 0) count_unknown(p->src, p->family);
  if (found->destination < 0) count_unknown(p->dst, p->family);
  if (code >= DENIED) count_refused(p, found, decision, number);
  return decision;
}
