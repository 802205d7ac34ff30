#include "engine/load/write/write_pool.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/load/wait.h"
#include "engine/load/write/writer.h"

enum {
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
  if (run->sink_ops->encode_dead != NULL) {
    w->grave = sc_block_new(run->budget, 0); /* sc_memory_deal counts it */
    SC_ASSERT(w->grave != NULL && sc_block_reserve_dead(w->grave, run->settings.grave_bytes));
  }
  return w;
}

static struct sc_timings *timings_of(const struct sc_writer *w) { return &w->run->timings[SC_POOL_WRITE][w->index]; }

int sc_writer_connect(struct sc_writer *w, struct sc_error *err) {
  char role[16];
  struct sc_wait wait = sc_wait_timed(timings_of(w));
  snprintf(role, sizeof(role), "write %u", w->index);
  return w->run->sink_ops->session_open(w->run->sink, role, &wait, &w->session, err);
}

void sc_writer_free(struct sc_writer *w) {
  if (w->session != NULL) w->run->sink_ops->session_close(w->session);
  for (struct sc_block *next, *b = w->first; b != NULL; b = next) {
    next = b->next;
    sc_block_free(b);
  }
  sc_block_free(w->grave);
  free(w->shards);
  free(w->touched);
  free(w->rows);
  free(w);
}

void sc_writer_tell(struct sc_writer *w, enum sc_control_message_kind kind, const struct sc_shard_info *shard) {
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

void sc_writer_give_back(struct sc_writer *w, struct sc_block *block) {
  uint32_t parse = block->parse;
  block->next = NULL;
  SC_ASSERT(sc_ring_push(sc_run_spent(w->run, parse, w->index), block));
  sc_park_wake(w->run->parse_parks[parse]);
}

static struct sc_block *pop_block(struct sc_writer *w, uint32_t parse) {
  struct sc_block *block = sc_ring_pop(sc_run_blocks(w->run, parse, w->index));
  if (block == NULL) return NULL;
  uint32_t before = atomic_fetch_sub(sc_run_unwritten(w->run, parse, w->index), 1);
  if (before == w->run->settings.blocks_ahead) sc_park_wake(w->run->parse_parks[parse]);
  return block;
}

static void drop_block(struct sc_writer *w, struct sc_block *block) {
  sc_run_drop_rows(w->run, block);
  sc_writer_give_back(w, block);
}

/* ---- rewind ---- */

static void drop_transaction(struct sc_writer *w) {
  for (struct sc_block *next, *b = w->first; b != NULL; b = next) {
    next = b->next;
    if (w->in_doubt) {
      sc_writer_give_back(w, b);
    } else {
      drop_block(w, b);
    }
  }
  sc_writer_forget_transaction(w);
}

/* Holding means that no transaction is open; one that is lost is not. */
static void answer_hold(struct sc_writer *w) {
  if (w->hold_wanted) sc_writer_tell(w, SC_CONTROL_HELD, NULL);
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
  uint32_t generation = w->last != NULL && w->last->plan != NULL ? w->last->plan->generation : 0;
  sc_log_error(SC_WARN, "going back to the stored positions", err);
  sc_metric_add(sc_metrics_mine(), SC_M_REWINDS, 1);
  if (w->session != NULL) w->run->sink_ops->session_close(w->session);
  w->session = NULL;
  atomic_store_explicit(&w->run->terms[w->index], ++w->term, memory_order_release);
  for (size_t i = 0; i < w->n_shards; i++) {
    sc_checkpoint_lost(&w->shards[i].checkpoint);
    w->shards[i].is_read = false;
  }
  w->n_read = 0;
  drop_transaction(w);
  if (w->state == SC_WRITER_WORKING) answer_hold(w);
  w->state = SC_WRITER_LOST;
  if (err->class == SC_CLASS_REPLAN && generation > 0) {
    struct sc_control_message m = {
        .kind = SC_CONTROL_REPLAN, .thread = w->index, .generation = generation, .error = *err};
    sc_run_tell(w->run, &m);
  } else {
    sc_writer_tell(w, SC_CONTROL_WANT_GO, NULL);
  }
}

/* Rewinds, unless it has done nothing else for too long or there is nowhere to go back to. */
static void rewind_or_die(struct sc_writer *w, const struct sc_error *err) {
  int64_t now_ms = sc_clock_mono_ms();
  if (w->failures++ == 0) w->first_failure_ms = now_ms;
  if (!w->run->sink_ops->keeps_positions || now_ms - w->first_failure_ms > GIVE_UP_MS) {
    die(w, err);
  } else {
    rewind_all(w, err);
  }
}

/* The one place where a session's error is judged. */
void sc_writer_judge(struct sc_writer *w, const struct sc_error *err) {
  switch (err->class) {
    case SC_CLASS_REWIND:
    case SC_CLASS_RETRY:
    case SC_CLASS_TAKE_AGAIN:
    case SC_CLASS_REPLAN:
      rewind_or_die(w, err);
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
    if (end_undone || sc_sequence_compare(&taken->sequence, &s->done_at) != 0)
      sc_writer_tell(w, SC_CONTROL_WENT_BACK, s->info);
    return;
  }
  if (taken->ended) {
    sc_writer_tell(w, SC_CONTROL_SHARD_ENDED, s->info);
    return;
  }
  struct sc_fetch_message m = {.kind = SC_FETCH_START, .shard = s->info, .term = w->term, .position = taken->start};
  sc_mailbox_send(w->run->fetch_boxes[s->info->fetch], &m);
  SC_ASSERT(!s->is_read);
  s->is_read = true;
  w->n_read++;
}

static int take_all(struct sc_writer *w, struct sc_error *err) {
  if (w->n_shards == 0) return SC_OK;
  const char **ids = sc_alloc(w->n_shards * sizeof(char *));
  struct sc_taken *taken = sc_alloc(w->n_shards * sizeof(*taken));
  for (size_t i = 0; i < w->n_shards; i++) ids[i] = w->shards[i].info->id;
  int rc = w->run->sink_ops->take(w->session, ids, w->n_shards, taken, err);
  if (rc == SC_OK) sc_writer_end_doubt(w, taken, w->n_shards);
  if (rc == SC_E_POSITIONS) { /* a row that was there */
    struct sc_error why = *err;
    rc = sc_error_set(err, SC_E_WENT_BACK, "the database went back to an older state: %s", why.text);
  }
  for (size_t i = 0; rc == SC_OK && i < w->n_shards; i++) start_fetching(w, &w->shards[i], &taken[i]);
  free(ids);
  free(taken);
  return rc;
}

/* All of the old term: what they hold is read again, and must not count beside that. */
static void drop_waiting_blocks(struct sc_writer *w) {
  for (uint32_t p = 0; p < w->run->settings.parse_threads; p++)
    for (struct sc_block *b; (b = pop_block(w, p)) != NULL;) drop_block(w, b);
}

/* After GO and the back-off: a new session, new epochs, reading from what the target says. */
static void come_back(struct sc_writer *w) {
  struct sc_error err;
  int rc = sc_writer_connect(w, &err);
  drop_waiting_blocks(w);
  if (rc == SC_OK) rc = take_all(w, &err);
  if (rc != SC_OK) {
    sc_writer_judge(w, &err);
    return;
  }
  w->state = w->hold_wanted ? SC_WRITER_HOLDING : SC_WRITER_WORKING;
  struct sc_control_message m = {.kind = SC_CONTROL_TAKEN, .thread = w->index, .serial = w->asked};
  sc_run_tell(w->run, &m);
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

/* The tip of one shard may wait for others, since nobody waits for it. */
static void no_more_of(struct sc_writer *w, struct sc_writer_shard *s, uint32_t flags) {
  if (s->is_read) w->n_read--;
  s->is_read = false;
  if (flags & SC_BATCH_END || w->n_read == 0) w->tx_urgent = true;
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
    if (span->flags != 0) no_more_of(w, s, span->flags);
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

static void accept_block(struct sc_writer *w, struct sc_block *block) {
  struct sc_error err;
  if (block->term != w->term || w->state == SC_WRITER_DEAD) {
    drop_block(w, block);
    return;
  }
  int rc = accept_spans(w, block, &err);
  if (rc != SC_OK) {
    drop_block(w, block);
    sc_writer_judge(w, &err);
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
    sc_writer_replay_and_commit(w);
  } else {
    sc_writer_judge(w, &err);
  }
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

/* A reply was spoilt. What came before it is in order and is committed first, so that a bad stretch is passed bit by
 * bit. */
static void read_again(struct sc_writer *w, uint32_t term) {
  if (w->state != SC_WRITER_WORKING || term != w->term) return;
  if (w->first != NULL) sc_writer_commit(w);
  if (w->state != SC_WRITER_WORKING || term != w->term) return;
  struct sc_error err;
  sc_error_set(&err, SC_E_PROTOCOL, "a reply of the service could not be read");
  sc_writer_judge(w, &err);
}

/* An idle thread would never hear that the target went away and came back as it was before. */
static void take_again(struct sc_writer *w, uint32_t serial) {
  w->asked = serial;
  if (w->state == SC_WRITER_WORKING && w->first != NULL) sc_writer_commit(w);
  if (w->state != SC_WRITER_WORKING && w->state != SC_WRITER_HOLDING) return; /* it is about to */
  struct sc_error err;
  sc_error_set(&err, SC_E_DB_LOST, "control's connection was lost; the database may have changed behind it");
  rewind_all(w, &err); /* no failure of this thread's own */
}

static void read_mail(struct sc_writer *w) {
  struct sc_write_message m;
  while (sc_mailbox_receive(w->run->write_boxes[w->index], &m)) {
    switch (m.kind) {
      case SC_WRITE_ADD:
        add_shard(w, &m);
        break;
      case SC_WRITE_REWIND:
        read_again(w, m.term);
        break;
      case SC_WRITE_RESUME_SESSION:
        if (w->state != SC_WRITER_LOST) break;
        w->state = SC_WRITER_BACKING_OFF;
        w->retry_ms = sc_clock_mono_ms() + sc_random_backoff_ms(&w->random, w->run->settings.retry_ms, BACKOFF_CAP_MS,
                                                                w->failures > 0 ? w->failures - 1 : 0);
        break;
      case SC_WRITE_HOLD:
        w->hold_wanted = true;
        if (w->state != SC_WRITER_WORKING) answer_hold(w);
        break;
      case SC_WRITE_RELEASE_HOLD:
        w->hold_wanted = false;
        if (w->state == SC_WRITER_HOLDING) w->state = SC_WRITER_WORKING;
        break;
      case SC_WRITE_TAKE_AGAIN:
        take_again(w, m.serial);
        break;
      case SC_WRITE_ABANDON:
        if (w->state == SC_WRITER_LOST) w->state = SC_WRITER_DEAD;
        break;
    }
  }
}

/* ---- the thread ---- */

static bool take_blocks(struct sc_writer *w) {
  bool any = false;
  for (uint32_t p = 0; p < w->run->settings.parse_threads; p++) {
    struct sc_block *block = pop_block(w, p);
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
  sc_timings_sleep(timings_of(w));
  int n = poll(fds, 2, timeout_ms);
  sc_timings_wake(timings_of(w), w->state == SC_WRITER_WORKING ? SC_TIME_STARVED : SC_TIME_BLOCKED);
  sc_park_finish(own);
  if (n <= 0 || fds[1].revents == 0) return;
  struct sc_error err;
  if (ops->check(w->session, &err) == SC_OK) return;
  if (err.class == SC_CLASS_ROW) {
    sc_writer_replay_and_commit(w);
  } else {
    sc_writer_judge(w, &err);
  }
}

static int longest_sleep(const struct sc_writer *w, int64_t now_ms) {
  int64_t ms = 1000;
  if (w->state == SC_WRITER_BACKING_OFF) ms = w->retry_ms - now_ms;
  if (w->state == SC_WRITER_WORKING && sc_writer_commit_in_ms(w, now_ms) < ms) ms = sc_writer_commit_in_ms(w, now_ms);
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
  bool due = sc_writer_commit_in_ms(w, now_ms) == 0, worked = !due && take_blocks(w);
  bool needed = atomic_load(&w->run->n_waiting_for_blocks) > 0 || atomic_load(&w->run->allowance) <= 0;
  if (due || (!worked && needed && w->first != NULL)) { /* there is nothing left to take */
    sc_writer_commit(w);
    worked = true;
  }
  if (w->hold_wanted && w->state == SC_WRITER_WORKING && w->first == NULL) {
    w->state = SC_WRITER_HOLDING;
    sc_writer_tell(w, SC_CONTROL_HELD, NULL);
  }
  return worked;
}

/* The last stage: everything handed over is committed, or lost with the session; a commit in doubt is asked after. */
static bool is_done(struct sc_writer *w) {
  if (sc_run_stage(w->run) < SC_STAGE_STOP_WRITE) return false;
  if (w->state == SC_WRITER_WORKING && w->first != NULL) sc_writer_commit(w);
  bool lost = w->state == SC_WRITER_LOST || w->state == SC_WRITER_BACKING_OFF;
  return w->first == NULL && !(lost && w->in_doubt);
}

void sc_writer_main(void *arg) {
  struct sc_writer *w = arg;
  struct sc_park *own = w->run->write_parks[w->index];
  sc_timings_begin(timings_of(w));
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
  sc_timings_end(timings_of(w));
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
