/*
 * The summary at a replay's end: text for a person, or JSON with policap's own names (`policap.summary/1`), to be compared.
 *
 * In:  what counts.h counted, and names.  Out: on stdout. Rules have the hits of their decisions; a policy has those of its
 * rules and of the default denies of whom it isolates.
 */
#include <arpa/inet.h>

static const char *REASON[CODES] = {"unsupported", "no-policy", "rule", "established", "related", "loopback", "node", "not-ip", "not-enforced",
                                    "default-deny", "rule", "invalid-state", "connection-dropped", "table-full"};
enum { SHOWN = 7, NAMES_SHOWN = 3 };

static struct hits *rule_hits, *denial_hits;

static void add_hits(struct hits *to, struct hits from) { to->connections += from.connections, to->packets += from.packets; }

static void fold_hits(void) {
  rule_hits = zeros((size_t)declared_count + 1, sizeof *rule_hits);
  denial_hits = zeros((size_t)policy_count + 1, sizeof *denial_hits);
  for (uint32_t i = 0; i < decision_count; i++)
    for (int side = 0; side < 3; side++)
      if (decisions[i].outcomes[side] >= 0) add_hits(&rule_hits[declared_of[decisions[i].outcomes[side]]], decisions[i].hits);
  for (int32_t owner = 0; owner < owner_count; owner++)
    for (int side = 0; side < 2; side++)
      if (denied[owner][side].packets > 0)
        for (int32_t i = isolation_start[side][owner]; i < isolation_end[side][owner]; i++)
          add_hits(&denial_hits[isolation_list[side][i]], denied[owner][side]);
}

static int by_connections(const void *a, const void *b) {
  const struct conversation *x = a, *y = b;
  if (x->hits.connections != y->hits.connections) return x->hits.connections < y->hits.connections ? 1 : -1;
  if (x->hits.packets != y->hits.packets) return x->hits.packets < y->hits.packets ? 1 : -1;
  return x->first_packet < y->first_packet ? -1 : 1;
}

static int by_address(const void *a, const void *b) {
  const struct address *x = a, *y = b;
  if (x->connections != y->connections) return x->connections < y->connections ? 1 : -1;
  return x->number < y->number ? -1 : 1;
}

static const char *address_text(const uint32_t *words, int family, char *out) {
  uint32_t network[4];
  for (int w = 0; w < 4; w++) network[w] = htonl(words[w]);
  return inet_ntop(family == 4 ? AF_INET : AF_INET6, network, out, INET6_ADDRSTRLEN);
}

/* Allowed, dropped and together. */
static void totals(const uint64_t *by_code, uint64_t *out) {
  out[0] = out[1] = 0;
  for (int code = 1; code < CODES; code++) out[code >= DENIED] += by_code[code];
  out[2] = out[0] + out[1];
}

static const char *side_of(const struct conversation *it) {
  const int32_t *outcomes = decisions[it->key.decision].outcomes;
  int e = code_of(outcomes[EGRESS]) >= DENIED, i = code_of(outcomes[INGRESS]) >= DENIED;
  return e && i ? "both" : e ? "egress" : i ? "ingress" : "forward";
}

static const char *protocol_text(int protocol) { return protocol == 6 ? "TCP" : protocol == 17 ? "UDP" : "ICMP"; }

static void print_end(const struct conversation *it, int end) {
  char address[INET6_ADDRSTRLEN];
  int32_t workload = end == 0 ? it->key.source : it->key.destination;
  if (workload >= 0) printf("{\"workload\":\"%s\",\"pods\":[", text(workload_name[workload]));
  else printf("{\"workload\":null,\"pods\":[");
  for (int i = 0, shown = 0; i < OWNERS_KEPT && it->kept[end][i] != 0; i++) {
    int32_t owner = it->kept[end][i] - 1;
    if (owner_is_pod[owner]) printf("%s\"%s\"", shown++ ? "," : "", text(owner_name[owner]));
  }
  printf("],\"address\":\"%s\"}", address_text(end == 0 ? it->from : it->to, it->family, address));
}

static void print_hits(const char *name, struct hits hits) {
  printf("\"%s\":{\"connections\":%lu,\"packets\":%lu}", name, hits.connections, hits.packets);
}

static void print_totals(const char *name, const uint64_t *by_code) {
  uint64_t of[3];
  totals(by_code, of);
  printf("\"%s\":{\"total\":%lu,\"allowed\":%lu,\"dropped\":%lu,\"undecided\":0},", name, of[2], of[0], of[1]);
}

static void print_reasons(const char *name, const uint64_t *by_code) {
  uint64_t counts[CODES];
  memcpy(counts, by_code, sizeof counts);
  counts[RULE] += counts[DENY_RULE], counts[DENY_RULE] = 0;
  printf("\"%s\":{", name);
  for (int code = 1, shown = 0; code < CODES; code++)
    if (counts[code] > 0) printf("%s\"%s\":%lu", shown++ ? "," : "", REASON[code], counts[code]);
  printf("},");
}

static void print_json(void) {
  char address[INET6_ADDRSTRLEN];
  printf("{");
  print_totals("packets", codes);
  print_totals("connections", connection_codes);
  print_reasons("reasons", codes);
  print_reasons("connectionReasons", connection_codes);
  printf("\"denied\":[");
  for (uint32_t i = 0; i < conversation_count; i++) {
    const struct conversation *it = &conversations[i];
    printf("%s{\"source\":", i ? "," : "");
    print_end(it, 0);
    printf(",\"destination\":");
    print_end(it, 1);
    printf(",\"protocol\":\"%s\",", protocol_text(it->key.protocol));
    if (it->key.protocol == 1) printf("\"port\":null,\"icmpType\":%d,\"icmpCode\":%d,", it->key.service >> 8, it->key.service & 255);
    else printf("\"port\":%d,", it->key.service);
    printf("\"side\":\"%s\",\"connections\":%lu,\"packets\":%lu,\"firstPacket\":%lu}", side_of(it), it->hits.connections, it->hits.packets,
           it->first_packet);
  }
  printf("],");
  print_hits("deniedOthers", other_conversations);
  printf(",\"policies\":[");
  for (int32_t p = 0; p < policy_count; p++) {
    printf("%s{\"policy\":\"%s\",", p ? "," : "", text(policy_name[p]));
    print_hits("defaultDeny", denial_hits[p]);
    printf(",\"rules\":[");
    for (int32_t r = policy_rules[p]; r < policy_rules[p + 1]; r++) {
      printf("%s{\"rule\":\"%s\",", r > policy_rules[p] ? "," : "", text(declared_name[r]));
      print_hits("hits", rule_hits[r]);
      printf("}");
    }
    printf("]}");
  }
  printf("],\"unknownAddresses\":[");
  for (uint32_t i = 0; i < unknown_count; i++)
    printf("%s{\"address\":\"%s\",\"connections\":%lu}", i ? "," : "", address_text(unknown[i].words, unknown[i].family, address),
           unknown[i].connections);
  printf("],\"unknownOthers\":%lu,\"observed\":{\"earlyEvictions\":%lu},\"bytes\":%lu}\n", unknown_others, evicted, wire_bytes);
}

static const char *end_text(const struct conversation *it, int end, char *out) {
  int32_t workload = end == 0 ? it->key.source : it->key.destination;
  return workload >= 0 ? text(workload_name[workload]) : address_text(end == 0 ? it->from : it->to, it->family, out);
}

/* Why: the side that refused, and who isolates its end. */
static void print_why(const struct conversation *it) {
  for (int side = 0; side < 2; side++) {
    if (code_of(decisions[it->key.decision].outcomes[side]) < DENIED) continue;
    printf("                      %s default-deny:", side == EGRESS ? "egress" : "ingress");
    int32_t owner = side == EGRESS ? it->source : it->destination;
    int32_t from = isolation_start[side][owner], to = isolation_end[side][owner];
    for (int32_t i = from; i < to && i < from + NAMES_SHOWN; i++) printf("%s %s", i > from ? "," : "", text(policy_name[isolation_list[side][i]]));
    if (to - from > NAMES_SHOWN) printf(" and %d more", to - from - NAMES_SHOWN);
    printf("\n");
  }
}

static void print_conversations(void) {
  char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
  printf("connections  packets  refused\n");
  for (uint32_t i = 0; i < conversation_count && i < SHOWN; i++) {
    const struct conversation *it = &conversations[i];
    printf("%11lu  %7lu  %s -> %s  %s ", it->hits.connections, it->hits.packets, end_text(it, 0, from), end_text(it, 1, to),
           protocol_text(it->key.protocol));
    if (it->key.protocol == 1) printf("type %d code %d\n", it->key.service >> 8, it->key.service & 255);
    else printf("%d\n", it->key.service);
    printf("                      %s -> %s\n", address_text(it->from, it->family, from), address_text(it->to, it->family, to));
    print_why(it);
  }
  if (conversation_count > SHOWN) printf("                      and %u more\n", conversation_count - SHOWN);
  if (other_conversations.packets > 0) printf("                      and %lu packets of conversations beyond the limit\n", other_conversations.packets);
}

/* Policies and rules that decided nothing: how many, and the first. */
static void print_idle(void) {
  int32_t policies = 0, rules = 0, first_policy = -1, first_rule = -1, of_rule = -1;
  for (int32_t p = 0; p < policy_count; p++) {
    struct hits all = denial_hits[p];
    for (int32_t r = policy_rules[p]; r < policy_rules[p + 1]; r++) add_hits(&all, rule_hits[r]);
    if (all.packets == 0) {
      if (policies++ == 0) first_policy = p;
      continue;
    }
    for (int32_t r = policy_rules[p]; r < policy_rules[p + 1]; r++)
      if (rule_hits[r].packets == 0 && rules++ == 0) first_rule = r, of_rule = p;
  }
  if (policies > 0) printf("policies that decided nothing (%d): %s ...\n", policies, text(policy_name[first_policy]));
  if (rules > 0) printf("rules that decided nothing (%d): %s %s ...\n", rules, text(policy_name[of_rule]), text(declared_name[first_rule]));
}

static void print_text(const char *capture, double seconds) {
  char address[INET6_ADDRSTRLEN];
  uint64_t packets[3], connections[3];
  totals(codes, packets);
  totals(connection_codes, connections);
  printf("%s  %lu of %lu connections were refused in %u distinct conversations.\n\n", capture, connections[1], connections[2], conversation_count);
  if (conversation_count > 0) print_conversations();
  printf("\n%11s  %11s %11s %11s\n", "", "total", "allowed", "dropped");
  printf("%-11s  %11lu %11lu %11lu\n%-11s  %11lu %11lu %11lu\nreasons     ", "packets", packets[2], packets[0], packets[1], "connections", connections[2],
         connections[0], connections[1]);
  for (int code = 1; code < CODES; code++)
    if (codes[code] > 0) printf(" %s %lu", REASON[code], codes[code]);
  printf("\n\n");
  print_idle();
  if (unknown_count > 0)
    printf("addresses the cluster does not know (%u): %s (%lu) ...\n", unknown_count, address_text(unknown[0].words, unknown[0].family, address),
           unknown[0].connections);
  if (evicted > 0) printf("observed: %lu connections evicted early\n", evicted);
  printf("\n%.3f s of traffic, %lu packets, %lu bytes.\n", seconds, packets[2], wire_bytes);
}

static void print_summary(const char *capture, double seconds, bool json) {
  fold_hits();
  qsort(conversations, conversation_count, sizeof *conversations, by_connections);
  qsort(unknown, unknown_count, sizeof *unknown, by_address);
  if (json) print_json();
  else print_text(capture, seconds);
}
