/*
 * The connection table: entries in one array, an index of open addressing, exact expiry, and who goes first when it is full.
 *
 * The same algorithms as src/flow (table.ts, expiry.ts, queues.ts): an index word holds slot + 1 and a piece of the hash;
 * a tree of lower bounds over the expiries; two queues of entries that may be evicted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 1 << 12, NEVER = 0x7fffffff };
enum { QUEUE_NONE, QUEUE_UNREPLIED, QUEUE_SETTLED };

static struct entry *entries;
static uint32_t *table, table_mask = SMALLEST - 1, table_grow = SMALLEST / 2, live;
/* Connections at most; places of the index; the bits of an index word that hold slot + 1. */
static uint32_t capacity, places, slot_mask;
static int32_t *bounds[6];
static int levels;
static int32_t *next_slot, *previous_slot, first_slot[3] = {-1, -1, -1}, last_slot[3] = {-1, -1, -1}, free_slot;
static int32_t clock_now;
static uint64_t evicted;

static void *zeros(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (memory == NULL) exit(1);
  return memory;
}

/* @returns the least power of two that is not below n. */
static uint32_t power_of_two(uint64_t n) {
  uint32_t power = 8;
  while (power < n) power *= 2;
  return power;
}

static void table_create(uint32_t connections) {
  capacity = connections;
  places = power_of_two((uint64_t)capacity * 5 / 4 + 1);
  slot_mask = power_of_two((uint64_t)capacity + 2) - 1;
  if (places <= SMALLEST) table_mask = places - 1, table_grow = capacity + 1;
  entries = zeros(capacity + 1, sizeof(struct entry));
  table = zeros(places, 4);
  next_slot = zeros(capacity + 1, 4);
  previous_slot = zeros(capacity + 1, 4);
  for (uint32_t i = 0; i <= capacity; i++) next_slot[i] = i < capacity ? (int32_t)i + 1 : -1;
  size_t size = ((capacity + 1 + 31) / 32) * 32;
  for (;;) {
    bounds[levels] = zeros(size, 4);
    for (size_t i = 0; i < size; i++) bounds[levels][i] = NEVER;
    levels++;
    if (size == 1) break;
    size_t parents = size / 32;
    size = parents <= 1 ? 1 : ((parents + 31) / 32) * 32;
  }
}

static inline uint32_t mix(uint32_t hash, uint32_t word) {
  uint32_t k = word * 0xcc9e2d51u;
  k = (k << 15) | (k >> 17);
  hash ^= k * 0x1b873593u;
  return ((hash << 13) | (hash >> 19)) * 5 + 0xe6546b64u;
}

static inline uint32_t hash_key(const struct entry *e) {
  uint32_t h = mix(mix(mix(0x2c1b3c6du ^ e->kind, e->ports), e->low[0]), e->high[0]);
  if (e->kind > 0xff)
    for (int w = 1; w < 4; w++) h = mix(mix(h, e->low[w]), e->high[w]);
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

static int32_t table_find(const struct entry *key, uint32_t hash) {
  for (uint32_t place = hash & table_mask; table[place] != 0; place = (place + 1) & table_mask) {
    if ((table[place] & ~slot_mask) != (hash & ~slot_mask)) continue;
    int32_t slot = (int32_t)(table[place] & slot_mask) - 1;
    const struct entry *e = &entries[slot];
    if (e->ports == key->ports && e->low[0] == key->low[0] && e->high[0] == key->high[0] && e->kind == key->kind &&
        (e->kind <= 0xff || (memcmp(e->low, key->low, 16) == 0 && memcmp(e->high, key->high, 16) == 0)))
      return slot;
  }
  return -1;
}

static void table_place(int32_t slot) {
  uint32_t hash = hash_key(&entries[slot]), place = hash & table_mask;
  while (table[place] != 0) place = (place + 1) & table_mask;
  table[place] = (hash & ~slot_mask) | (uint32_t)(slot + 1);
}

static void table_insert(int32_t slot) {
  if (live >= table_grow) {
    uint32_t used = table_mask + 1, *old = zeros(used, 4);
    memcpy(old, table, used * 4);
    memset(table, 0, used * 4);
    table_mask = used * 2 - 1;
    table_grow = used * 2 == places ? capacity + 1 : used;
    for (uint32_t i = 0; i < used; i++)
      if (old[i] != 0) table_place((int32_t)(old[i] & slot_mask) - 1);
    free(old);
  }
  table_place(slot);
  live++;
}

static void table_remove(int32_t slot) {
  uint32_t hole = hash_key(&entries[slot]) & table_mask;
  while ((table[hole] & slot_mask) != (uint32_t)(slot + 1)) hole = (hole + 1) & table_mask;
  for (uint32_t place = (hole + 1) & table_mask; table[place] != 0; place = (place + 1) & table_mask) {
    uint32_t home = hash_key(&entries[(table[place] & slot_mask) - 1]) & table_mask;
    if (((place - home) & table_mask) >= ((place - hole) & table_mask)) {
      table[hole] = table[place];
      hole = place;
    }
  }
  table[hole] = 0;
  live--;
}

static inline void expiry_set(int32_t slot, int32_t time) {
  bounds[0][slot] = time;
  for (int level = 1; level < levels; level++) {
    int32_t *bound = &bounds[level][slot >> (5 * level)];
    if (*bound <= time) return;
    *bound = time;
  }
}

static int32_t expiry_due(void) {
  while (bounds[levels - 1][0] <= clock_now) {
    int32_t node = 0;
    int level = levels - 1;
    for (; level > 0; level--) {
      const int32_t *children = bounds[level - 1] + node * 32;
      int32_t lowest = NEVER, child = 0;
      for (int c = 0; c < 32; c++)
        if (children[c] < lowest) lowest = children[c], child = c;
      if (lowest > clock_now) {
        bounds[level][node] = lowest;
        break;
      }
      node = node * 32 + child;
    }
    if (level == 0) return node;
  }
  return -1;
}

static void queue_append(int queue, int32_t slot) {
  previous_slot[slot] = last_slot[queue];
  next_slot[slot] = -1;
  if (last_slot[queue] < 0) first_slot[queue] = slot;
  else next_slot[last_slot[queue]] = slot;
  last_slot[queue] = slot;
  entries[slot].queue = queue;
}

static void queue_unlink(int32_t slot) {
  int queue = entries[slot].queue;
  if (queue == QUEUE_NONE) return;
  int32_t prior = previous_slot[slot], after = next_slot[slot];
  if (prior < 0) first_slot[queue] = after;
  else next_slot[prior] = after;
  if (after < 0) last_slot[queue] = prior;
  else previous_slot[after] = prior;
  entries[slot].queue = QUEUE_NONE;
}

static void requeue(int32_t slot) {
  struct entry *e = &entries[slot];
  int queue = QUEUE_UNREPLIED;
  if (e->replied) queue = !e->assured || (e->kind % 256 == 6 && is_closing(e->state)) ? QUEUE_SETTLED : QUEUE_NONE;
  if (queue == e->queue) return;
  queue_unlink(slot);
  if (queue != QUEUE_NONE) queue_append(queue, slot);
}

static void forget(int32_t slot) {
  queue_unlink(slot);
  table_remove(slot);
  bounds[0][slot] = NEVER;
  next_slot[slot] = free_slot;
  free_slot = slot;
}

static int32_t victim(void) { return first_slot[QUEUE_UNREPLIED] >= 0 ? first_slot[QUEUE_UNREPLIED] : first_slot[QUEUE_SETTLED]; }
