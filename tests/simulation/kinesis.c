#include "tests/simulation/kinesis.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/assert.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

#define ITERATOR_LIVES_MS 300000

/* ---- shards ---- */

static int add_shard(struct world *w, int parent, int adjacent, unsigned hash_first, unsigned hash_end) {
  struct kinesis *k = w->kinesis;
  struct kshard *s = &k->shards[k->n];
  *s = (struct kshard){.parents = {parent, adjacent},
                       .children = {-1, -1},
                       .hash_first = hash_first,
                       .hash_end = hash_end,
                       .created_ms = w->now_ms,
                       .closed_ms = NEVER,
                       .false_end_at = UINT32_MAX};
  snprintf(s->id, sizeof(s->id), "shardId-%012u", k->n);
  return (int)k->n++;
}

struct kinesis *kinesis_new(struct world *w) {
  struct kinesis *k = sc_alloc_zero(1, sizeof(*k));
  w->kinesis = k;
  k->next_sequence = 1 + below(w, 1000);
  k->horizon_ms = w->now_ms - w->nature.retention_ms;
  for (unsigned i = 0; i < w->nature.shards; i++)
    add_shard(w, -1, -1, HASH_UNITS * i / w->nature.shards, HASH_UNITS * (i + 1) / w->nature.shards);
  return k;
}

void kinesis_free(struct kinesis *k) {
  if (k == NULL) return;
  for (unsigned i = 0; i < k->n; i++) free(k->shards[i].records);
  free(k);
}

int kinesis_find(const struct kinesis *k, const char *id) {
  for (unsigned i = 0; i < k->n; i++)
    if (strcmp(k->shards[i].id, id) == 0) return (int)i;
  return -1;
}

static bool is_open(const struct kshard *s) { return s->closed_ms == NEVER; }

static int any_open(struct world *w) {
  struct kinesis *k = w->kinesis;
  unsigned start = (unsigned)below(w, k->n);
  for (unsigned i = 0; i < k->n; i++)
    if (is_open(&k->shards[(start + i) % k->n])) return (int)((start + i) % k->n);
  return -1;
}

/* ---- what happens by itself ---- */

/* Numbers grow by leaps, so that their digits become more now and then. */
static void next_sequence(struct world *w, struct sc_sequence *out) {
  struct kinesis *k = w->kinesis;
  char digits[24];
  k->next_sequence += 1 + below(w, chance(w, 100) ? k->next_sequence : 5);
  if (k->next_sequence > UINT64_MAX / 16) k->next_sequence = UINT64_MAX / 16 + below(w, 1000);
  int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)k->next_sequence);
  SC_ASSERT(sc_sequence_parse(sc_slice_of(digits, (size_t)n), out));
}

static void put_record(struct world *w, struct kshard *s) {
  if (s->n == s->cap) {
    s->cap = s->cap ? s->cap * 2 : 32;
    s->records = sc_realloc(s->records, s->cap * sizeof(*s->records));
  }
  struct record *r = &s->records[s->n++];
  *r = (struct record){
      .arrival_ms = w->now_ms, .poison = chance(w, w->nature.poison), .refused = chance(w, w->nature.refused)};
  next_sequence(w, &r->sequence);
}

void kinesis_put(struct world *w) {
  int shard = any_open(w);
  unsigned n = 1 + (unsigned)below(w, 4);
  for (unsigned i = 0; i < n; i++) put_record(w, &w->kinesis->shards[shard]);
  TELL(w, "kinesis: %u records into %s", n, w->kinesis->shards[shard].id);
}

static void split(struct world *w, int parent) {
  struct kshard *s = &w->kinesis->shards[parent];
  if (s->hash_end - s->hash_first < 2) return;
  unsigned middle = s->hash_first + 1 + (unsigned)below(w, s->hash_end - s->hash_first - 1);
  s->closed_ms = w->now_ms;
  s->children[0] = add_shard(w, parent, -1, s->hash_first, middle);
  s->children[1] = add_shard(w, parent, -1, middle, s->hash_end);
  TELL(w, "kinesis: %s splits into %d and %d", s->id, s->children[0], s->children[1]);
}

static int neighbour(const struct kinesis *k, int shard) {
  for (unsigned i = 0; i < k->n; i++)
    if (is_open(&k->shards[i]) && k->shards[i].hash_first == k->shards[shard].hash_end) return (int)i;
  return -1;
}

static void merge(struct world *w, int a) {
  struct kinesis *k = w->kinesis;
  int b = neighbour(k, a);
  if (b < 0) return;
  bool swapped = chance(w, 5000);
  int child = add_shard(w, swapped ? b : a, swapped ? a : b, k->shards[a].hash_first, k->shards[b].hash_end);
  k->shards[a].closed_ms = k->shards[b].closed_ms = w->now_ms;
  k->shards[a].children[0] = k->shards[b].children[0] = child;
  TELL(w, "kinesis: %s and %s merge into %d", k->shards[a].id, k->shards[b].id, child);
}

void kinesis_reshard(struct world *w) {
  int shard = any_open(w);
  if (shard < 0 || w->kinesis->n + 2 > SHARDS_MAX) return;
  if (chance(w, 5000)) split(w, shard);
  else merge(w, shard);
}

static void expire_shard(struct world *w, struct kshard *s) {
  int64_t horizon_ms = w->kinesis->horizon_ms;
  while (s->trimmed < s->n && s->records[s->trimmed].arrival_ms < horizon_ms) s->trimmed++;
  if (s->gone || s->closed_ms == NEVER || s->closed_ms >= horizon_ms) return;
  s->gone = true;
  TELL(w, "kinesis: %s is gone", s->id);
}

void kinesis_expire(struct world *w) {
  struct kinesis *k = w->kinesis;
  if (k->frozen) return;
  k->horizon_ms = w->now_ms - w->nature.retention_ms;
  for (unsigned i = 0; i < k->n; i++) expire_shard(w, &k->shards[i]);
}

/* ---- calls ---- */

static uint32_t first_since(const struct kshard *s, int64_t at_ms) {
  uint32_t i = 0;
  while (i < s->n && s->records[i].arrival_ms < at_ms) i++;
  return i;
}

static uint32_t first_behind(const struct kshard *s, const struct sc_sequence *sequence) {
  uint32_t i = s->n;
  while (i > 0 && sc_sequence_compare(&s->records[i - 1].sequence, sequence) > 0) i--;
  return i;
}

enum sc_code kinesis_get_iterator(struct world *w, int shard, const struct sc_position *at, struct kiterator *out) {
  const struct kshard *s = &w->kinesis->shards[shard];
  if (s->gone) return SC_E_NO_SHARD;
  *out = (struct kiterator){.shard = shard, .made_ms = w->now_ms};
  switch (at->start) {
    case SC_START_TRIM_HORIZON:
      return SC_OK;
    case SC_START_AT_TIME:
      out->next = first_since(s, at->at_ms);
      return SC_OK;
    case SC_START_AFTER:
      out->next = first_behind(s, &at->sequence);
      return SC_OK;
    case SC_START_LATEST:
    case SC_START_AT:
      break;
  }
  sim_broken(w, "an iterator of kind %d is asked for: it can't be made again without loss", at->start);
}

static int64_t behind_ms(struct world *w, const struct kshard *s, uint32_t next) {
  if (next == s->n) return 0;
  int64_t behind = w->now_ms - s->records[next].arrival_ms;
  return behind > 0 ? behind : 1;
}

/* The end of a closed shard; or a null iterator that means nothing. */
static void tell_end(struct world *w, struct kshard *s, uint32_t next, struct sc_reply *r) {
  bool at_end = s->closed_ms != NEVER && next == s->n && w->now_ms >= s->closed_ms + w->nature.late_end_ms;
  if (w->nature.end_apart && r->n_records > 0) at_end = false;
  r->has_next = !at_end;
  r->has_children = at_end && !w->nature.shy;
  if (at_end || s->false_end_at == next || !mishap(w, w->nature.false_end)) return;
  s->false_end_at = next;
  if (chance(w, 2000)) r->has_children = true; /* beside an iterator */
  else r->has_next = false;
}

void kinesis_get_records(struct world *w, const struct kiterator *it, struct kreply *out) {
  struct kshard *s = &w->kinesis->shards[it->shard];
  *out = (struct kreply){.service_ms = w->now_ms, .horizon_ms = w->kinesis->horizon_ms};
  if (s->gone) out->error = SC_E_NO_SHARD;
  if (!s->gone && w->now_ms > it->made_ms + ITERATOR_LIVES_MS) out->error = SC_E_EXPIRED_ITERATOR;
  if (out->error) return;
  uint32_t first = it->next > s->trimmed ? it->next : s->trimmed;
  uint32_t n = s->n - first < w->nature.page ? s->n - first : w->nature.page;
  if (n > 0 && mishap(w, w->nature.empty_page)) n = 0;
  struct sc_reply *r = &out->reply;
  *r = (struct sc_reply){.n_records = n, .full = n == w->nature.page};
  out->body_bytes = 100 + 350 * n;
  r->behind_ms = behind_ms(w, s, first + n);
  if (r->full && mishap(w, w->nature.lag_lies)) r->behind_ms = 0;
  if (n > 0) r->last = s->records[first + n - 1].sequence;
  tell_end(w, s, first + n, r);
  out->first = first;
  out->next = (struct kiterator){.shard = it->shard, .next = first + n, .made_ms = w->now_ms};
}

static struct sc_hash_key key_of(unsigned unit) { return (struct sc_hash_key){.high = (uint64_t)unit << 54}; }

static void describe(const struct kinesis *k, const struct kshard *s, struct sc_listed *out) {
  *out = (struct sc_listed){.hash_first = key_of(s->hash_first), .closed = !is_open(s)};
  memcpy(out->id, s->id, sizeof(s->id));
  for (int i = 0; i < SC_PARENTS_MAX; i++)
    if (s->parents[i] >= 0) memcpy(out->parents[i], k->shards[s->parents[i]].id, sizeof(s->id));
  out->hash_last =
      (struct sc_hash_key){.high = ((uint64_t)(s->hash_end - 1) << 54) | (((uint64_t)1 << 54) - 1), .low = UINT64_MAX};
}

size_t kinesis_list(struct world *w, int after, struct sc_listed *out, int *last) {
  const struct kinesis *k = w->kinesis;
  size_t n = 0;
  *last = -1;
  for (int i = after + 1; i < (int)k->n; i++) {
    if (k->shards[i].gone) continue;
    if (n == w->nature.list_page) return n;
    describe(k, &k->shards[i], &out[n++]);
    *last = i;
  }
  *last = -1;
  return n;
}
