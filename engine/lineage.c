#include "engine/lineage.h"

#include <stdlib.h>
#include <uthash.h>

#include "engine/base/array.h"
#include "engine/base/assert.h"

struct node {
  struct sc_listed shard;
  uint32_t index;
  uint32_t parent[SC_PARENTS_MAX]; /* SC_NO_NODE: none, or never heard of */
  bool listed;                     /* in the last listing */
  bool first_run;
  bool stored; /* has a row */
  bool queued; /* in the queue of ready ones, or was */
  bool started;
  bool at_tip;
  bool ended;
  bool gap_reported;
  UT_hash_handle hh;
};

struct sc_lineage {
  struct node **nodes; /* by index */
  uint32_t n, cap;
  struct node *by_id;
  uint32_t *ready; /* in the order they became so; each node at most once */
  uint32_t ready_first, ready_end, ready_cap;
  bool was_empty; /* nothing was stored before this run */
  bool was_listed;
  bool listing;
  bool wants_listing;
  bool has_hole;
  struct sc_hash_key hole;
};

struct sc_lineage *sc_lineage_new(void) {
  struct sc_lineage *l = sc_alloc_zero(1, sizeof(*l));
  l->was_empty = true;
  l->wants_listing = true;
  return l;
}

void sc_lineage_free(struct sc_lineage *l) {
  if (l == NULL) return;
  HASH_CLEAR(hh, l->by_id);
  for (uint32_t i = 0; i < l->n; i++) free(l->nodes[i]);
  free(l->nodes);
  free(l->ready);
  free(l);
}

/* ---- nodes ---- */

uint32_t sc_lineage_find(const struct sc_lineage *l, const char *id) {
  struct node *node = NULL;
  if (*id != '\0') HASH_FIND_STR(l->by_id, id, node);
  return node == NULL ? SC_NO_NODE : node->index;
}

static struct node *at(const struct sc_lineage *l, uint32_t index) {
  SC_ASSERT(index < l->n);
  return l->nodes[index];
}

const struct sc_listed *sc_lineage_shard(const struct sc_lineage *l, uint32_t index) { return &at(l, index)->shard; }

static struct node *add(struct sc_lineage *l, const char *id) {
  SC_ASSERT(*id != '\0' && l->n < (1u << 30));
  struct node *node = sc_alloc_zero(1, sizeof(*node));
  *node = (struct node){.index = l->n, .parent = {SC_NO_NODE, SC_NO_NODE}};
  memcpy(node->shard.id, id, strnlen(id, sizeof(node->shard.id) - 1));
  SC_ARRAY_ROOM(l->nodes, l->n, l->cap, 1);
  l->nodes[l->n++] = node;
  HASH_ADD_STR(l->by_id, shard.id, node);
  return node;
}

static void link_parents(struct sc_lineage *l) {
  for (uint32_t i = 0; i < l->n; i++)
    for (int k = 0; k < SC_PARENTS_MAX; k++) l->nodes[i]->parent[k] = sc_lineage_find(l, l->nodes[i]->shard.parents[k]);
}

/* ---- who may be read ---- */

static bool is_gone(const struct sc_lineage *l, const struct node *node) {
  return l->was_listed && !node->listed && !node->ended;
}

static bool is_done(const struct sc_lineage *l, uint32_t parent) {
  if (parent == SC_NO_NODE) return true;
  const struct node *node = l->nodes[parent];
  return node->ended || (is_gone(l, node) && !node->stored);
}

static bool is_ready(const struct sc_lineage *l, const struct node *node) {
  if (!l->was_listed || node->started || node->ended) return false;
  return is_done(l, node->parent[0]) && is_done(l, node->parent[1]);
}

static void queue_if_ready(struct sc_lineage *l, struct node *node) {
  if (node->queued || !node->stored || !is_ready(l, node)) return;
  node->queued = true;
  SC_ARRAY_ROOM(l->ready, l->ready_end, l->ready_cap, 1);
  l->ready[l->ready_end++] = node->index;
}

static void queue_ready(struct sc_lineage *l) {
  for (uint32_t i = 0; i < l->n; i++) queue_if_ready(l, l->nodes[i]);
}

static void queue_children(struct sc_lineage *l, uint32_t parent) {
  for (uint32_t i = 0; i < l->n; i++)
    if (l->nodes[i]->parent[0] == parent || l->nodes[i]->parent[1] == parent) queue_if_ready(l, l->nodes[i]);
}

static bool is_waiting(const struct node *node) { return !node->started && !node->ended; }

static void skip_taken(struct sc_lineage *l) {
  while (l->ready_first < l->ready_end && !is_waiting(l->nodes[l->ready[l->ready_first]])) l->ready_first++;
}

/* ---- what control tells ---- */

void sc_lineage_restore(struct sc_lineage *l, const struct sc_stored *rows, size_t n) {
  SC_ASSERT(l->n == 0);
  l->was_empty = n == 0;
  for (size_t i = 0; i < n; i++) {
    struct node *node = add(l, rows[i].id);
    memcpy(node->shard.parents, rows[i].parents, sizeof(node->shard.parents));
    node->stored = true;
    node->ended = rows[i].ended;
  }
}

bool sc_lineage_still_holds(const struct sc_lineage *l, const struct sc_stored *rows, size_t n) {
  size_t found = 0, want = 0;
  for (uint32_t i = 0; i < l->n; i++) want += l->nodes[i]->stored;
  for (size_t i = 0; i < n; i++) {
    uint32_t k = sc_lineage_find(l, rows[i].id);
    if (k == SC_NO_NODE || !l->nodes[k]->stored) continue;
    if (l->nodes[k]->ended && !rows[i].ended) return false;
    found++;
  }
  return found == want;
}

void sc_lineage_listing(struct sc_lineage *l) {
  l->listing = true;
  l->wants_listing = false;
}

/* A parent that no listing and no row has, of a shard that came since the last run: it came and expired in between. */
static void add_lost_parents(struct sc_lineage *l, const struct sc_listed *shard) {
  for (int k = 0; k < SC_PARENTS_MAX; k++)
    if (*shard->parents[k] != '\0' && sc_lineage_find(l, shard->parents[k]) == SC_NO_NODE) add(l, shard->parents[k]);
}

static void take_in(struct sc_lineage *l, const struct sc_listed *shard, bool first_run) {
  uint32_t i = sc_lineage_find(l, shard->id);
  struct node *node = i == SC_NO_NODE ? add(l, shard->id) : l->nodes[i];
  SC_ASSERT(strcmp(node->shard.id, shard->id) == 0); /* the key of the table stays what it is */
  if (i == SC_NO_NODE) node->first_run = first_run;
  node->shard = *shard;
  node->listed = true;
  node->gap_reported = false;
}

/* The pages of a listing come in any order. So all listed shards are taken in before parents are looked up: a parent
 * that is listed itself is not lost. */
static void take_in_all(struct sc_lineage *l, const struct sc_listed *shards, size_t n, bool first_run) {
  uint32_t n_before = l->n;
  for (size_t i = 0; i < n; i++) take_in(l, &shards[i], first_run);
  uint32_t n_after = l->n;
  for (uint32_t i = n_before; !first_run && i < n_after; i++) add_lost_parents(l, &l->nodes[i]->shard);
}

static int compare_ranges(const void *a, const void *b) {
  const struct sc_hash_key *x = &(*(const struct sc_listed *const *)a)->hash_first;
  const struct sc_hash_key *y = &(*(const struct sc_listed *const *)b)->hash_first;
  if (x->high != y->high) return x->high < y->high ? -1 : 1;
  return x->low < y->low ? -1 : x->low > y->low;
}

static unsigned __int128 wide(struct sc_hash_key key) { return (unsigned __int128)key.high << 64 | key.low; }

/* Walks the ranges in order; *next is the first key not yet covered. True when the whole range is. */
static bool covers_all(const struct sc_listed *const *open, size_t n, unsigned __int128 *next) {
  *next = 0;
  for (size_t i = 0; i < n && wide(open[i]->hash_first) <= *next; i++) {
    unsigned __int128 behind = wide(open[i]->hash_last) + 1;
    if (behind == 0) return true;
    if (behind > *next) *next = behind;
  }
  return false;
}

static void look_for_hole(struct sc_lineage *l, const struct sc_listed *shards, size_t n) {
  const struct sc_listed **open = sc_alloc((n + 1) * sizeof(*open));
  size_t n_open = 0;
  for (size_t i = 0; i < n; i++)
    if (!shards[i].closed) open[n_open++] = &shards[i];
  qsort(open, n_open, sizeof(*open), compare_ranges);
  unsigned __int128 next;
  l->has_hole = !covers_all(open, n_open, &next);
  l->hole = (struct sc_hash_key){.high = (uint64_t)(next >> 64), .low = (uint64_t)next};
  free(open);
}

void sc_lineage_listed(struct sc_lineage *l, const struct sc_listed *shards, size_t n) {
  SC_ASSERT(l->listing);
  l->listing = false;
  for (uint32_t i = 0; i < l->n; i++) l->nodes[i]->listed = false;
  take_in_all(l, shards, n, l->was_empty && !l->was_listed);
  l->was_listed = true;
  link_parents(l);
  look_for_hole(l, shards, n);
  queue_ready(l);
}

void sc_lineage_stored(struct sc_lineage *l, uint32_t index) {
  struct node *node = at(l, index);
  node->stored = true;
  queue_if_ready(l, node);
}

void sc_lineage_started(struct sc_lineage *l, uint32_t index) {
  struct node *node = at(l, index);
  SC_ASSERT(node->stored && !node->ended);
  SC_ASSERT(node->started || is_ready(l, node));
  node->started = true;
  node->at_tip = false;
  skip_taken(l);
}

void sc_lineage_ended(struct sc_lineage *l, uint32_t index) {
  struct node *node = at(l, index);
  if (node->ended) return;
  node->ended = true;
  node->at_tip = false;
  l->wants_listing = true;
  queue_children(l, index);
  skip_taken(l);
}

void sc_lineage_at_tip(struct sc_lineage *l, uint32_t index) {
  struct node *node = at(l, index);
  SC_ASSERT(node->started);
  node->at_tip = !node->ended;
}

/* ---- what control asks ---- */

bool sc_lineage_wants_listing(const struct sc_lineage *l) { return l->wants_listing; }

uint32_t sc_lineage_next_new(const struct sc_lineage *l, uint32_t from) {
  while (from < l->n && (!l->nodes[from]->listed || l->nodes[from]->stored)) from++;
  return from < l->n ? from : SC_NO_NODE;
}

bool sc_lineage_is_of_first_run(const struct sc_lineage *l, uint32_t index) { return at(l, index)->first_run; }

uint32_t sc_lineage_next_ready(const struct sc_lineage *l) {
  return l->ready_first == l->ready_end ? SC_NO_NODE : l->ready[l->ready_first];
}

uint32_t sc_lineage_next_gone(struct sc_lineage *l) {
  for (uint32_t i = 0; i < l->n; i++) {
    if (l->nodes[i]->gap_reported || !is_gone(l, l->nodes[i])) continue;
    l->nodes[i]->gap_reported = true;
    return i;
  }
  return SC_NO_NODE;
}

bool sc_lineage_is_gone(const struct sc_lineage *l, uint32_t index) { return is_gone(l, at(l, index)); }

bool sc_lineage_is_closed(const struct sc_lineage *l, uint32_t index) {
  return at(l, index)->listed && at(l, index)->shard.closed;
}

bool sc_lineage_hole(const struct sc_lineage *l, struct sc_hash_key *at) {
  *at = l->hole;
  return l->has_hole;
}

static void count_node(const struct sc_lineage *l, const struct node *node, struct sc_lineage_counts *out) {
  out->known++;
  out->gone += is_gone(l, node);
  if (node->ended) out->ended++;
  else if (node->at_tip) out->at_tip++;
  else if (node->started) out->running++;
  else if (!is_gone(l, node)) out->waiting++;
}

void sc_lineage_count(const struct sc_lineage *l, struct sc_lineage_counts *out) {
  *out = (struct sc_lineage_counts){0};
  for (uint32_t i = 0; i < l->n; i++) count_node(l, l->nodes[i], out);
}

static bool could_run(const struct sc_lineage *l, const struct node *node) {
  if (node->started) return !node->ended && !node->at_tip;
  return (node->stored || node->listed) && is_ready(l, node);
}

bool sc_lineage_is_finished(const struct sc_lineage *l) {
  if (!l->was_listed || l->listing || l->wants_listing) return false;
  for (uint32_t i = 0; i < l->n; i++)
    if (could_run(l, l->nodes[i])) return false;
  return true;
}

bool sc_hash_key_parse(struct sc_slice text, struct sc_hash_key *out) {
  if (text.len == 0 || text.len > 39 || (text.len > 1 && *text.ptr == '0')) return false;
  unsigned __int128 value = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
    unsigned digit = (unsigned)(text.ptr[i] - '0');
    if (value > (~(unsigned __int128)0 - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = (struct sc_hash_key){.high = (uint64_t)(value >> 64), .low = (uint64_t)value};
  return true;
}
