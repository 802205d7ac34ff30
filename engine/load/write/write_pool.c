#include "engine/load/write/write_pool.h"

#include <poll.h>
#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/mailbox.h"
#include "engine/base/metrics.h"
#include "engine/base/park.h"
#include "engine/base/ring.h"
#include "engine/load/write/write_commit.h"
#include "engine/load/write/write_replay.h"
#include "engine/load/write/write_rows.h"

/* ---- blocks ---- */

static struct sc_block *pop_block(struct sc_writer *w, uint32_t parse) {
  struct sc_block *block = sc_ring_pop(sc_run_blocks(w->run, parse, w->index));
  if (block == NULL) return NULL;
  SC_ASSERT(block->parse == parse && block->write == w->index);
  SC_ASSERT(block->len <= block->cap && block->n_rows <= block->cap_rows && block->n_spans <= block->cap_spans);
  uint32_t before = atomic_fetch_sub(sc_run_unwritten(w->run, parse, w->index), 1);
  if (before == w->run->settings.blocks_ahead) sc_park_wake(w->run->parse_parks[parse]);
  return block;
}

static void drop_block(struct sc_writer *w, struct sc_block *block) {
  sc_run_drop_rows(w->run, block);
  sc_writer_give_back(w, block);
}

/* ---- rewind ---- */

/* The records of a commit in doubt stay claimed: the next take tells whether they are written (sc_writer_end_doubt). */
static void drop_transaction(struct sc_writer *w) {
  for (struct sc_block *b; (b = TAILQ_FIRST(&w->blocks)) != NULL;) {
    TAILQ_REMOVE(&w->blocks, b, link);
    if (w->in_doubt) sc_writer_give_back(w, b);
    else drop_block(w, b);
  }
  if (!w->in_doubt) sc_run_drop_counted(w->run, w->released.records, w->released.dead);
  sc_writer_forget_transaction(w);
}

/* Leaves WORKING for a state without a transaction: whoever asked this thread to hold need not wait for it. */
static void leave(struct sc_writer *w, enum sc_writer_state state) {
  if (w->state == SC_WRITER_WORKING && w->hold_wanted) sc_writer_tell(w, SC_CONTROL_HELD, NULL);
  w->state = state;
}

static void die(struct sc_writer *w, const struct sc_error *err) {
  sc_run_fail(w->run, err);
  leave(w, SC_WRITER_DEAD);
  sc_sessions_close(w->sessions, w->run);
  drop_transaction(w);
}

/* Gives up the session and everything in flight; continues when control says that the lock is held. The term is raised
 * before blocks are given back: parse threads then drop what they have of the old one. */
static void rewind_all(struct sc_writer *w, const struct sc_error *err) {
  const struct sc_block *last = TAILQ_LAST(&w->blocks, sc_blocks);
  uint32_t generation = last != NULL && last->plan != NULL ? last->plan->generation : 0;
  bool replan = err->class == SC_CLASS_REPLAN && generation > 0;
  sc_log_error(SC_WARN, "going back to the stored positions", err);
  sc_metric_add(sc_metrics_mine(), SC_M_REWINDS, 1);
  sc_sessions_close(w->sessions, w->run);
  atomic_store_explicit(&w->run->terms[w->index], ++w->term, memory_order_release);
  for (size_t i = 0; i < w->n_shards; i++) {
    sc_checkpoint_lost(&w->shards[i]->checkpoint);
    w->shards[i]->is_read = w->shards[i]->inside_record = false;
  }
  w->n_read = 0;
  w->n_inside_record = 0;
  drop_transaction(w);
  leave(w, SC_WRITER_LOST);
  struct sc_control_message m = {.kind = replan ? SC_CONTROL_REPLAN : SC_CONTROL_RESUME_WANTED,
                                 .thread = w->index,
                                 .generation = generation,
                                 .error = *err};
  sc_run_tell(w->run, &m);
}

/* A rewind needs stored positions to go back to, and ends the run when nothing else has happened for too long. */
static void rewind_or_die(struct sc_writer *w, const struct sc_error *err) {
  int64_t now_ms = sc_clock_mono_ms();
  if (w->failures++ == 0) w->first_failure_ms = now_ms;
  if (w->run->store_ops == NULL || now_ms - w->first_failure_ms > SC_GIVE_UP_MS) die(w, err);
  else rewind_all(w, err);
}

/* The target refused a row of the open transaction. Where it takes each row alone but not all of them together, nobody
 * can say which row is at fault: the run ends. */
static int replay_and_commit(struct sc_writer *w, struct sc_error *err) {
  struct sc_writer_shard *s;
  TAILQ_FOREACH(s, &w->touched, link) sc_checkpoint_refused(&s->checkpoint);
  w->in_doubt = false;
  int rc = sc_writer_replay(w, err);
  if (rc == SC_OK) rc = sc_writer_commit(w, err);
  if (rc == SC_OK || err->class != SC_CLASS_ROW) return rc;
  sc_error_prefix(err, "the target refuses the transaction although it takes each row");
  return sc_error_as(err, SC_CLASS_FATAL);
}

/* The one place where a session's error is judged. */
static void judge(struct sc_writer *w, struct sc_error *err) {
  bool refused = err->class == SC_CLASS_ROW && w->run->sink_ops->caps.replays && !sc_writer_is_empty(w);
  if (refused && w->n_released > 0) {
    sc_error_prefix(err, "the target refused a row of a record that is larger than the memory for rows");
    sc_error_hint(err, "give more with --memory, so that the row can be found and kept aside");
  } else if (refused && replay_and_commit(w, err) == SC_OK) {
    return;
  }
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

static void commit(struct sc_writer *w) {
  struct sc_error err;
  if (sc_writer_commit(w, &err) != SC_OK) judge(w, &err);
}

/* What there is, unless a part of it is of a record that is not complete. */
static void commit_whole(struct sc_writer *w) {
  if (w->state == SC_WRITER_WORKING && !sc_writer_is_empty(w) && w->n_inside_record == 0) commit(w);
}

/* A record that becomes more rows than there is memory for: what was pushed of it is kept by the target alone. */
static void release_blocks(struct sc_writer *w) {
  struct sc_error err;
  if (sc_writer_flush(w, &err) != SC_OK) {
    judge(w, &err);
    return;
  }
  for (struct sc_block *b; (b = TAILQ_FIRST(&w->blocks)) != NULL;) sc_writer_release(w, b);
}

/* The rest of the record may be waiting for whoever wants this transaction to end. */
static void leave_record(struct sc_writer *w) {
  struct sc_error err;
  sc_error_set(&err, SC_E_DB_RETRY, "a transaction had to end inside a record; the record is read again");
  rewind_or_die(w, &err);
}

/* A shard that is done stays done: it is taken only to learn whether the target still knows. */
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
  for (size_t i = 0; i < w->n_shards; i++) ids[i] = w->shards[i]->info->id;
  int rc = w->run->store_ops->positions->take(w->sessions->positions, ids, w->n_shards, taken, err);
  if (rc == SC_OK) sc_writer_end_doubt(w, taken);
  if (rc == SC_E_POSITIONS) { /* a row that was there is missing */
    struct sc_error why = *err;
    rc = sc_error_set(err, SC_E_WENT_BACK, "the database went back to an older state: %s", why.text);
  }
  for (size_t i = 0; rc == SC_OK && i < w->n_shards; i++) start_fetching(w, w->shards[i], &taken[i]);
  free(ids);
  free(taken);
  return rc;
}

/* Told to resume, and after the back-off: a new session, new epochs, reading from the positions that the target holds.
 * All blocks that wait now are of an old term. They are dropped before fetching starts: their records are read again,
 * and must not be claimed twice. */
static void come_back(struct sc_writer *w) {
  struct sc_error err;
  int rc = sc_writer_connect(w, &err);
  for (uint32_t p = 0; p < w->run->settings.parse_threads; p++)
    for (struct sc_block *b; (b = pop_block(w, p)) != NULL;) drop_block(w, b);
  if (rc == SC_OK) rc = take_all(w, &err);
  if (rc != SC_OK) {
    judge(w, &err);
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
    TAILQ_INSERT_TAIL(&w->touched, s, link);
  }
  s->flags |= flags;
}

/* A tip is not urgent: only an end has children that wait for its commit. The last tip of all is, since the load ends
 * with it. */
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
    SC_ASSERT(span->shard->write == w->index && span->shard->place < w->n_shards);
    struct sc_writer_shard *s = w->shards[span->shard->place];
    int rc = !follows(s, span) ? SC_E_INTERNAL
                               : sc_checkpoint_accept(&s->checkpoint, block->term, &span->first, &span->last,
                                                      (span->flags & SC_BATCH_END) != 0, span->read_until_ms);
    if (rc != SC_OK) {
      sc_error_set(err, rc, "shard %s: records %.*s..%.*s do not continue position %.*s", span->shard->id,
                   span->first.len, span->first.digits, span->last.len, span->last.digits, s->checkpoint.pending.len,
                   s->checkpoint.pending.digits);
      return sc_error_as(err, SC_CLASS_REWIND);
    }
    s->batch = span->last_batch;
    s->inside = span->ends_inside;
    touch(w, s, span->flags);
    w->n_inside_record += (uint32_t)span->inside_record - (uint32_t)s->inside_record;
    s->inside_record = span->inside_record;
    if (span->flags & (SC_BATCH_END | SC_BATCH_TIP)) no_more_of(w, s, span->flags);
    if (span->flags & SC_BATCH_BARRIER) w->tx_urgent = true;
  }
  return SC_OK;
}

/* The block joins the transaction before its rows are pushed: a replay after a refused row needs it there. */
static void accept_block(struct sc_writer *w, struct sc_block *block) {
  struct sc_error err;
  if (block->term != w->term || w->state == SC_WRITER_DEAD) {
    drop_block(w, block);
    return;
  }
  if (accept_spans(w, block, &err) != SC_OK) {
    drop_block(w, block);
    judge(w, &err);
    return;
  }
  if (sc_writer_is_empty(w)) w->tx_oldest_ms = block->oldest_ms;
  TAILQ_INSERT_TAIL(&w->blocks, block, link);
  w->tx_rows += block->n_rows;
  w->tx_bytes += block->len + block->dead_len;
  if (sc_writer_write(w, block, &err) != SC_OK) judge(w, &err);
}

/* ---- messages ---- */

static void add_shard(struct sc_writer *w, const struct sc_write_message *m) {
  SC_ASSERT(m->shard->write == w->index && m->shard->place == w->n_shards);
  SC_ARRAY_ROOM(w->shards, w->n_shards, w->cap_shards, 1);
  struct sc_writer_shard *s = w->shards[w->n_shards++] = sc_alloc_zero(1, sizeof(*s));
  s->info = m->shard;
  if (w->state == SC_WRITER_WORKING || w->state == SC_WRITER_HOLDING) start_fetching(w, s, &m->taken);
}

/* A reply was malformed. What came before it is in order and is committed first, so that a stretch of malformed replies
 * is passed bit by bit. The commit may itself fail and rewind: then the request is settled. */
static void read_again(struct sc_writer *w, uint32_t term) {
  if (w->state != SC_WRITER_WORKING || term != w->term) return;
  commit_whole(w);
  if (w->state != SC_WRITER_WORKING || term != w->term) return;
  struct sc_error err;
  sc_error_set(&err, SC_E_PROTOCOL, "a reply of the service could not be read");
  judge(w, &err);
}

/* Control lost its session. An idle write thread would not notice that the target failed over and lost commits: it
 * takes its shards again. A thread without a session is about to do so anyway. This rewind is no failure of the
 * thread's. */
static void take_again(struct sc_writer *w, uint32_t serial) {
  w->asked = serial;
  commit_whole(w);
  if (w->state != SC_WRITER_WORKING && w->state != SC_WRITER_HOLDING) return;
  struct sc_error err;
  sc_error_set(&err, SC_E_DB_LOST, "control's connection was lost; the database may have changed behind it");
  rewind_all(w, &err);
}

/* Control's work on the session it shares with this thread, between two transactions. It may have closed the session.
 */
static void run_errand(struct sc_writer *w, struct sc_errand *errand) {
  commit_whole(w);
  if (w->state == SC_WRITER_WORKING && w->n_inside_record > 0) leave_record(w);
  errand->run(errand->arg);
  bool lost = w->sessions->rows == NULL && (w->state == SC_WRITER_WORKING || w->state == SC_WRITER_HOLDING);
  atomic_store(&errand->done, true); /* it is control's again */
  sc_park_wake(w->run->control_park);
  struct sc_error err;
  if (lost) sc_error_set(&err, SC_E_DB_LOST, "the session shared with control was lost");
  if (lost) rewind_or_die(w, &err);
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
        w->retry_ms =
            sc_clock_mono_ms() + sc_random_backoff_ms(&w->random, w->run->settings.retry_ms, SC_BACKOFF_CAP_MS,
                                                      w->failures > 0 ? w->failures - 1 : 0);
        break;
      case SC_WRITE_HOLD:
        w->hold_wanted = true;
        if (w->state != SC_WRITER_WORKING) sc_writer_tell(w, SC_CONTROL_HELD, NULL);
        break;
      case SC_WRITE_RELEASE_HOLD:
        w->hold_wanted = false;
        if (w->state == SC_WRITER_HOLDING) w->state = SC_WRITER_WORKING;
        break;
      case SC_WRITE_TAKE_AGAIN:
        take_again(w, m.serial);
        break;
      case SC_WRITE_ERRAND:
        run_errand(w, m.errand);
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

/* Sleeps on the park and, inside a transaction, on the session's socket: a server that closes the connection is noticed
 * at once. */
static void park(struct sc_writer *w, int timeout_ms) {
  const struct sc_rows_ops *ops = w->run->sink_ops->rows;
  struct sc_park *own = w->run->write_parks[w->index];
  struct pollfd fds[2] = {{.fd = sc_park_fd(own), .events = POLLIN}, {.fd = -1}};
  if (w->in_transaction && ops->ready != NULL) fds[1].fd = ops->ready(w->sessions->rows, &fds[1].events);
  sc_timings_sleep(sc_writer_timings(w));
  int n = poll(fds, 2, timeout_ms);
  sc_timings_wake(sc_writer_timings(w), w->state == SC_WRITER_WORKING ? SC_TIME_STARVED : SC_TIME_BLOCKED);
  sc_park_finish(own);
  if (n <= 0 || fds[1].revents == 0) return;
  struct sc_error err;
  if (ops->check(w->sessions->rows, &err) != SC_OK) judge(w, &err);
}

static int longest_sleep(const struct sc_writer *w, int64_t now_ms) {
  int64_t ms = 1000;
  if (w->state == SC_WRITER_BACKING_OFF) ms = w->retry_ms - now_ms;
  if (w->state == SC_WRITER_WORKING && sc_writer_commit_in_ms(w, now_ms) < ms) ms = sc_writer_commit_in_ms(w, now_ms);
  return ms < 0 ? 0 : ms > 1000 ? 1000 : (int)ms;
}

/* One turn of work; false when there was nothing to do. Messages come first: a shard is added before blocks of it can
 * arrive, and a hold must be known before another transaction begins. While there is no session, blocks are still taken
 * (and dropped, being of an older term), so that parse threads do not wait for them. */
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
  bool inside = w->n_inside_record > 0;
  if (due || (!worked && needed && !inside && !sc_writer_is_empty(w))) { /* there is nothing left to take */
    commit(w);
    worked = true;
  } else if (!worked && needed && inside && !TAILQ_EMPTY(&w->blocks)) {
    release_blocks(w);
    worked = true;
  } else if (!worked && inside && w->hold_wanted) {
    leave_record(w);
  }
  if (w->hold_wanted && w->state == SC_WRITER_WORKING && sc_writer_is_empty(w)) {
    w->state = SC_WRITER_HOLDING;
    sc_writer_tell(w, SC_CONTROL_HELD, NULL);
  }
  return worked;
}

/* The last stage: everything handed over is committed, or lost with the session; the part of a record whose rest was
 * not read is rolled back with it. A thread whose last commit is in doubt
 * goes on until a new session has told what became of the commit, so that the summary counts its rows. */
static bool is_done(struct sc_writer *w) {
  if (sc_run_stage(w->run) < SC_STAGE_STOP_WRITE) return false;
  commit_whole(w);
  bool lost = w->state == SC_WRITER_LOST || w->state == SC_WRITER_BACKING_OFF;
  return (sc_writer_is_empty(w) || w->n_inside_record > 0) && !(lost && w->in_doubt);
}

void sc_writer_main(void *arg) {
  struct sc_writer *w = arg;
  struct sc_park *own = w->run->write_parks[w->index];
  sc_timings_begin(sc_writer_timings(w));
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
  sc_timings_end(sc_writer_timings(w));
  atomic_store(&w->ended, true);
  sc_run_stopped(w->run);
}
