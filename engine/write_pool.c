#include "engine/write_pool.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/wait.h"
#include "engine/writer.h"

enum {
  REFRESH_MS = 60000, /* read_until of idle shards is stored at most this often */
  COMMIT_PAUSE = 10,  /* no commit sooner than so many times the last one took */
  BACKOFF_CAP_MS = 10000,
  GIVE_UP_MS = 10 * 60 * 1000 /* without a commit since the first failure */
};

struct sc_writer *sc_writer_new(struct sc_run *run, uint32_t index) {
  struct sc_writer *w = sc_alloc_zero(1, sizeof(*w));
  w->run = run;
  w->index = index;
  w->term = 1;
  atomic_store_explicit(&run->terms[index], w->term, memory_order_release);
  sc_random_init(&w->random, (uint64_t)sc_clock_mono_us() * 40503u + index);
  return w;
}

int sc_writer_connect(struct sc_writer *w, struct sc_error *err) {
  char role[16];
  snprintf(role, sizeof(role), "write %u", w->index);
  return w->run->sink_ops->session_open(w->run->sink, role, &sc_wait, &w->session, err);
}

void sc_writer_free(struct sc_writer *w) {
  if (w->session != NULL) w->run->sink_ops->session_close(w->session);
  for (struct sc_block *next, *b = w->first; b != NULL; b = next) {
    next = b->next;
    sc_block_free(b);
  }
  free(w->shards);
  free(w->touched);
  free(w->rows);
  free(w);
}

static void tell(struct sc_writer *w, enum sc_control_message_kind kind, const struct sc_shard_info *shard) {
  struct sc_control_message m = {.kind = kind, .shard = shard, .thread = w->index};
  sc_run_tell(w->run, &m);
}

static struct sc_writer_shard *find_shard(struct sc_writer *w, const struct sc_shard_info *info) {
  /* Shard indices are dense and dealt in turn: the place is index / write threads but for early ends. */
  size_t guess = info->index / w->run->settings.write_threads;
  if (guess < w->n_shards && w->shards[guess].info == info) return &w->shards[guess];
  for (size_t i = 0; i < w->n_shards; i++)
    if (w->shards[i].info == info) return &w->shards[i];
  return NULL;
}

/* ---- blocks ---- */

static void give_back(struct sc_writer *w, struct sc_block *block) {
  uint32_t parse = block->parse;
  block->next = NULL;
  if (!sc_ring_push(sc_run_spent(w->run, parse, w->index), block)) sc_block_free(block);
  sc_park_wake(w->run->parse_parks[parse]);
}

static void drop_block(struct sc_writer *w, struct sc_block *block) {
  uint64_t records = 0;
  for (uint32_t i = 0; i < block->n_spans; i++) records += block->spans[i].records;
  sc_run_unclaim(w->run, records);
  give_back(w, block);
}

static void forget_transaction(struct sc_writer *w) {
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
      t.bytes += b->spans[i].record_bytes;
    }
  }
  return t;
}

static void count_committed(const struct sc_writer_totals *t) {
  struct sc_metrics *m = sc_metrics_mine();
  sc_metric_add(m, SC_M_ROWS, t->rows);
  sc_metric_add(m, SC_M_DEAD_LETTERS, t->dead);
  sc_metric_add(m, SC_M_FILTERED, t->records - t->rows - t->dead);
  sc_metric_add(m, SC_M_RECORD_BYTES, t->bytes);
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

static void end_doubt(struct sc_writer *w, const struct sc_taken *taken, size_t n) {
  for (size_t i = 0; w->in_doubt && i < n; i++) {
    if (strcmp(taken[i].shard_id, w->witness->id) != 0) continue;
    w->in_doubt = false;
    if (sc_sequence_compare(&taken[i].sequence, &w->witness_at) == 0) {
      count_committed(&w->doubtful);
    } else {
      sc_run_unclaim(w->run, w->doubtful.records);
    }
  }
}

/* ---- rewind ---- */

static void drop_transaction(struct sc_writer *w) {
  for (struct sc_block *next, *b = w->first; b != NULL; b = next) {
    next = b->next;
    if (w->in_doubt) {
      give_back(w, b);
    } else {
      drop_block(w, b);
    }
  }
  forget_transaction(w);
}

/* Holding means that no transaction is open; one that is lost is not. */
static void answer_hold(struct sc_writer *w) {
  if (w->hold_wanted) tell(w, SC_CONTROL_HELD, NULL);
}

static void die(struct sc_writer *w, const struct sc_error *err) {
  sc_run_fail(w->run, err);
  if (w->state == SC_WRITER_WORKING) answer_hold(w);
  w->state = SC_WRITER_DEAD;
  if (w->session != NULL) w->run->sink_ops->session_close(w->session);
  w->session = NULL;
  drop_transaction(w);
}

/* Gives up the session and everything in flight; goes on when control says that the lock is ours. */
static void rewind_all(struct sc_writer *w, const struct sc_error *err) {
  int64_t now_ms = sc_clock_mono_ms();
  if (w->failures++ == 0) w->first_failure_ms = now_ms;
  sc_log_error(SC_WARN, "going back to the stored positions", err);
  sc_metric_add(sc_metrics_mine(), SC_M_REWINDS, 1);
  if (w->session != NULL) w->run->sink_ops->session_close(w->session);
  w->session = NULL;
  atomic_store_explicit(&w->run->terms[w->index], ++w->term, memory_order_release);
  for (size_t i = 0; i < w->n_shards; i++) sc_checkpoint_lost(&w->shards[i].checkpoint);
  drop_transaction(w);
  if (w->state == SC_WRITER_WORKING) answer_hold(w);
  w->state = SC_WRITER_LOST;
  if (now_ms - w->first_failure_ms > GIVE_UP_MS) {
    die(w, err);
    return;
  }
  if (err->class == SC_CLASS_REPLAN) {
    const struct sc_plan *plan = atomic_load_explicit(&w->run->plan, memory_order_acquire);
    struct sc_control_message m = {
        .kind = SC_CONTROL_REPLAN, .thread = w->index, .generation = plan->generation, .error = *err};
    sc_run_tell(w->run, &m);
  } else {
    tell(w, SC_CONTROL_WANT_GO, NULL);
  }
}

/* The one place where a session's error is judged. */
static void judge(struct sc_writer *w, const struct sc_error *err) {
  switch (err->class) {
    case SC_CLASS_REWIND:
    case SC_CLASS_RETRY:
    case SC_CLASS_TAKE_AGAIN:
    case SC_CLASS_REPLAN:
      rewind_all(w, err);
      return;
    default:
      die(w, err);
      return;
  }
}

static void start_fetching(struct sc_writer *w, struct sc_writer_shard *s, const struct sc_taken *taken) {
  s->batch = 0;
  s->inside = false;
  sc_checkpoint_taken(&s->checkpoint, w->term, taken->epoch, &taken->sequence, taken->read_until_ms, taken->ended);
  if (s->done) {
    bool end_undone = (s->flags & SC_BATCH_END) != 0 && !taken->ended;
    if (end_undone || sc_sequence_compare(&taken->sequence, &s->done_at) != 0) tell(w, SC_CONTROL_WENT_BACK, s->info);
    return;
  }
  if (taken->ended) {
    tell(w, SC_CONTROL_SHARD_ENDED, s->info);
    return;
  }
  struct sc_fetch_message m = {.kind = SC_FETCH_START, .shard = s->info, .term = w->term, .position = taken->start};
  sc_mailbox_send(w->run->fetch_boxes[s->info->fetch], &m);
}

static int take_all(struct sc_writer *w, struct sc_error *err) {
  if (w->n_shards == 0) return SC_OK;
  const char **ids = sc_alloc(w->n_shards * sizeof(char *));
  struct sc_taken *taken = sc_alloc(w->n_shards * sizeof(*taken));
  for (size_t i = 0; i < w->n_shards; i++) ids[i] = w->shards[i].info->id;
  int rc = w->run->sink_ops->take(w->session, ids, w->n_shards, taken, err);
  if (rc == SC_OK) end_doubt(w, taken, w->n_shards);
  for (size_t i = 0; rc == SC_OK && i < w->n_shards; i++) start_fetching(w, &w->shards[i], &taken[i]);
  free(ids);
  free(taken);
  return rc;
}

/* After GO and the back-off: a new session, new epochs, reading from what the target says. */
static void come_back(struct sc_writer *w) {
  struct sc_error err;
  int rc = sc_writer_connect(w, &err);
  if (rc == SC_OK) rc = take_all(w, &err);
  if (rc != SC_OK) {
    judge(w, &err);
    return;
  }
  w->state = w->hold_wanted ? SC_WRITER_HOLDING : SC_WRITER_WORKING;
}

/* ---- accepting ---- */

static void touch(struct sc_writer *w, struct sc_writer_shard *s, uint32_t flags) {
  if (!s->touched) {
    s->touched = true;
    s->flags = 0;
    w->touched[w->n_touched++] = s;
  }
  s->flags |= flags;
}

static bool follows(const struct sc_writer_shard *s, const struct sc_span *span) {
  return span->starts_inside == s->inside && span->first_batch == s->batch + (s->inside ? 0 : 1);
}

/* Every span must continue where its shard stands: nothing can be written twice, out of order, or be left out. */
static int accept_spans(struct sc_writer *w, const struct sc_block *block, struct sc_error *err) {
  for (uint32_t i = 0; i < block->n_spans; i++) {
    const struct sc_span *span = &block->spans[i];
    struct sc_writer_shard *s = find_shard(w, span->shard);
    SC_ASSERT(s != NULL);
    int rc = !follows(s, span) ? SC_E_INTERNAL
                               : sc_checkpoint_accept(&s->checkpoint, block->term, &span->first, &span->last,
                                                      (span->flags & SC_BATCH_END) != 0, span->read_until_ms);
    if (rc != SC_OK) {
      sc_error_set(err, rc, "shard %s: records %.*s..%.*s do not continue position %.*s", span->shard->id,
                   span->first.len, span->first.digits, span->last.len, span->last.digits, s->checkpoint.pending.len,
                   s->checkpoint.pending.digits);
      err->class = SC_CLASS_REWIND;
      return rc;
    }
    s->batch = span->last_batch;
    s->inside = span->ends_inside;
    touch(w, s, span->flags);
    if (span->flags != 0) w->tx_urgent = true;
  }
  return SC_OK;
}

static int write_rows(struct sc_writer *w, const struct sc_block *block, struct sc_error *err) {
  if (!w->in_transaction && (block->n_rows > 0 || block->dead_len > 0)) {
    int rc = w->run->sink_ops->begin(w->session, err);
    if (rc != SC_OK) return rc;
    w->in_transaction = true;
  }
  if (block->n_rows == 0) return SC_OK;
  return w->run->sink_ops->push(w->session, block, 0, block->n_rows, err);
}

static void replay_and_commit(struct sc_writer *w);

static void accept_block(struct sc_writer *w, struct sc_block *block) {
  struct sc_error err;
  if (block->term != w->term || w->state == SC_WRITER_DEAD) {
    drop_block(w, block);
    return;
  }
  int rc = accept_spans(w, block, &err);
  if (rc != SC_OK) {
    drop_block(w, block);
    judge(w, &err);
    return;
  }
  block->next = NULL;
  if (w->last != NULL) {
    w->last->next = block;
  } else {
    w->first = block;
    w->tx_oldest_ms = block->oldest_ms;
  }
  w->last = block;
  w->tx_rows += block->n_rows;
  w->tx_bytes += block->len + block->dead_len;
  rc = write_rows(w, block, &err);
  if (rc == SC_OK) return;
  if (err.class == SC_CLASS_ROW) {
    replay_and_commit(w);
  } else {
    judge(w, &err);
  }
}

/* ---- commit ---- */

static void committed(struct sc_writer *w) {
  struct sc_writer_totals totals = totals_of(w);
  count_committed(&totals);
  w->in_doubt = false;
  for (size_t i = 0; i < w->n_touched; i++) {
    struct sc_writer_shard *s = w->touched[i];
    if (s->checkpoint.state == SC_CHECKPOINT_SENT) sc_checkpoint_committed(&s->checkpoint);
    s->done = s->flags != 0;
    s->done_at = s->checkpoint.committed;
    if (s->flags & SC_BATCH_END) {
      tell(w, SC_CONTROL_SHARD_ENDED, s->info);
    } else if (s->flags & SC_BATCH_TIP) {
      tell(w, SC_CONTROL_SHARD_TIP, s->info);
    }
  }
  for (struct sc_block *next, *b = w->first; b != NULL; b = next) {
    next = b->next;
    give_back(w, b);
  }
  forget_transaction(w);
  w->failures = 0;
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

static void replay_and_commit(struct sc_writer *w) {
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
  judge(w, &err);
}

static void commit(struct sc_writer *w) {
  struct sc_error err;
  int64_t begun_ms = sc_clock_mono_ms();
  int rc = end_and_commit(w, is_last_commit(w), &err);
  if (rc == SC_OK) {
    committed(w);
  } else if (err.class == SC_CLASS_ROW) {
    replay_and_commit(w);
  } else {
    judge(w, &err);
  }
  w->last_commit_ms = sc_clock_mono_ms();
  w->last_commit_took_ms = w->last_commit_ms - begun_ms;
}

/* When the open transaction is to be committed: 0 now, else ms from now; INT64_MAX when there is nothing. */
static int64_t commit_in_ms(const struct sc_writer *w, int64_t now_ms) {
  const struct sc_settings *s = &w->run->settings;
  if (w->first == NULL) return INT64_MAX;
  if (sc_budget_is_low(w->run->budget, SC_POOL_BLOCKS) || w->hold_wanted) return 0;
  int64_t due_ms = w->tx_oldest_ms + s->flush_interval_ms;
  if (w->tx_bytes >= s->flush_bytes || w->tx_rows >= s->flush_rows || w->tx_urgent) due_ms = now_ms;
  int64_t pause_ms = w->last_commit_took_ms * COMMIT_PAUSE;
  if (pause_ms > s->flush_interval_ms * COMMIT_PAUSE) pause_ms = s->flush_interval_ms * COMMIT_PAUSE;
  if (w->tx_bytes < s->flush_bytes && due_ms < w->last_commit_ms + pause_ms) due_ms = w->last_commit_ms + pause_ms;
  return due_ms > now_ms ? due_ms - now_ms : 0;
}

/* ---- messages ---- */

static void add_shard(struct sc_writer *w, const struct sc_write_message *m) {
  if (w->n_shards == w->cap_shards) {
    SC_ASSERT(w->n_touched == 0 || w->shards != NULL);
    size_t cap = w->cap_shards == 0 ? 64 : w->cap_shards * 2;
    struct sc_writer_shard *shards = sc_alloc(cap * sizeof(*shards));
    if (w->n_shards > 0) memcpy(shards, w->shards, w->n_shards * sizeof(*shards));
    for (size_t i = 0; i < w->n_touched; i++) w->touched[i] = shards + (w->touched[i] - w->shards);
    free(w->shards);
    w->shards = shards;
    w->touched = sc_realloc(w->touched, cap * sizeof(*w->touched));
    w->rows = sc_realloc(w->rows, cap * sizeof(*w->rows));
    w->cap_shards = cap;
  }
  struct sc_writer_shard *s = &w->shards[w->n_shards++];
  memset(s, 0, sizeof(*s));
  s->info = m->shard;
  if (w->state == SC_WRITER_WORKING || w->state == SC_WRITER_HOLDING) start_fetching(w, s, &m->taken);
}

static void read_mail(struct sc_writer *w) {
  struct sc_write_message m;
  while (sc_mailbox_receive(w->run->write_boxes[w->index], &m)) {
    switch (m.kind) {
      case SC_WRITE_ADD:
        add_shard(w, &m);
        break;
      case SC_WRITE_REWIND:
        if (w->state == SC_WRITER_WORKING && m.term == w->term) {
          struct sc_error err;
          sc_error_set(&err, SC_E_PROTOCOL, "a reply of the service could not be read");
          rewind_all(w, &err);
        }
        break;
      case SC_WRITE_GO:
        if (w->state != SC_WRITER_LOST) break;
        w->state = SC_WRITER_BACKING_OFF;
        w->retry_ms = sc_clock_mono_ms() + sc_random_backoff_ms(&w->random, w->run->settings.retry_ms, BACKOFF_CAP_MS,
                                                                w->failures > 0 ? w->failures - 1 : 0);
        break;
      case SC_WRITE_HOLD:
        w->hold_wanted = true;
        if (w->state != SC_WRITER_WORKING) answer_hold(w);
        break;
      case SC_WRITE_GO_ON:
        w->hold_wanted = false;
        if (w->state == SC_WRITER_HOLDING) w->state = SC_WRITER_WORKING;
        break;
    }
  }
}

/* ---- the thread ---- */

static bool take_blocks(struct sc_writer *w) {
  bool any = false;
  for (uint32_t p = 0; p < w->run->settings.parse_threads; p++) {
    struct sc_block *block = sc_ring_pop(sc_run_blocks(w->run, p, w->index));
    if (block == NULL) continue;
    any = true;
    accept_block(w, block);
  }
  return any;
}

/* Sleeps on the park and, inside a transaction, on the session's socket: a server that gives up is heard at once. */
static void park(struct sc_writer *w, int timeout_ms) {
  const struct sc_sink_ops *ops = w->run->sink_ops;
  struct sc_park *own = w->run->write_parks[w->index];
  int fd = w->in_transaction && w->session != NULL && ops->session_fd != NULL ? ops->session_fd(w->session) : -1;
  struct pollfd fds[2] = {{.fd = sc_park_fd(own), .events = POLLIN}, {.fd = fd, .events = POLLIN}};
  int n = poll(fds, 2, timeout_ms);
  sc_park_finish(own);
  if (n <= 0 || fds[1].revents == 0) return;
  struct sc_error err;
  if (ops->check(w->session, &err) == SC_OK) return;
  if (err.class == SC_CLASS_ROW) {
    replay_and_commit(w);
  } else {
    judge(w, &err);
  }
}

static int longest_sleep(const struct sc_writer *w, int64_t now_ms) {
  int64_t ms = 1000;
  if (w->state == SC_WRITER_BACKING_OFF) ms = w->retry_ms - now_ms;
  if (w->state == SC_WRITER_WORKING && commit_in_ms(w, now_ms) < ms) ms = commit_in_ms(w, now_ms);
  return ms < 0 ? 0 : ms > 1000 ? 1000 : (int)ms;
}

/* One turn of work; false when there was nothing to do. */
static bool work(struct sc_writer *w) {
  read_mail(w);
  int64_t now_ms = sc_clock_mono_ms();
  switch (w->state) {
    case SC_WRITER_HOLDING:
      return false;
    case SC_WRITER_BACKING_OFF:
      if (now_ms < w->retry_ms) return take_blocks(w);
      come_back(w);
      return true;
    case SC_WRITER_LOST:
    case SC_WRITER_DEAD:
      return take_blocks(w);
    case SC_WRITER_WORKING:
      break;
  }
  bool worked = false;
  if (commit_in_ms(w, now_ms) == 0) {
    commit(w);
    worked = true;
  } else {
    worked = take_blocks(w);
  }
  if (w->hold_wanted && w->state == SC_WRITER_WORKING && w->first == NULL) {
    w->state = SC_WRITER_HOLDING;
    tell(w, SC_CONTROL_HELD, NULL);
  }
  return worked;
}

/* The last stage: everything handed over is committed, or the state says that it can't be. */
static bool is_done(struct sc_writer *w) {
  if (sc_run_stage(w->run) < SC_STAGE_STOP_WRITE || w->state == SC_WRITER_LOST || w->state == SC_WRITER_BACKING_OFF)
    return false;
  if (w->state == SC_WRITER_WORKING && w->first != NULL) commit(w);
  return w->first == NULL && w->state != SC_WRITER_LOST;
}

void sc_writer_main(void *arg) {
  struct sc_writer *w = arg;
  struct sc_park *own = w->run->write_parks[w->index];
  for (;;) {
    sc_park_prepare(own);
    if (sc_run_stage(w->run) == SC_STAGE_ABANDON) break;
    if (work(w)) {
      sc_park_cancel(own);
      continue;
    }
    if (is_done(w)) break;
    park(w, longest_sleep(w, sc_clock_mono_ms()));
  }
  sc_park_cancel(own);
  sc_run_stopped(w->run);
}

size_t sc_writer_held(struct sc_writer *w, struct sc_commit_row *rows, size_t cap) {
  size_t n = 0;
  if (w->state != SC_WRITER_WORKING && w->state != SC_WRITER_HOLDING) return 0;
  for (size_t i = 0; i < w->n_shards && n < cap; i++) {
    struct sc_checkpoint *c = &w->shards[i].checkpoint;
    rows[n++] = (struct sc_commit_row){.shard_id = w->shards[i].info->id,
                                       .epoch = c->epoch,
                                       .previous = &c->committed,
                                       .sequence = &c->committed,
                                       .ended = c->state == SC_CHECKPOINT_ENDED,
                                       .read_until_ms = c->read_until_ms};
  }
  return n;
}
