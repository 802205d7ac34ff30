#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/load/write/writer.h"

enum {
  REFRESH_MS = 60000, /* read_until of idle shards is stored at most this often */
  COMMIT_PAUSE = 10   /* no commit sooner than so many times the last one took; when it is urgent, once */
};

void sc_writer_forget_transaction(struct sc_writer *w) {
  for (size_t i = 0; i < w->n_touched; i++) w->touched[i]->touched = false;
  w->n_touched = 0;
  w->first = w->last = NULL;
  w->tx_rows = w->tx_bytes = 0;
  w->tx_urgent = w->in_transaction = false;
}

static struct sc_writer_totals totals_of(const struct sc_writer *w) {
  struct sc_writer_totals t = {0};
  for (const struct sc_block *b = w->first; b != NULL; b = b->next) {
    for (uint32_t i = 0; i < b->n_spans; i++) {
      t.records += b->spans[i].records;
      t.rows += b->spans[i].rows;
      t.dead += b->spans[i].dead;
      t.extra_rows += b->spans[i].extra_rows;
      t.bytes += b->spans[i].record_bytes;
      t.unknown_keys += b->spans[i].unknown_keys;
    }
  }
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
  w->in_doubt = false;
  for (size_t i = 0; i < w->n_touched && !w->in_doubt; i++) {
    const struct sc_checkpoint *c = &w->touched[i]->checkpoint;
    if (sc_sequence_compare(&c->pending, &c->committed) == 0) continue;
    w->in_doubt = true;
    w->witness = w->touched[i]->info;
    w->witness_at = c->pending;
  }
  w->doubtful = totals_of(w);
}

void sc_writer_end_doubt(struct sc_writer *w, const struct sc_taken *taken, size_t n) {
  for (size_t i = 0; w->in_doubt && i < n; i++) {
    if (strcmp(taken[i].shard_id, w->witness->id) != 0) continue;
    w->in_doubt = false;
    if (sc_sequence_compare(&taken[i].sequence, &w->witness_at) == 0) {
      count_committed(&w->doubtful);
    } else {
      sc_dead_letter_limit_take_back(&w->run->brake, w->doubtful.records, w->doubtful.dead);
      sc_run_unclaim(w->run, w->doubtful.records);
    }
  }
}

/* ---- commit ---- */

static void committed(struct sc_writer *w) {
  struct sc_writer_totals totals = totals_of(w);
  count_committed(&totals);
  if (w->in_transaction) w->failures = 0;
  w->in_doubt = false;
  for (size_t i = 0; i < w->n_touched; i++) {
    struct sc_writer_shard *s = w->touched[i];
    if (s->checkpoint.state == SC_CHECKPOINT_SENT) sc_checkpoint_committed(&s->checkpoint);
    s->done = s->flags != 0;
    s->done_at = s->checkpoint.committed;
    if (s->flags & SC_BATCH_END) {
      sc_writer_tell(w, SC_CONTROL_SHARD_ENDED, s->info);
    } else if (s->flags & SC_BATCH_TIP) {
      sc_writer_tell(w, SC_CONTROL_SHARD_TIP, s->info);
    }
  }
  for (struct sc_block *next, *b = w->first; b != NULL; b = next) {
    next = b->next;
    sc_writer_give_back(w, b);
  }
  sc_writer_forget_transaction(w);
  if (w->run->settings.max_records != UINT64_MAX) sc_park_wake(w->run->control_park);
}

/* The rows of the checkpoint table this transaction moves. */
static size_t commit_rows(struct sc_writer *w) {
  size_t n = 0;
  for (size_t i = 0; i < w->n_touched; i++) {
    struct sc_checkpoint *c = &w->touched[i]->checkpoint;
    if (!sc_checkpoint_is_dirty(c, REFRESH_MS)) continue;
    w->rows[n++] = (struct sc_commit_row){.shard_id = w->touched[i]->info->id,
                                          .epoch = c->epoch,
                                          .previous = &c->committed,
                                          .sequence = &c->pending,
                                          .ended = c->pending_end,
                                          .read_until_ms = c->read_until_ms};
  }
  return n;
}

static int end_and_commit(struct sc_writer *w, bool is_last, struct sc_error *err) {
  const struct sc_sink_ops *ops = w->run->sink_ops;
  size_t n = ops->keeps_positions ? commit_rows(w) : 0;
  int rc = SC_OK;
  if (!w->in_transaction) {
    if (ops->keeps_positions && n == 0) return SC_OK;
    if ((rc = ops->begin(w->session, err)) != SC_OK) return rc;
    w->in_transaction = true;
  }
  rc = ops->end_copy(w->session, err);
  for (const struct sc_block *b = w->first; rc == SC_OK && b != NULL; b = b->next)
    if (b->dead_len > 0) rc = ops->push_dead(w->session, b->dead, b->dead_len, err);
  if (rc != SC_OK) return rc;
  for (size_t i = 0; i < w->n_touched; i++)
    if (sc_checkpoint_is_dirty(&w->touched[i]->checkpoint, REFRESH_MS)) sc_checkpoint_sent(&w->touched[i]->checkpoint);
  begin_doubt(w);
  return ops->commit(w->session, w->rows, n, is_last, err);
}

/* A commit that may be the last of this thread is durable, whatever --commit says. */
static bool is_last_commit(const struct sc_writer *w) {
  return w->tx_urgent || sc_run_stage(w->run) >= SC_STAGE_STOP_WRITE || atomic_load(&w->run->allowance) <= 0;
}

void sc_writer_replay_and_commit(struct sc_writer *w) {
  struct sc_error err;
  for (size_t i = 0; i < w->n_touched; i++) sc_checkpoint_refused(&w->touched[i]->checkpoint);
  w->in_doubt = false;
  int rc = sc_writer_replay(w, &err);
  if (rc == SC_OK) {
    w->in_transaction = true;
    rc = end_and_commit(w, is_last_commit(w), &err);
  }
  if (rc == SC_OK) {
    committed(w);
    return;
  }
  if (err.class == SC_CLASS_ROW) { /* alone each row is taken, together at the COMMIT not: nobody can say which */
    err.class = SC_CLASS_FATAL;
    sc_error_prefix(&err, "the target refuses the transaction although it takes each row");
  }
  sc_writer_judge(w, &err);
}

void sc_writer_commit(struct sc_writer *w) {
  struct sc_error err;
  int64_t begun_ms = sc_clock_mono_ms();
  int rc = end_and_commit(w, is_last_commit(w), &err);
  w->last_commit_ms = sc_clock_mono_ms();
  w->last_commit_took_ms = w->last_commit_ms - begun_ms;
  if (rc == SC_OK) {
    committed(w);
  } else if (err.class == SC_CLASS_ROW) {
    sc_writer_replay_and_commit(w);
  } else {
    sc_writer_judge(w, &err);
  }
}

int64_t sc_writer_commit_in_ms(const struct sc_writer *w, int64_t now_ms) {
  const struct sc_settings *s = &w->run->settings;
  if (w->first == NULL) return INT64_MAX;
  if (w->hold_wanted || w->tx_bytes >= s->flush_bytes) return 0;
  int64_t due_ms = w->tx_oldest_ms + s->flush_interval_ms;
  if (w->tx_rows >= s->flush_rows || w->tx_urgent) due_ms = now_ms;
  int64_t pause_ms = w->last_commit_took_ms * (w->tx_urgent ? 1 : COMMIT_PAUSE);
  if (pause_ms > s->flush_interval_ms * COMMIT_PAUSE) pause_ms = s->flush_interval_ms * COMMIT_PAUSE;
  if (due_ms < w->last_commit_ms + pause_ms) due_ms = w->last_commit_ms + pause_ms;
  return due_ms > now_ms ? due_ms - now_ms : 0;
}
