#include "engine/load/write/write_commit.h"

#include "engine/base/array.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/base/park.h"
#include "engine/load/write/write_rows.h"

enum {
  REFRESH_MS = 60000, /* read_until of idle shards is stored at most this often */
  COMMIT_PAUSE = 10   /* no commit sooner than so many times the last one took; when it is urgent, once */
};

static struct sc_writer_totals totals_of(const struct sc_writer *w) {
  struct sc_writer_totals t = w->released;
  const struct sc_block *b;
  TAILQ_FOREACH(b, &w->blocks, link) sc_writer_add_totals(&t, b);
  return t;
}

static void count_committed(const struct sc_writer_totals *t) {
  struct sc_metrics *m = sc_metrics_mine();
  sc_metric_add(m, SC_M_ROWS, t->rows);
  sc_metric_add(m, SC_M_DEAD_LETTERS, t->dead);
  sc_metric_add(m, SC_M_EXTRA_ROWS, t->extra_rows);
  sc_metric_add(m, SC_M_RECORD_BYTES, t->bytes);
  sc_metric_add(m, SC_M_UNKNOWN_KEYS, t->unknown_keys);
  sc_metric_add(m, SC_M_COMMITS, 1);
  sc_metric_add(m, SC_M_RECORDS_IN, t->records); /* last: control stops --max-records by it */
}

/* ---- a commit in doubt ---- */

static void begin_doubt(struct sc_writer *w) {
  struct sc_writer_shard *s;
  w->in_doubt = false;
  TAILQ_FOREACH(s, &w->touched, link) {
    if (sc_sequence_compare(&s->checkpoint.pending, &s->checkpoint.committed) == 0) continue;
    w->in_doubt = true;
    w->probe = s->info;
    w->probe_at = s->checkpoint.pending;
    break;
  }
  w->doubtful = totals_of(w);
}

void sc_writer_end_doubt(struct sc_writer *w, const struct sc_taken *taken) {
  if (!w->in_doubt) return;
  w->in_doubt = false;
  if (sc_sequence_compare(&taken[w->probe->place].sequence, &w->probe_at) == 0) {
    count_committed(&w->doubtful);
  } else {
    sc_dead_letter_limit_take_back(&w->run->dead_letter_limit, w->doubtful.records, w->doubtful.dead);
    sc_run_unclaim(w->run, w->doubtful.records);
  }
}

/* ---- commit ---- */

/* The parse thread, which waits behind the barrier, goes on. */
static void pass_barrier(const struct sc_writer *w, const struct sc_shard_info *shard) {
  atomic_fetch_add(shard->barriers, 1);
  sc_park_wake(w->run->parse_parks[shard->parse]);
}

/* Control hears of ends and tips only here: children are read once their parents' ends are committed. The counters are
 * raised before that, so that a load whose last shard is done has counted all its records. */
static void committed(struct sc_writer *w) {
  struct sc_writer_totals totals = totals_of(w);
  count_committed(&totals);
  if (w->in_transaction) w->failures = 0;
  w->in_doubt = false;
  struct sc_writer_shard *s;
  TAILQ_FOREACH(s, &w->touched, link) {
    if (s->checkpoint.state == SC_CHECKPOINT_SENT) sc_checkpoint_committed(&s->checkpoint);
    s->done = (s->flags & (SC_BATCH_END | SC_BATCH_TIP)) != 0;
    s->done_at = s->checkpoint.committed;
    if (s->flags & SC_BATCH_END) sc_writer_tell(w, SC_CONTROL_SHARD_ENDED, s->info);
    else if (s->flags & SC_BATCH_TIP) sc_writer_tell(w, SC_CONTROL_SHARD_TIP, s->info);
    if (s->flags & SC_BATCH_BARRIER) pass_barrier(w, s->info);
  }
  for (struct sc_block *b; (b = TAILQ_FIRST(&w->blocks)) != NULL;) {
    TAILQ_REMOVE(&w->blocks, b, link); /* before: the parse thread owns the block from then on */
    sc_writer_give_back(w, b);
  }
  sc_writer_forget_transaction(w);
  if (w->run->settings.max_records != UINT64_MAX) sc_park_wake(w->run->control_park);
}

/* The rows of the checkpoint table that this transaction moves, in w->rows; one for each shard with news. */
static size_t commit_rows(struct sc_writer *w) {
  size_t n = 0;
  struct sc_writer_shard *s;
  TAILQ_FOREACH(s, &w->touched, link) {
    struct sc_checkpoint *c = &s->checkpoint;
    SC_ASSERT(c->term == w->term && sc_sequence_compare(&c->committed, &c->pending) <= 0);
    if (!sc_checkpoint_is_dirty(c, REFRESH_MS)) continue;
    SC_ARRAY_ROOM(w->rows, n, w->cap_rows, 1);
    w->rows[n++] = (struct sc_commit_row){.shard_id = s->info->id,
                                          .epoch = c->epoch,
                                          .previous = &c->committed,
                                          .sequence = &c->pending,
                                          .ended = c->pending_end,
                                          .read_until_ms = c->read_until_ms};
  }
  return n;
}

static void add_states(struct sc_writer *w, const char *data, size_t len) {
  struct sc_state state;
  for (size_t at = 0; sc_state_next(data, len, &at, &state);) {
    size_t i = 0;
    while (i < w->n_states && !sc_slice_equals(w->states[i].key, state.key)) i++;
    SC_ARRAY_ROOM(w->states, w->n_states, w->cap_states, 1);
    w->states[i] = state;
    if (i == w->n_states) w->n_states++;
  }
}

/* The newest value of each key, in w->states. */
static size_t commit_states(struct sc_writer *w) {
  w->n_states = 0;
  add_states(w, w->released_states.ptr, w->released_states.len);
  const struct sc_block *b;
  TAILQ_FOREACH(b, &w->blocks, link) add_states(w, b->states, b->states_len);
  return w->n_states;
}

/* A commit that may be the last of this thread is durable, whatever --commit says. */
static bool is_last_commit(const struct sc_writer *w) {
  return w->tx_urgent || sc_run_stage(w->run) >= SC_STAGE_STOP_WRITE || atomic_load(&w->run->allowance) <= 0;
}

/* The doubt begins before the commit goes out: from then on a lost connection leaves open whether it happened. A
 * transaction of positions alone is opened here; without a position to move there is nothing to commit. */
static int send_commit(struct sc_writer *w, struct sc_error *err) {
  const struct sc_rows_ops *ops = w->run->sink_ops->rows;
  enum sc_atomicity atomicity = sc_run_atomicity(w->run);
  struct sc_commit commit = {.is_last = is_last_commit(w)};
  if (atomicity != SC_POSITIONS_NONE) commit.n = commit_rows(w);
  commit.rows = w->rows;
  commit.n_states = commit_states(w);
  commit.states = w->states;
  if (!w->in_transaction && atomicity != SC_POSITIONS_NONE && commit.n == 0) return SC_OK;
  int rc = sc_writer_begin(w, err);
  if (rc == SC_OK) rc = sc_writer_flush(w, err);
  if (rc != SC_OK) return rc;
  struct sc_writer_shard *s;
  TAILQ_FOREACH(s, &w->touched, link)
  if (sc_checkpoint_is_dirty(&s->checkpoint, REFRESH_MS)) sc_checkpoint_sent(&s->checkpoint);
  begin_doubt(w);
  if (ops->commit != NULL) rc = ops->commit(w->sessions->rows, &commit, err);
  if (rc == SC_OK && atomicity == SC_POSITIONS_AFTER_ROWS && commit.n > 0)
    rc = w->run->store_ops->positions->move(w->sessions->positions, &commit, err);
  return rc;
}

int sc_writer_commit(struct sc_writer *w, struct sc_error *err) {
  int64_t begun_ms = sc_clock_mono_ms();
  int rc = send_commit(w, err);
  w->last_commit_ms = sc_clock_mono_ms();
  w->last_commit_took_ms = w->last_commit_ms - begun_ms;
  if (rc == SC_OK) committed(w);
  return rc;
}

int64_t sc_writer_commit_in_ms(const struct sc_writer *w, int64_t now_ms) {
  const struct sc_settings *s = &w->run->settings;
  const struct sc_rows_ops *ops = w->run->sink_ops->rows;
  if (sc_writer_is_empty(w) || w->n_inside_record > 0) return INT64_MAX;
  if (w->hold_wanted || (ops->due == NULL && w->tx_bytes >= s->flush_bytes)) return 0;
  int64_t due_ms = ops->due == NULL ? w->tx_oldest_ms + s->flush_interval_ms : now_ms + ops->due(w->sessions->rows);
  if ((ops->due == NULL && w->tx_rows >= s->flush_rows) || w->tx_urgent) due_ms = now_ms;
  int64_t pause_ms = w->last_commit_took_ms * (w->tx_urgent ? 1 : COMMIT_PAUSE);
  if (pause_ms > s->flush_interval_ms * COMMIT_PAUSE) pause_ms = s->flush_interval_ms * COMMIT_PAUSE;
  if (due_ms < w->last_commit_ms + pause_ms) due_ms = w->last_commit_ms + pause_ms;
  return due_ms > now_ms ? due_ms - now_ms : 0;
}
