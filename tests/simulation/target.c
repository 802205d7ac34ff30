#include "tests/simulation/target.h"

#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct entry {
  size_t changes, landings; /* how many it has */
};

struct change {
  int shard;
  struct row before;
};

struct request *request_new(void) {
  struct request *r = sc_alloc_zero(1, sizeof(*r));
  queue_init(&r->updates, sizeof(struct update));
  queue_init(&r->landings, sizeof(struct landing));
  return r;
}

void request_free(struct request *r) {
  if (r == NULL) return;
  queue_fini(&r->updates);
  queue_fini(&r->landings);
  free(r);
}

struct target *target_new(struct world *w) {
  struct target *t = sc_alloc_zero(1, sizeof(*t));
  w->target = t;
  t->generation = 1;
  queue_init(&t->log, sizeof(struct entry));
  queue_init(&t->changes, sizeof(struct change));
  queue_init(&t->landings, sizeof(struct landing));
  queue_init(&t->late, sizeof(struct request *));
  return t;
}

void target_drop_late(struct world *w) {
  struct request *r;
  while (queue_pop(&w->target->late, &r)) request_free(r);
}

void target_free(struct target *t) {
  if (t == NULL) return;
  struct request *r;
  while (queue_pop(&t->late, &r)) request_free(r);
  queue_fini(&t->log);
  queue_fini(&t->changes);
  queue_fini(&t->landings);
  queue_fini(&t->late);
  free(t);
}

/* ---- the log ---- */

static void change(struct target *t, struct entry *entry, int shard, const struct row *after) {
  struct change c = {.shard = shard, .before = t->rows[shard]};
  queue_push(&t->changes, &c);
  entry->changes++;
  t->rows[shard] = *after;
}

static struct record *record_of(struct world *w, const struct landing *l) {
  return &w->kinesis->shards[l->shard].records[l->record];
}

static void land(struct world *w, struct entry *entry, const struct landing *l) {
  struct record *record = record_of(w, l);
  if (record->in_table) sim_broken(w, "record %u of shard %d is in the table twice", l->record, l->shard);
  record->in_table++;
  *(l->dead ? &w->target->dead_in : &w->target->rows_in) += 1;
  queue_push(&w->target->landings, l);
  entry->landings++;
}

static void undo_last(struct world *w) {
  struct target *t = w->target;
  struct entry entry = *(struct entry *)queue_at(&t->log, queue_count(&t->log) - 1);
  for (; entry.changes > 0; entry.changes--) {
    const struct change *c = queue_at(&t->changes, queue_count(&t->changes) - 1);
    if (t->rows[c->shard].ended && !c->before.ended) t->end_undone[c->shard] = t->generation + 1;
    t->rows[c->shard] = c->before;
    t->changes.end--;
  }
  for (; entry.landings > 0; entry.landings--) {
    const struct landing *l = queue_at(&t->landings, queue_count(&t->landings) - 1);
    record_of(w, l)->in_table--;
    *(l->dead ? &t->dead_in : &t->rows_in) -= 1;
    t->landings.end--;
  }
  t->log.end--;
}

/* ---- statements ---- */

static bool is_empty(const struct target *t) {
  for (int i = 0; i < SHARDS_MAX; i++)
    if (t->rows[i].exists) return false;
  return true;
}

enum sc_code target_add(struct world *w, const struct row *rows, const int *shards, size_t n, bool first_run) {
  struct target *t = w->target;
  if (first_run && !is_empty(t)) return SC_E_POSITIONS;
  struct entry entry = {0};
  bool was_empty = is_empty(t);
  for (size_t i = 0; i < n; i++) {
    if (t->rows[shards[i]].exists) continue;
    if (rows[i].first_run && !was_empty)
      sim_broken(w, "shard %d came later, but gets the start of the first run", shards[i]);
    change(t, &entry, shards[i], &rows[i]);
  }
  queue_push(&t->log, &entry);
  if (first_run) target_flush(w);
  return SC_OK;
}

void target_take(struct world *w, const int *shards, size_t n, struct row *out) {
  struct target *t = w->target;
  struct entry entry = {0};
  for (size_t i = 0; i < n; i++) {
    out[i] = t->rows[shards[i]];
    if (!out[i].exists) continue;
    out[i].epoch++;
    change(t, &entry, shards[i], &out[i]);
  }
  queue_push(&t->log, &entry);
}

static bool is_fenced(const struct target *t, const struct request *r) {
  for (size_t i = 0; i < queue_count(&r->updates); i++) {
    const struct update *u = queue_at(&r->updates, i);
    const struct row *row = &t->rows[u->shard];
    if (!row->exists || row->epoch != u->epoch || sc_sequence_compare(&row->sequence, &u->previous) != 0) return true;
  }
  return false;
}

static bool is_refused(struct world *w, const struct request *r) {
  for (size_t i = 0; i < queue_count(&r->landings); i++) {
    const struct landing *l = queue_at(&r->landings, i);
    if (!l->dead && record_of(w, l)->refused) return true;
  }
  return false;
}

/* ---- the rules ---- */

bool target_is_done_with(struct world *w, int parent, unsigned lineage_generation) {
  if (parent < 0) return true;
  const struct target *t = w->target;
  if (t->rows[parent].exists && t->rows[parent].ended) return true;
  if (w->kinesis->shards[parent].gone) return true;
  return lineage_generation < t->end_undone[parent];
}

/* A shard without a row expired before anybody could read it: told for itself, when it is the parent of one that was
 * found; else its children are such as well. Or it expired before the first run, and was never ours. */
static bool is_loss_told(struct world *w, int shard, unsigned depth) {
  const struct kshard *s = &w->kinesis->shards[shard];
  if (s->gap_told) return true;
  for (int i = 0; i < 2 && s->children[i] >= 0; i++) {
    const struct row *row = &w->target->rows[s->children[i]];
    if (row->exists ? !row->first_run : depth == 0 || !is_loss_told(w, s->children[i], depth - 1)) return false;
  }
  return s->children[0] >= 0;
}

bool target_may_miss(struct world *w, int shard, uint32_t record) {
  const struct kshard *s = &w->kinesis->shards[shard];
  const struct row *row = &w->target->rows[shard];
  if (s->records[record].excused) return true;
  if (row->start.start == SC_START_AT_TIME && s->records[record].arrival_ms < row->start.at_ms) return true;
  if (record >= s->trimmed) return false;
  if (!row->exists) return s->gone && is_loss_told(w, shard, SHARDS_MAX);
  bool before_the_run = row->first_run && row->read_until_ms == 0;
  return s->gap_told || before_the_run;
}

static void check_missed(struct world *w, int shard, uint32_t from, uint32_t to) {
  for (uint32_t i = from; i < to; i++) {
    if (!target_may_miss(w, shard, i)) sim_broken(w, "record %u of shard %d is left out", i, shard);
    w->kinesis->shards[shard].records[i].excused = true;
  }
}

static void check_parents(struct world *w, int shard, const struct request *r) {
  const struct kshard *s = &w->kinesis->shards[shard];
  for (int i = 0; i < SC_PARENTS_MAX; i++)
    if (!target_is_done_with(w, s->parents[i], r->lineage_generation))
      sim_broken(w, "shard %d is written before the end of its parent %d", shard, s->parents[i]);
}

/* Lands the records of one shard: what comes behind the position, and nothing left out. The next record's number. */
static uint32_t land_shard(struct world *w, struct entry *entry, int shard, const struct request *r) {
  const struct row *row = &w->target->rows[shard];
  uint32_t next = row->next;
  for (size_t i = 0; i < queue_count(&r->landings); i++) {
    const struct landing *l = queue_at(&r->landings, i);
    if (l->shard != shard) continue;
    land(w, entry, l);
    if (l->record < next) sim_broken(w, "record %u of shard %d is behind the position", l->record, shard);
    if (row->start.start == SC_START_AT_TIME && record_of(w, l)->arrival_ms < row->start.at_ms)
      sim_broken(w, "record %u of shard %d is older than the start", l->record, shard);
    check_missed(w, shard, next, l->record);
    next = l->record + 1;
  }
  return next;
}

static void check_update(struct world *w, const struct update *u, uint32_t next, const struct request *r) {
  const struct kshard *s = &w->kinesis->shards[u->shard];
  const struct row *row = &w->target->rows[u->shard];
  const struct sc_sequence *last = next > row->next ? &s->records[next - 1].sequence : &row->sequence;
  if (sc_sequence_compare(last, &u->sequence) != 0)
    sim_broken(w, "the position of shard %d is not its last record", u->shard);
  if (row->ended) sim_broken(w, "shard %d is written after its end", u->shard);
  check_parents(w, u->shard, r);
  if (!u->ended) return;
  if (s->closed_ms == NEVER) sim_broken(w, "shard %d is ended, but it is open", u->shard);
  check_missed(w, u->shard, next, s->n);
}

/* The first word of what was read: what expired before that was never ours. */
static void excuse_before_the_run(struct world *w, const struct update *u, uint32_t next) {
  struct kshard *s = &w->kinesis->shards[u->shard];
  const struct row *row = &w->target->rows[u->shard];
  if (!row->first_run || row->read_until_ms > 0 || u->read_until_ms == 0) return;
  for (uint32_t i = next; i < s->trimmed; i++) s->records[i].excused = true;
}

static void apply_update(struct world *w, struct entry *entry, const struct update *u, const struct request *r) {
  uint32_t next = land_shard(w, entry, u->shard, r);
  check_update(w, u, next, r);
  excuse_before_the_run(w, u, next);
  struct row after = w->target->rows[u->shard];
  after.sequence = u->sequence;
  after.next = next;
  after.ended = u->ended;
  if (u->read_until_ms > after.read_until_ms) after.read_until_ms = u->read_until_ms;
  change(w->target, entry, u->shard, &after);
}

enum sc_code target_commit(struct world *w, const struct request *r) {
  struct target *t = w->target;
  if (is_refused(w, r)) return SC_E_ROW;
  if (is_fenced(t, r)) return SC_E_FENCED;
  struct entry entry = {0};
  for (size_t i = 0; i < queue_count(&r->updates); i++) apply_update(w, &entry, queue_at(&r->updates, i), r);
  if (entry.landings != queue_count(&r->landings)) sim_broken(w, "rows without a position in their transaction");
  queue_push(&t->log, &entry);
  if (r->durable) target_flush(w);
  return SC_OK;
}

/* ---- what goes wrong ---- */

void target_commit_late(struct world *w, struct request *r) { queue_push(&w->target->late, &r); }

void target_late_step(struct world *w) {
  struct request *r;
  if (!queue_pop(&w->target->late, &r)) return;
  enum sc_code code = chance(w, 8000) ? target_commit(w, r) : SC_E_DB_LOST;
  TELL(w, "target: a late commit: %s", code == SC_OK ? "done" : sc_error_name((int)code));
  request_free(r);
}

void target_flush(struct world *w) { w->target->durable = queue_count(&w->target->log); }

void target_restart(struct world *w) {
  w->target->generation++;
  target_drop_late(w);
  TELL(w, "target: restarts");
}

void target_failover(struct world *w) {
  struct target *t = w->target;
  size_t most = queue_count(&t->log) - t->durable;
  size_t lost = (size_t)below(w, (most < 20 ? most : 20) + 1);
  for (size_t i = 0; i < lost; i++) undo_last(w);
  t->generation++;
  target_drop_late(w);
  TELL(w, "target: fails over, %zu transactions are lost", lost);
}
