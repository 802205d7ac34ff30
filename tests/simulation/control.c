#include "engine/base/error.h"
#include "tests/simulation/worker.h"

#define LIST_EVERY_MS 30000

/* ---- the beginning, and beginning anew ---- */

static void forget_shards(const struct world *w, struct worker *k) {
  for (int i = 0; i < SHARDS_MAX; i++) {
    struct local *l = &k->locals[i];
    uint32_t term = l->checkpoint.term;
    *l = (struct local){.checkpoint = {.term = term}};
    sc_shard_init(&l->reader);
    sc_subscription_init(&l->subscription, &sc_subscription_times, w->now_ms);
  }
}

static void begin(struct world *w, struct worker *k) {
  sc_lineage_free(k->lineage);
  k->lineage = sc_lineage_new();
  k->generation = w->target->generation;
  k->phase = PHASE_SURVEY;
  k->listing = false;
  k->last_listing_ms = 0;
  forget_shards(w, k);
  queue_clear(&k->notes);
  for (unsigned i = 0; i < w->nature.writers; i++) writer_lose(w, k, i, "the load begins anew");
}

void control_free(struct worker *k) { sc_lineage_free(k->lineage); }

static size_t read_rows(const struct world *w, struct worker *k, struct sc_stored stored[SHARDS_MAX]) {
  size_t n = 0;
  for (unsigned i = 0; i < w->kinesis->n; i++) {
    const struct kshard *s = &w->kinesis->shards[i];
    k->survey[i] = w->target->rows[i];
    if (!k->survey[i].exists) continue;
    struct sc_stored *row = &stored[n++];
    *row = (struct sc_stored){.ended = k->survey[i].ended};
    memcpy(row->id, s->id, sizeof(s->id));
    for (int p = 0; p < SC_PARENTS_MAX; p++)
      if (s->parents[p] >= 0) memcpy(row->parents[p], w->kinesis->shards[s->parents[p]].id, sizeof(s->id));
  }
  k->connection = w->target->generation;
  return n;
}

static bool control_fails(struct world *w, struct worker *k) {
  if (!mishap(w, w->nature.connection_breaks)) return false;
  k->retry_ms = w->now_ms + between(w, 100, 2000);
  return true;
}

static void survey(struct world *w, struct worker *k) {
  struct sc_stored stored[SHARDS_MAX];
  if (k->lineage == NULL) begin(w, k);
  if (control_fails(w, k)) return;
  size_t n = read_rows(w, k, stored);
  k->generation = k->connection;
  k->first_run = n == 0;
  sc_lineage_restore(k->lineage, stored, n);
  k->phase = PHASE_RUN;
  TELL(w, "worker %d: %zu shards are stored", k->index, n);
}

/* With a new session of control: does the target still say what the lineage counts on? */
static void survey_again(struct world *w, struct worker *k) {
  struct sc_stored stored[SHARDS_MAX];
  if (control_fails(w, k)) return;
  size_t n = read_rows(w, k, stored);
  if (sc_lineage_still_holds(k->lineage, stored, n)) return;
  TELL(w, "worker %d: the target went back, says the survey", k->index);
  begin(w, k);
}

/* ---- listing ---- */

static bool is_asked(const struct worker *k) {
  for (int i = 0; i < SHARDS_MAX; i++)
    if (k->locals[i].asked) return true;
  return false;
}

static bool must_list(const struct world *w, const struct worker *k) {
  if (sc_lineage_wants_listing(k->lineage) || is_asked(k)) return w->now_ms >= k->retry_ms;
  return w->nature.follow && w->now_ms >= k->list_due_ms;
}

static void begin_listing(struct world *w, struct worker *k) {
  sc_lineage_listing(k->lineage);
  k->listing = true;
  k->listings_begun++;
  k->listing_begun_ms = w->now_ms;
  k->list_after = -1;
  k->n_listed = 0;
  k->listed_all = false;
}

static void confirm(struct world *w, struct worker *k, int shard) {
  struct local *l = &k->locals[shard];
  if (!l->asked || l->asked_at >= k->listings_begun) return;
  l->asked = false;
  uint32_t node = sc_lineage_find(k->lineage, w->kinesis->shards[shard].id);
  bool closed = node == SC_NO_NODE || sc_lineage_is_closed(k->lineage, node) || sc_lineage_is_gone(k->lineage, node);
  uint32_t flags;
  l->todo = sc_shard_confirmed(&l->reader, closed, w->now_ms, &flags);
  TELL(w, "worker %d: shard %d is %s", k->index, shard, closed ? "closed indeed" : "not closed");
  if (!flags) return;
  struct batch b = {.term = l->reader.term, .span = {.shard = shard, .flags = flags}};
  queue_push(&k->writers[writer_of(w, shard)].batches, &b);
}

static void look_at_listed(struct world *w, struct worker *k) {
  for (size_t i = 0; i < k->n_listed; i++) {
    struct local *l = &k->locals[kinesis_find(w->kinesis, k->listed[i].id)];
    if (!l->seen) l->seen_after_ms = k->last_listing_ms;
    l->seen = true;
    if (k->listed[i].closed) sc_shard_closed(&l->reader);
  }
}

static void tell_gone(struct world *w, struct worker *k) {
  for (uint32_t node; (node = sc_lineage_next_gone(k->lineage)) != SC_NO_NODE;) {
    int shard = kinesis_find(w->kinesis, sc_lineage_shard(k->lineage, node)->id);
    const struct row *row = &w->target->rows[shard];
    bool all_was_read = row->exists && (row->ended || row->read_until_ms >= w->kinesis->horizon_ms);
    TELL(w, "worker %d: shard %d is gone, read until %.3f%s", k->index, shard, (double)row->read_until_ms / 1000.0,
         all_was_read ? ": all of it" : "");
    if (!all_was_read) worker_tell_gap(w, shard);
  }
}

static void end_listing(struct world *w, struct worker *k) {
  struct sc_hash_key hole;
  k->listing = false;
  sc_lineage_listed(k->lineage, k->listed, k->n_listed);
  if (sc_lineage_hole(k->lineage, &hole)) sim_broken(w, "the listing has a hole");
  look_at_listed(w, k);
  k->last_listing_ms = k->listing_begun_ms;
  k->list_due_ms = w->now_ms + LIST_EVERY_MS;
  tell_gone(w, k);
  for (int i = 0; i < SHARDS_MAX; i++) confirm(w, k, i);
  TELL(w, "worker %d: %zu shards are listed", k->index, k->n_listed);
}

static void list_page(struct world *w, struct worker *k) {
  if (mishap(w, w->nature.call_fails)) return;
  if (k->listed_all) {
    if (!mishap(w, w->nature.slow_listing)) end_listing(w, k);
    return;
  }
  k->n_listed += kinesis_list(w, k->list_after, k->listed + k->n_listed, &k->list_after);
  k->listed_all = k->list_after < 0;
}

/* ---- new rows ---- */

/* Everything older in a new shard was read, since it was not there: when the last listing without it began. A shard
 * that came while no worker ran came behind what its parents had been read to. */
static int64_t unread_since(const struct world *w, const struct worker *k, int shard, const struct row *added) {
  if (k->locals[shard].seen_after_ms > 0) return k->locals[shard].seen_after_ms;
  int64_t since_ms = NEVER;
  for (int i = 0; i < SC_PARENTS_MAX; i++) {
    int parent = w->kinesis->shards[shard].parents[i];
    if (parent < 0) continue;
    const struct row *row = k->survey[parent].exists ? &k->survey[parent] : &added[parent];
    int64_t parent_ms = row->exists ? row->read_until_ms : 0;
    if (parent_ms < since_ms) since_ms = parent_ms;
  }
  return since_ms < 1 || since_ms == NEVER ? 1 : since_ms;
}

static struct row new_row(const struct world *w, const struct worker *k, int shard, bool first_run,
                          const struct row *added) {
  struct row row = {.exists = true, .first_run = first_run, .start = {.start = SC_START_TRIM_HORIZON}};
  if (!first_run) {
    row.read_until_ms = unread_since(w, k, shard, added);
    return row;
  }
  row.start = k->start;
  bool in_reach = k->start.start == SC_START_AT_TIME && k->start.at_ms >= w->kinesis->horizon_ms;
  row.read_until_ms = in_reach ? k->start.at_ms : 0;
  return row;
}

static size_t collect_new(const struct world *w, const struct worker *k, int shards[SHARDS_MAX],
                          struct row rows[SHARDS_MAX], bool *first_run) {
  struct row added[SHARDS_MAX] = {0};
  size_t n = 0;
  for (uint32_t node = 0; (node = sc_lineage_next_new(k->lineage, node)) != SC_NO_NODE; node++, n++) {
    shards[n] = kinesis_find(w->kinesis, sc_lineage_shard(k->lineage, node)->id);
    *first_run = sc_lineage_is_of_first_run(k->lineage, node);
    rows[n] = added[shards[n]] = new_row(w, k, shards[n], *first_run, added);
  }
  return n;
}

/* False: not added, or nobody knows. */
static bool send_rows(struct world *w, struct worker *k, const struct row *rows, const int *shards, size_t n,
                      bool first_run) {
  bool breaks = k->connection != w->target->generation, answered = !breaks;
  if (!breaks && mishap(w, w->nature.connection_breaks)) {
    breaks = chance(w, 5000);
    answered = false;
  }
  enum sc_code code = breaks ? SC_E_DB_LOST : target_add(w, rows, shards, n, first_run);
  if (!answered) k->connection = 0;
  return answered && code == SC_OK;
}

static uint32_t node_of(const struct world *w, const struct worker *k, int shard) {
  return sc_lineage_find(k->lineage, w->kinesis->shards[shard].id);
}

static bool add_rows(struct world *w, struct worker *k) {
  int shards[SHARDS_MAX];
  struct row rows[SHARDS_MAX];
  bool first_run = false;
  size_t n = collect_new(w, k, shards, rows, &first_run);
  if (n == 0) return false;
  bool added = send_rows(w, k, rows, shards, n, first_run);
  TELL(w, "worker %d: %zu rows%s are %s", k->index, n, first_run ? " of the first run" : "",
       added ? "added" : "not added");
  for (size_t i = 0; added && i < n; i++) sc_lineage_stored(k->lineage, node_of(w, k, shards[i]));
  if (added) return true;
  k->retry_ms = w->now_ms + between(w, 100, 2000);
  if (first_run) begin(w, k);
  return true;
}

/* ---- starting shards ---- */

static void start_ready(struct world *w, struct worker *k) {
  for (uint32_t node; (node = sc_lineage_next_ready(k->lineage)) != SC_NO_NODE;) {
    int shard = kinesis_find(w->kinesis, sc_lineage_shard(k->lineage, node)->id);
    for (int i = 0; i < SC_PARENTS_MAX; i++)
      if (!target_is_done_with(w, w->kinesis->shards[shard].parents[i], k->generation))
        sim_broken(w, "shard %d is started before the end of its parent %d", shard,
                   w->kinesis->shards[shard].parents[i]);
    sc_lineage_started(k->lineage, node);
    k->locals[shard].assigned = true;
    TELL(w, "worker %d: shard %d is assigned", k->index, shard);
  }
}

static void read_note(struct world *w, struct worker *k, const struct note *note) {
  uint32_t node = node_of(w, k, note->shard);
  switch (note->kind) {
    case NOTE_STARTED:
      sc_lineage_started(k->lineage, node);
      return;
    case NOTE_ENDED:
      sc_lineage_ended(k->lineage, node);
      return;
    case NOTE_TIP:
      sc_lineage_at_tip(k->lineage, node);
      return;
    case NOTE_WENT_BACK:
      TELL(w, "worker %d: the target went back", k->index);
      begin(w, k);
      return;
  }
}

/* ---- the end of a bounded load ---- */

static bool is_quiet(const struct world *w, const struct worker *k) {
  if (queue_count(&k->notes) > 0) return false;
  for (unsigned i = 0; i < w->nature.writers; i++) {
    const struct writer *writer = &k->writers[i];
    size_t queued = queue_count(&writer->batches) + queue_count(&writer->blocks) + queue_count(&writer->spans) +
                    queue_count(&writer->starts) + writer->open.n;
    if (writer->state != WRITER_UP || queued > 0) return false;
  }
  return true;
}

/* A shard all of whose parents have ended was found. */
static void check_found(struct world *w, int shard) {
  const struct kshard *s = &w->kinesis->shards[shard];
  if (s->parents[0] < 0 || s->gone || w->target->rows[shard].exists) return;
  for (int i = 0; i < SC_PARENTS_MAX; i++)
    if (s->parents[i] >= 0 && !w->target->rows[s->parents[i]].ended) return;
  sim_broken(w, "a worker has finished, but nobody has seen shard %d, whose parents have ended", shard);
}

/* Everything that was there when the run began is in the table, and the children of what ended were found. */
static void check_bounded(struct world *w, const struct worker *k) {
  for (unsigned i = 0; i < w->kinesis->n; i++) {
    const struct kshard *s = &w->kinesis->shards[i];
    check_found(w, (int)i);
    for (uint32_t r = 0; r < s->n && s->records[r].arrival_ms < k->began_ms; r++)
      if (!s->records[r].in_table && !target_may_miss(w, (int)i, r))
        sim_broken(w, "worker %d has finished, but record %u of shard %u is missing", k->index, r, i);
  }
}

/* The release is the last commit: it says whether the connections still hold, and makes all before it durable. */
static void finish(struct world *w, struct worker *k) {
  for (unsigned i = 0; i < w->nature.writers; i++) {
    if (worker_is_connected(w, &k->writers[i])) continue;
    writer_lose(w, k, i, "the release finds no connection");
    return;
  }
  for (int i = 0; i < SHARDS_MAX; i++) {
    const struct local *l = &k->locals[i];
    if (!l->taken || w->target->rows[i].epoch == l->checkpoint.epoch) continue;
    writer_lose(w, k, writer_of(w, i), "the release is fenced");
    return;
  }
  target_flush(w);
  check_bounded(w, k);
  k->phase = PHASE_FINISHED;
  TELL(w, "worker %d: finished", k->index);
}

void control_step(struct world *w, struct worker *k) {
  struct note note;
  if (k->phase == PHASE_SURVEY) {
    if (w->now_ms >= k->retry_ms) survey(w, k);
    return;
  }
  while (k->phase == PHASE_RUN && queue_pop(&k->notes, &note)) read_note(w, k, &note);
  if (k->phase != PHASE_RUN) return;
  if (k->listing) {
    list_page(w, k);
    return;
  }
  if (must_list(w, k)) {
    begin_listing(w, k);
    return;
  }
  if (w->now_ms < k->retry_ms) return;
  bool is_over = !w->nature.follow && sc_lineage_is_finished(k->lineage) && is_quiet(w, k);
  if (k->connection != w->target->generation && (is_over || k->connection == 0 || chance(w, 500))) {
    survey_again(w, k);
    return;
  }
  if (is_over) {
    finish(w, k);
    return;
  }
  if (add_rows(w, k)) return;
  start_ready(w, k);
}
