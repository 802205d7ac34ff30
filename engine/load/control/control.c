#include "engine/load/control/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/mailbox.h"
#include "engine/base/metrics.h"
#include "engine/base/park.h"
#include "engine/base/thread.h"
#include "engine/decoder.h"
#include "engine/load/control/control_errand.h"
#include "engine/load/control/control_shards.h"
#include "engine/load/control/control_target.h"
#include "engine/load/fetch/fetch_pool.h"
#include "engine/load/fetch/fetcher.h"
#include "engine/load/memory.h"
#include "engine/load/parse/parse_pool.h"
#include "engine/load/write/write_pool.h"
#include "engine/stop.h"

enum { SAMPLE_RECORDS = 1000, TICK_MS = 250, DEAD_LETTER_BYTES = 4096 /* beside its data */ };

/* ---- memory and threads ---- */

static void settle(struct sc_settings *s, const struct sc_memory *m) {
  bool fewer =
      m->fetch_threads + m->parse_threads + m->write_threads < s->fetch_threads + s->parse_threads + s->write_threads;
  s->fetch_threads = m->fetch_threads;
  s->parse_threads = m->parse_threads;
  s->write_threads = m->write_threads;
  s->flush_bytes = m->flush_bytes;
  s->blocks_a_parser = m->blocks_a_parser;
  s->blocks_ahead = m->blocks_ahead;
  if (fewer)
    sc_log(SC_INFO, "fewer threads than half the processors, to stay within --memory", "fetch=%u parse=%u write=%u",
           s->fetch_threads, s->parse_threads, s->write_threads);
}

/* One session is control's, unless there is only one. */
static void bound_writers(struct sc_run *run) {
  uint32_t sessions = sc_run_max_sessions(run), most = sessions > 1 ? sessions - 1 : 1;
  if (sessions == 0 || run->settings.write_threads <= most) return;
  run->settings.write_threads = most;
  sc_log(SC_INFO, "fewer write threads, since the target takes no more sessions", "write=%u", most);
}

static int deal_memory(struct sc_run *run, const struct sc_load_options *options, struct sc_memory *out,
                       struct sc_error *err) {
  struct sc_settings *s = &run->settings;
  s->replay_dead_bytes = s->largest_record_bytes + DEAD_LETTER_BYTES;
  struct sc_memory_request request = {.total_bytes = options->memory_bytes,
                                      .fetch_threads = s->fetch_threads,
                                      .parse_threads = s->parse_threads,
                                      .write_threads = s->write_threads,
                                      .fetch_given = options->fetch_given,
                                      .parse_given = options->parse_given,
                                      .write_given = options->write_given,
                                      .connections = run->source_ops->connections(run->source),
                                      .scratch_bytes = run->decoder_ops->scratch_bytes(s->largest_record_bytes),
                                      .largest_reply_cost = sc_batch_cost(s->largest_reply_bytes),
                                      .block_bytes = s->block_bytes,
                                      .block_cost = sc_block_cost(s->block_bytes),
                                      .spare_bytes = sc_block_cost(s->largest_record_bytes),
                                      .replay_dead_cost = sc_block_cost(0) + s->replay_dead_bytes,
                                      .flush_bytes = options->flush_bytes};
  int rc = sc_memory_deal(&request, out, err);
  if (rc == SC_OK) settle(s, out);
  return rc;
}

static uint32_t n_threads(const struct sc_run *run) {
  return run->settings.fetch_threads + run->settings.parse_threads + run->settings.write_threads;
}

static int make_threads(struct sc_controller *c, struct sc_error *err) {
  const struct sc_settings *s = &c->run->settings;
  c->fetchers = sc_alloc_zero(s->fetch_threads, sizeof(*c->fetchers));
  c->parsers = sc_alloc_zero(s->parse_threads, sizeof(*c->parsers));
  c->writers = sc_alloc_zero(s->write_threads, sizeof(*c->writers));
  c->threads = sc_alloc_zero(n_threads(c->run), sizeof(*c->threads));
  for (uint32_t i = 0; i < s->fetch_threads; i++) {
    c->fetchers[i] = sc_fetcher_new(c->run, i, err);
    if (c->fetchers[i] == NULL) return err->code;
  }
  for (uint32_t i = 0; i < s->parse_threads; i++) c->parsers[i] = sc_parser_new(c->run, i);
  for (uint32_t i = 0; i < s->write_threads; i++) {
    c->writers[i] = sc_writer_new(c->run, i);
    if (c->is_shared) c->writers[i]->sessions = &c->sessions;
    int rc = sc_writer_connect(c->writers[i], err);
    if (rc != SC_OK) return rc;
  }
  return SC_OK;
}

static int start_pool(struct sc_controller *c, const char *name, uint32_t n, void (*main_fn)(void *), void **args,
                      struct sc_error *err) {
  for (uint32_t i = 0; i < n; i++) {
    char text[16];
    snprintf(text, sizeof(text), "%s %u", name, i);
    int rc = sc_thread_start(&c->threads[c->n_started], text, main_fn, args[i], err);
    if (rc != SC_OK) return rc;
    c->n_started++;
  }
  return SC_OK;
}

static int start_threads(struct sc_controller *c, struct sc_error *err) {
  const struct sc_settings *s = &c->run->settings;
  int rc = start_pool(c, "fetch", s->fetch_threads, sc_fetcher_main, (void **)c->fetchers, err);
  if (rc == SC_OK) rc = start_pool(c, "parse", s->parse_threads, sc_parser_main, (void **)c->parsers, err);
  if (rc == SC_OK) rc = start_pool(c, "write", s->write_threads, sc_writer_main, (void **)c->writers, err);
  return rc;
}

static void free_threads(struct sc_controller *c) {
  const struct sc_settings *s = &c->run->settings;
  for (uint32_t i = 0; c->fetchers != NULL && i < s->fetch_threads; i++)
    if (c->fetchers[i] != NULL) sc_fetcher_free(c->fetchers[i]);
  for (uint32_t i = 0; c->parsers != NULL && i < s->parse_threads; i++)
    if (c->parsers[i] != NULL) sc_parser_free(c->parsers[i]);
  for (uint32_t i = 0; c->writers != NULL && i < s->write_threads; i++)
    if (c->writers[i] != NULL) sc_writer_free(c->writers[i]);
  free(c->fetchers);
  free(c->parsers);
  free(c->writers);
  free(c->threads);
}

/* ---- messages ---- */

/* Without a plan, batches with a tip or an end wait beside the records sampled. When every shard that runs has sent its
 * one, no more records will come for the sample. */
static bool is_drained(const struct sc_controller *c) {
  if (c->planner.state != SC_PLANNER_SAMPLING) return false;
  struct sc_lineage_counts n;
  sc_lineage_count(c->lineage, &n);
  return c->flagged >= n.running;
}

static void went_back(struct sc_controller *c, const struct sc_shard_info *shard) {
  struct sc_error err;
  sc_error_set(&err, SC_E_WENT_BACK, "the database went back to an older state: shard %s was done, and is no longer",
               shard->id);
  sc_controller_fail(c, &err);
}

static void handle(struct sc_controller *c, const struct sc_control_message *m) {
  switch (m->kind) {
    case SC_CONTROL_SAMPLED:
      c->flagged += m->tip_or_end;
      sc_controller_sampled(c, m->records, m->no_more_comes || is_drained(c));
      return;
    case SC_CONTROL_CONFIRM_END:
      sc_controller_confirm_end(c, m->shard);
      return;
    case SC_CONTROL_SHARD_ENDED:
    case SC_CONTROL_SHARD_TIP:
      sc_controller_shard_done(c, m->shard, m->kind == SC_CONTROL_SHARD_ENDED);
      sc_controller_sampled(c, 0, is_drained(c));
      return;
    case SC_CONTROL_RESUME_WANTED:
      sc_controller_want_resume(c, m->thread);
      return;
    case SC_CONTROL_TAKEN:
      c->taken[m->thread] = m->serial;
      return;
    case SC_CONTROL_WENT_BACK:
      went_back(c, m->shard);
      return;
    case SC_CONTROL_SCHEMA_WANTED:
      sc_controller_schema_request(c, m->generation);
      return;
    case SC_CONTROL_REPLAN:
      sc_controller_replan(c, m->thread, m->generation, &m->error);
      return;
    case SC_CONTROL_HELD:
      sc_controller_held(c);
      return;
    case SC_CONTROL_STOPPED:
      c->stopped++;
      return;
    case SC_CONTROL_FAILED:
      sc_controller_fail(c, &m->error);
      return;
  }
}

static int until_due(const struct sc_controller *c, int64_t now_ms) {
  int64_t due_ms = c->list_due_ms;
  if (c->stopping) return TICK_MS;
  if (!c->locked && c->relock_ms < due_ms) due_ms = c->relock_ms;
  if (c->planner.state == SC_PLANNER_SAMPLING && c->planner.deadline_ms < due_ms) due_ms = c->planner.deadline_ms;
  if (due_ms <= now_ms) return 1; /* overdue work was put off: it is tried again soon */
  return due_ms - now_ms < TICK_MS ? (int)(due_ms - now_ms) : TICK_MS;
}

/* One turn: messages, what is due, progress; then sleeps at most until the next tick. The park is prepared before the
 * mailbox is read, so that a message sent meanwhile wakes it. */
static void turn(struct sc_controller *c) {
  struct sc_park *park = c->run->control_park;
  struct sc_control_message m;
  sc_park_prepare(park);
  bool any = false;
  uint64_t errands = c->errands;
  while (sc_mailbox_receive(c->run->control_box, &m)) {
    handle(c, &m);
    any = true;
  }
  int64_t now_ms = sc_clock_mono_ms();
  sc_controller_tick_target(c, now_ms);
  if (sc_progress_is_due(&c->progress, now_ms)) {
    struct sc_lineage_counts counts;
    sc_lineage_count(c->lineage, &counts);
    sc_progress_show(&c->progress, &counts, sc_controller_lag_ms(c), now_ms);
  }
  if (any || c->errands != errands) { /* an errand slept on the park, and may have swallowed a wake */
    sc_park_cancel(park);
  } else {
    sc_park_wait(park, until_due(c, now_ms));
  }
}

static bool is_finished(const struct sc_controller *c) {
  const struct sc_settings *s = &c->run->settings;
  if (s->max_records != UINT64_MAX && sc_progress_count(&c->progress, SC_M_RECORDS_IN) >= s->max_records) return true;
  return !s->tip.follow && sc_lineage_is_finished(c->lineage);
}

/* A target that was away meanwhile may have failed over and lost commits: a load is finished only after the target was
 * asked. */
static bool is_over(struct sc_controller *c) {
  if (sc_controller_has_failed(c) || sc_stop_requested()) return true;
  return c->finished = is_finished(c) && sc_controller_target_is_confirmed(c);
}

static void run_until_over(struct sc_controller *c) {
  while (!is_over(c)) {
    if (sc_clock_mono_ms() >= c->list_due_ms) sc_controller_discover(c);
    turn(c);
  }
}

/* ---- the stop ---- */

/* Raises the stage and waits until n threads have answered. Control goes on with its turns meanwhile: threads that end
 * may still need it, to confirm a shard's end or to take the lock again. After the deadline, and after a second signal,
 * the stage is ABANDON: threads close their connections, and the target rolls back. */
static void reach(struct sc_controller *c, enum sc_stage stage, uint32_t n, const char *what) {
  if (sc_run_stage(c->run) == SC_STAGE_ABANDON) return;
  int64_t deadline_ms = sc_clock_mono_ms() + c->run->settings.stop_timeout_ms;
  c->stopped = 0;
  sc_run_set_stage(c->run, stage);
  while (c->stopped < n) {
    turn(c);
    if (sc_clock_mono_ms() >= deadline_ms) {
      struct sc_error err;
      sc_error_fail(&err, SC_E_DEADLINE,
                    "what was not committed is rolled back; the next run continues from the stored positions",
                    "stopping: %s took longer than --stop-timeout", what);
      sc_controller_fail(c, &err);
      sc_stop_request_now(); /* threads inside a database call notice it, too */
    }
    if (sc_stop_now()) {
      sc_controller_abandon(c);
      return;
    }
  }
}

static void join_threads(struct sc_controller *c) {
  struct sc_error err;
  for (uint32_t i = 0; i < c->n_started; i++) {
    if (sc_thread_join(&c->threads[i], c->run->settings.stop_timeout_ms, &err) == SC_OK) continue;
    sc_log_error(SC_ERROR_LEVEL, "a thread does not end; leaving without it", &err);
    _exit(sc_error_exit_status(SC_E_DEADLINE));
  }
}

/* In the direction of the data: each pool works off what the one before it handed over. Shards are released last, after
 * the join, since until then their write threads may still commit. */
static void stop_in_order(struct sc_controller *c) {
  const struct sc_settings *s = &c->run->settings;
  if (c->n_started < n_threads(c->run)) {
    sc_run_set_stage(c->run, SC_STAGE_ABANDON);
  } else {
    sc_controller_release_all(c);
    reach(c, SC_STAGE_STOP_FETCH, s->fetch_threads, "ending the calls under way");
    reach(c, SC_STAGE_STOP_PARSE, s->parse_threads, "working off what was fetched");
    reach(c, SC_STAGE_STOP_WRITE, s->write_threads, "committing");
  }
  join_threads(c);
  struct sc_control_message m;
  while (sc_mailbox_receive(c->run->control_box, &m))
    if (m.kind == SC_CONTROL_FAILED) sc_controller_fail(c, &m.error);
  if (c->n_started == n_threads(c->run) && !sc_stop_now()) sc_controller_release(c);
}

/* ---- the load ---- */

static int prepare(struct sc_controller *c, struct sc_error *err) {
  int rc = sc_controller_open_target(c, err);
  if (rc == SC_OK) rc = sc_controller_open_positions(c, err);
  if (rc == SC_OK) rc = sc_controller_first_plan(c, err);
  if (rc == SC_OK) rc = make_threads(c, err);
  if (rc == SC_OK) rc = start_threads(c, err);
  if (rc == SC_OK) rc = sc_controller_assign(c, err);
  return rc;
}

static const char *why_no_rows(const struct sc_controller *c) {
  if (sc_progress_count(&c->progress, SC_M_DEAD_LETTERS) > 0)
    return "every record became a dead letter; kinesis_dead_letters has the reasons";
  if (c->first_run && c->start.start == SC_START_AT_TIME)
    return "no record between --start and the tip; --start trim-horizon begins with the oldest record kept";
  if (c->first_run) return "the stream holds no record";
  return "no record since the stored positions; --restart begins again at --start";
}

/* The threads are joined. */
static void print_timings(const struct sc_controller *c) {
  const struct sc_run *run = c->run;
  const struct sc_settings *s = &run->settings;
  const struct sc_timings_pool pools[SC_THREAD_POOLS] = {
      [SC_POOL_FETCH] = {"fetch", run->timings[SC_POOL_FETCH], s->fetch_threads},
      [SC_POOL_PARSE] = {"parse", run->timings[SC_POOL_PARSE], s->parse_threads},
      [SC_POOL_WRITE] = {"write", run->timings[SC_POOL_WRITE], s->write_threads}};
  struct sc_buf out = SC_BUF_INIT;
  sc_timings_report(pools, &out);
  for (uint32_t i = 0; i < s->fetch_threads && run->source_ops->reader_report != NULL; i++)
    run->source_ops->reader_report(c->fetchers[i]->reader, &out);
  fputs(sc_buf_str(&out), stderr);
  sc_buf_fini(&out);
}

static int outcome(struct sc_controller *c, struct sc_error *err) {
  struct sc_lineage_counts counts;
  sc_lineage_count(c->lineage, &counts);
  bool is_whole = !sc_controller_has_failed(c) && c->finished;
  int rc = sc_progress_finish(&c->progress, &counts, is_whole ? why_no_rows(c) : NULL, sc_clock_mono_ms(), err);
  if (c->gaps > 0)
    sc_log(SC_WARN, "records were lost before they could be read", "gaps=%llu", (unsigned long long)c->gaps);
  if (c->options->timings) print_timings(c);
  if (sc_controller_has_failed(c)) {
    *err = c->error;
    return err->code;
  }
  if (rc != SC_OK || c->finished || (c->run->settings.tip.follow && !sc_stop_now())) return rc;
  return sc_error_set(err, SC_E_STOPPED, "interrupted; what was committed stays, run again to continue from there");
}

/* A load that follows is ended by a signal and by nothing else, so a stop is its success, in its first moments too. */
static int stopped_before_it_began(void) {
  sc_log(SC_INFO, "stopped before anything was read", NULL);
  return SC_OK;
}

static void controller_init(struct sc_controller *c, struct sc_run *run, const struct sc_load_options *options) {
  *c = (struct sc_controller){.run = run, .options = options};
  sc_sessions_init(&c->sessions);
  c->is_shared = sc_run_max_sessions(run) == 1;
  c->lineage = sc_lineage_new();
  sc_progress_init(&c->progress, c->identity.name, options->quiet);
  c->waiting = sc_alloc_zero(run->settings.write_threads, sizeof(*c->waiting));
  c->taken = sc_alloc_zero(run->settings.write_threads, sizeof(*c->taken));
  c->list_due_ms = run->settings.tip.follow ? sc_clock_mono_ms() + run->settings.discovery_ms : INT64_MAX;
  sc_planner_init(&c->planner, run->settings.write_threads, SAMPLE_RECORDS, run->settings.sample_ms);
  sc_random_init(&c->random, (uint64_t)sc_clock_mono_us());
}

/* The ends come in the reverse order of the beginnings, but for the session: it is closed before the threads' memory is
 * freed, so that the lock is given up as early as possible. Plans go after the threads, whose blocks view them. */
int sc_control_load(struct sc_run *run, const struct sc_load_options *options, struct sc_error *err) {
  struct sc_memory memory;
  bound_writers(run);
  int rc = deal_memory(run, options, &memory, err);
  if (rc != SC_OK) return rc;
  rc = sc_run_init(run, memory.bodies_bytes, memory.blocks_bytes, err);
  if (rc != SC_OK) {
    sc_run_fini(run);
    return rc;
  }
  struct sc_controller *c = sc_alloc(sizeof(*c));
  controller_init(c, run, options);
  sc_stop_in_order(false); /* an earlier load of this process has set it */
  sc_stop_wakes(run->control_park);
  rc = prepare(c, err);
  sc_progress_begin(&c->progress, sc_clock_mono_ms());
  if (rc != SC_OK) sc_controller_fail(c, err);
  if (rc == SC_OK) {
    sc_stop_in_order(true);
    run_until_over(c);
  }
  if (c->threads != NULL) stop_in_order(c);
  if (rc == SC_OK) rc = outcome(c, err);
  if (rc == SC_E_STOPPED && run->settings.tip.follow && c->n_started == 0) rc = stopped_before_it_began();
  sc_stop_wakes(NULL);
  sc_controller_close_target(c);
  free_threads(c);
  sc_controller_free_plans(c);
  sc_run_fini(run);
  sc_controller_free_shards(c);
  free(c->waiting);
  free(c->taken);
  free(c);
  return rc;
}
