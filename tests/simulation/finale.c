#include "tests/simulation/finale.h"

#include <stdio.h>

/* The first record that is neither in the table nor excused; n when there is none. */
static uint32_t first_missing(struct world *w, int shard) {
  const struct kshard *s = &w->kinesis->shards[shard];
  uint32_t i = 0;
  while (i < s->n && (s->records[i].in_table || target_may_miss(w, shard, i))) i++;
  return i;
}

/* Ended when it is closed, at its tip when it is open. One that is gone and was told so may have been left alone: by a
 * worker to which it was gone before it had a row, although another one had given it one. */
static bool is_settled(struct world *w, int shard) {
  const struct kshard *s = &w->kinesis->shards[shard];
  const struct row *row = &w->target->rows[shard];
  if (s->gone && (!row->exists || s->gap_told)) return true;
  if (!row->exists) return false;
  if (s->closed_ms != NEVER) return row->ended;
  return !row->ended;
}

bool finale_is_reached(struct world *w) {
  const struct worker *k = w->workers[0];
  if (k == NULL || (!w->nature.follow && k->phase != PHASE_FINISHED)) return false;
  for (unsigned i = 0; i < w->kinesis->n; i++)
    if (!is_settled(w, (int)i) || first_missing(w, (int)i) < w->kinesis->shards[i].n) return false;
  return true;
}

static void check_shard(struct world *w, int shard) {
  const struct kshard *s = &w->kinesis->shards[shard];
  uint32_t missing = first_missing(w, shard);
  if (missing < s->n) sim_broken(w, "record %u of shard %d is missing", missing, shard);
  if (!is_settled(w, shard)) sim_broken(w, "shard %d is neither ended nor at its tip", shard);
}

static void check_counters(struct world *w) {
  uint64_t in_table = 0;
  for (unsigned i = 0; i < w->kinesis->n; i++)
    for (uint32_t r = 0; r < w->kinesis->shards[i].n; r++) in_table += w->kinesis->shards[i].records[r].in_table;
  if (in_table != w->target->rows_in + w->target->dead_in)
    sim_broken(w, "rows and dead letters do not add up to records");
  const struct worker *k = w->workers[0];
  if (k->records != k->rows + k->dead) sim_broken(w, "the worker's counters do not add up");
}

void finale_check(struct world *w) {
  for (unsigned i = 0; i < w->kinesis->n; i++) check_shard(w, (int)i);
  check_counters(w);
}

void finale_tell_missing(struct world *w, char *out, size_t out_bytes) {
  for (unsigned i = 0; i < w->kinesis->n; i++) {
    const struct row *row = &w->target->rows[i];
    const struct local *l = w->workers[0] != NULL ? &w->workers[0]->locals[i] : NULL;
    uint32_t missing = first_missing(w, (int)i);
    if (is_settled(w, (int)i) && missing == w->kinesis->shards[i].n) continue;
    snprintf(out, out_bytes,
             "shard %u: row %d ended %d next %u of %u, missing %u; reader state %d todo %d term %u, checkpoint state "
             "%d term %u",
             i, row->exists, row->ended, row->next, w->kinesis->shards[i].n, missing,
             l != NULL ? (int)l->reader.state : -1, l != NULL ? (int)l->todo : -1, l != NULL ? l->reader.term : 0,
             l != NULL ? (int)l->checkpoint.state : -1, l != NULL ? l->checkpoint.term : 0);
    return;
  }
  snprintf(out, out_bytes, "the worker does not finish");
}
