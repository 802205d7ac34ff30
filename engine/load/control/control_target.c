#include "engine/load/control/control_target.h"

#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/mailbox.h"
#include "engine/base/park.h"
#include "engine/load/control/control_errand.h"
#include "engine/load/write/writer.h"
#include "engine/sample.h"
#include "engine/wait.h"

enum { CHECK_MS = 5000 /* the lock is checked this often */, FIRST_GENERATION = 1 };

/* NULL: nobody keeps positions, so there is no lock either. */
static const struct sc_positions_ops *positions_of(const struct sc_controller *c) {
  return c->run->store_ops != NULL ? c->run->store_ops->positions : NULL;
}

static bool is_temporary(const struct sc_error *err) {
  return err->class == SC_CLASS_REWIND || err->class == SC_CLASS_RETRY || err->class == SC_CLASS_TAKE_AGAIN;
}

static int open_and_lock(struct sc_controller *c, bool take_over, struct sc_error *err) {
  const struct sc_positions_ops *ops = positions_of(c);
  struct sc_wait wait = sc_wait_until_stop(&c->run->settings.stop_timeout_ms);
  int rc = sc_sessions_open(&c->sessions, c->run, "control", &wait, err);
  if (rc == SC_OK && ops != NULL) rc = ops->lock(c->sessions.positions, take_over, err);
  if (rc != SC_OK) sc_sessions_close(&c->sessions, c->run);
  return rc;
}

int sc_controller_open_target(struct sc_controller *c, struct sc_error *err) {
  int rc = open_and_lock(c, c->options->take_over, err);
  if (rc != SC_OK) return rc;
  c->locked = true;
  c->check_ms = sc_clock_mono_ms() + CHECK_MS;
  return positions_of(c) != NULL ? positions_of(c)->prepare(c->sessions.positions, err) : SC_OK;
}

/* ---- the lock ---- */

static void send(struct sc_controller *c, uint32_t writer, enum sc_write_message_kind kind) {
  struct sc_write_message m = {.kind = kind};
  sc_mailbox_send(c->run->write_boxes[writer], &m);
}

static void resume_waiting(struct sc_controller *c) {
  for (uint32_t w = 0; w < c->run->settings.write_threads; w++) {
    if (!c->waiting[w]) continue;
    c->waiting[w] = false;
    send(c, w, SC_WRITE_RESUME_SESSION);
  }
}

static void lose_session(struct sc_controller *c, const struct sc_error *err, int64_t now_ms) {
  if (c->locked) {
    c->lost_ms = now_ms;
    c->lock_failures = 0;
    sc_log_error(SC_WARN, "control's connection is lost, connecting again", err);
  }
  c->locked = false;
  c->relock_ms =
      now_ms + sc_random_backoff_ms(&c->random, c->run->settings.retry_ms, SC_BACKOFF_CAP_MS, c->lock_failures++);
  sc_sessions_close(&c->sessions, c->run);
  if (err->code == SC_E_STOPPED) return; /* an overdue stop ended the call; the stop itself is under way */
  if (!is_temporary(err) || now_ms - c->lost_ms > SC_GIVE_UP_MS) sc_controller_fail(c, err);
}

struct losing {
  struct sc_controller *c;
  struct sc_error err;
};

static void lose(void *losing) {
  struct losing *l = losing;
  lose_session(l->c, &l->err, sc_clock_mono_ms());
}

void sc_controller_lost(struct sc_controller *c, const struct sc_error *err) {
  struct losing l = {c, *err};
  if (err->code == SC_E_POSITIONS)
    sc_error_set(&l.err, SC_E_WENT_BACK, "the database went back to an older state: %s", err->text);
  sc_controller_errand(c, lose, &l);
}

bool sc_controller_has_session(struct sc_controller *c, struct sc_error *err) {
  sc_error_set(err, SC_E_DB_LOST, "the session with the target was closed");
  if (c->locked && c->sessions.rows == NULL) sc_controller_lost(c, err);
  return c->locked;
}

/* A failover may have undone the ends after which children are read. Write threads would not notice: they no longer
 * take a shard that has ended. */
static int survey_again(struct sc_controller *c, struct sc_error *err) {
  if (positions_of(c) == NULL) return SC_OK;
  struct sc_survey *survey = sc_alloc_zero(1, sizeof(*survey));
  int rc = positions_of(c)->survey(c->sessions.positions, survey, err);
  if (rc == SC_OK && !sc_lineage_still_holds(c->lineage, survey->shards, survey->n))
    rc = sc_error_set(err, SC_E_WENT_BACK, "the database went back to an older state: a shard's stored end is undone");
  free(survey->shards);
  free(survey);
  return rc;
}

/* Connects and locks again. Every write thread then takes its shards again, since the target may have lost commits. */
static void relock(void *controller) {
  struct sc_controller *c = controller;
  struct sc_error err;
  int rc = open_and_lock(c, false, &err);
  if (rc == SC_OK) rc = survey_again(c, &err);
  if (rc != SC_OK) {
    lose_session(c, &err, sc_clock_mono_ms());
    return;
  }
  c->locked = true;
  c->serial++;
  for (uint32_t w = 0; w < c->run->settings.write_threads; w++) {
    struct sc_write_message m = {.kind = SC_WRITE_TAKE_AGAIN, .serial = c->serial};
    sc_mailbox_send(c->run->write_boxes[w], &m);
  }
  resume_waiting(c);
}

static void check_now(void *controller) {
  struct sc_controller *c = controller;
  struct sc_error err;
  if (!sc_controller_has_session(c, &err)) return;
  if (positions_of(c)->check_lock(c->sessions.positions, &err) != SC_OK) lose_session(c, &err, sc_clock_mono_ms());
}

static void check_lock(struct sc_controller *c) {
  c->check_ms = sc_clock_mono_ms() + CHECK_MS;
  if (c->locked && positions_of(c) != NULL) sc_controller_errand(c, check_now, c);
}

bool sc_controller_target_is_confirmed(struct sc_controller *c) {
  check_lock(c);
  for (uint32_t w = 0; w < c->run->settings.write_threads; w++)
    if (c->taken[w] != c->serial) return false;
  return c->locked;
}

void sc_controller_want_resume(struct sc_controller *c, uint32_t writer) {
  c->waiting[writer] = true;
  check_lock(c);
  if (c->locked) resume_waiting(c);
  if (!c->locked && sc_controller_has_failed(c)) send(c, writer, SC_WRITE_ABANDON);
}

/* ---- the plan ---- */

static void publish(struct sc_controller *c, struct sc_plan *plan) {
  SC_ARRAY_ROOM(c->plans, c->n_plans, c->cap_plans, 1);
  c->plans[c->n_plans++] = plan;
  atomic_store_explicit(&c->run->plan, plan, memory_order_release);
  sc_planner_published(&c->planner, plan->generation);
  for (uint32_t i = 0; i < c->run->settings.parse_threads; i++) sc_park_wake(c->run->parse_parks[i]);
  sc_log(SC_DEBUG, "column plan", "generation=%u columns=%u", plan->generation, plan->n_columns);
}

/* Without a schema the plan has no columns. */
static int read_plan(struct sc_controller *c, const struct sc_sample *sample, uint32_t generation, struct sc_plan **out,
                     struct sc_error *err) {
  const struct sc_schema_ops *schema = c->run->sink_ops->schema;
  if (schema != NULL) return schema->make_plan(c->sessions.rows, sample, generation, out, err);
  *out = sc_plan_new(generation, 1);
  (*out)->sink = c->run->sink;
  sc_plan_seal(*out);
  return SC_OK;
}

int sc_controller_first_plan(struct sc_controller *c, struct sc_error *err) {
  struct sc_plan *plan = NULL;
  int rc = read_plan(c, NULL, FIRST_GENERATION, &plan, err);
  if (rc == SC_OK && plan != NULL) publish(c, plan);
  return rc;
}

/* A statement of control's own session failed: it is tried again later, or ends the run. A table lock that others hold
 * needs no new connection. */
static void put_off(struct sc_controller *c, const struct sc_error *err) {
  int64_t now_ms = sc_clock_mono_ms();
  if (err->code == SC_E_DB_RETRY) {
    sc_log_error(SC_WARN, "the table cannot be altered now, trying again; nothing is written meanwhile", err);
    c->reread_ms =
        now_ms + sc_random_backoff_ms(&c->random, c->run->settings.retry_ms, SC_BACKOFF_CAP_MS, c->alter_failures++);
  } else if (is_temporary(err)) {
    lose_session(c, err, now_ms);
  } else {
    sc_controller_fail(c, err);
  }
}

/* Makes (with the sample) or reads again (without) the plan; puts it off when the connection is lost. */
static bool make_plan(struct sc_controller *c, bool with_sample) {
  struct sc_error err;
  struct sc_plan *plan = NULL;
  if (!sc_controller_has_session(c, &err)) return false;
  struct sc_run *run = c->run;
  if (with_sample) pthread_mutex_lock(&run->sample_lock);
  int rc = read_plan(c, with_sample ? run->sample : NULL, c->planner.generation + 1, &plan, &err);
  if (with_sample) pthread_mutex_unlock(&run->sample_lock);
  if (rc == SC_OK && plan == NULL)
    rc = sc_error_fail(&err, SC_E_NO_TARGET,
                       "it was dropped while the load ran; --restart makes it again from the start of the stream",
                       "the target table is gone");
  if (rc != SC_OK) {
    if (is_temporary(&err)) lose_session(c, &err, sc_clock_mono_ms());
    else sc_controller_fail(c, &err);
    return false;
  }
  SC_ASSERT(plan != NULL);
  publish(c, plan);
  return true;
}

/* Alters the table as requested; false: it is put off. The requests are taken out of the run first, and kept until they
 * are met: those that parse threads add meanwhile wait for the generation after this one. */
static bool alter(struct sc_controller *c) {
  struct sc_run *run = c->run;
  struct sc_error err;
  if (!sc_controller_has_session(c, &err) || sc_clock_mono_ms() < c->reread_ms) return false;
  pthread_mutex_lock(&run->sample_lock);
  if (sc_sample_keys(run->requests) > 0) {
    if (c->requests == NULL) c->requests = sc_sample_new(SC_COLUMNS_MAX);
    sc_sample_merge(c->requests, run->requests);
    sc_sample_free(run->requests);
    run->requests = sc_sample_new(SC_COLUMNS_MAX);
  }
  pthread_mutex_unlock(&run->sample_lock);
  if (c->requests == NULL) return true;
  int rc = run->sink_ops->schema->alter(c->sessions.rows, c->requests, &err);
  if (rc == SC_OK) {
    sc_sample_free(c->requests);
    c->requests = NULL;
    c->alter_failures = 0;
    return true;
  }
  put_off(c, &err);
  return false;
}

static void release_writers(struct sc_controller *c) {
  for (uint32_t w = 0; w < c->run->settings.write_threads; w++) send(c, w, SC_WRITE_RELEASE_HOLD);
  resume_waiting(c);
}

void sc_controller_release_all(struct sc_controller *c) {
  c->stopping = true;
  bool never_locks_again = !c->locked && sc_controller_has_failed(c);
  for (uint32_t w = 0; w < c->run->settings.write_threads; w++) {
    send(c, w, SC_WRITE_RELEASE_HOLD);
    if (never_locks_again) send(c, w, SC_WRITE_ABANDON);
  }
}

static void make(void *controller) {
  struct sc_controller *c = controller;
  c->make_wanted = !make_plan(c, true);
}

static void reread(void *controller) {
  struct sc_controller *c = controller;
  c->reread_wanted = !alter(c) || !make_plan(c, false);
}

static void act(struct sc_controller *c, enum sc_planner_action action) {
  if (c->stopping) return;
  switch (action) {
    case SC_PLANNER_NOTHING:
      return;
    case SC_PLANNER_MAKE:
      sc_controller_errand(c, make, c);
      return;
    case SC_PLANNER_HOLD:
      for (uint32_t w = 0; w < c->run->settings.write_threads; w++) send(c, w, SC_WRITE_HOLD);
      return;
    case SC_PLANNER_REREAD:
      sc_controller_errand(c, reread, c);
      if (!c->reread_wanted) release_writers(c);
      return;
  }
}

void sc_controller_sampled(struct sc_controller *c, uint64_t records, bool drained) {
  act(c, sc_planner_sampled(&c->planner, records, drained, sc_clock_mono_ms()));
}

void sc_controller_replan(struct sc_controller *c, uint32_t writer, uint32_t generation, const struct sc_error *why) {
  sc_log_error(SC_WARN, "the table is not what it was; reading the catalog again", why);
  if (c->stopping) {
    sc_controller_want_resume(c, writer);
    return;
  }
  c->waiting[writer] = true;
  enum sc_planner_action action = sc_planner_replan(&c->planner, generation);
  act(c, action);
  if (action == SC_PLANNER_NOTHING && c->planner.state == SC_PLANNER_READY) sc_controller_want_resume(c, writer);
}

void sc_controller_schema_request(struct sc_controller *c, uint32_t generation) {
  act(c, sc_planner_replan(&c->planner, generation));
}

void sc_controller_held(struct sc_controller *c) { act(c, sc_planner_held(&c->planner)); }

void sc_controller_tick_target(struct sc_controller *c, int64_t now_ms) {
  if (c->locked && now_ms >= c->check_ms && !c->is_shared) check_lock(c);
  if (!c->locked && now_ms >= c->relock_ms && !sc_controller_has_failed(c)) sc_controller_errand(c, relock, c);
  if (sc_controller_has_failed(c)) return;
  if (c->locked && c->make_wanted) act(c, SC_PLANNER_MAKE);
  if (c->locked && c->reread_wanted) act(c, SC_PLANNER_REREAD);
  act(c, sc_planner_tick(&c->planner, now_ms));
}

/* ---- the end ---- */

void sc_controller_release(struct sc_controller *c) {
  if (!c->locked || positions_of(c) == NULL || c->n_assigned == 0) return;
  struct sc_commit_row *rows = sc_alloc(c->n_assigned * sizeof(*rows));
  size_t n = 0;
  for (uint32_t w = 0; w < c->run->settings.write_threads; w++)
    n += sc_writer_held(c->writers[w], rows + n, c->n_assigned - n);
  struct sc_error err;
  if (n > 0 && positions_of(c)->release(c->sessions.positions, rows, n, &err) != SC_OK)
    sc_log_error(SC_WARN, "the shards could not be released; the next run takes them all the same", &err);
  free(rows);
}

void sc_controller_close_target(struct sc_controller *c) {
  sc_sessions_close(&c->sessions, c->run);
  c->locked = false;
}

void sc_controller_free_plans(struct sc_controller *c) {
  sc_sample_free(c->requests);
  for (uint32_t i = 0; i < c->n_plans; i++) sc_plan_free(c->plans[i]);
  free(c->plans);
}
