#include "engine/load/control/control_shards.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/mailbox.h"
#include "engine/lineage.h"
#include "engine/load/control/control_errand.h"
#include "engine/load/control/control_target.h"

enum {
  IDLE_CALLS_PER_SECOND = 2000, /* of the whole process */
  RELIST = 20,                  /* times the first back-off: after a listing that failed */
  FRESH_MS = 500,               /* a listing this young answers for the end of a shard */
  DATE_STEP_MS = 1000           /* the service tells its time by the second */
};

static int64_t service_now_ms(const struct sc_controller *c) {
  return c->identity.service_ms + (sc_clock_mono_ms() - c->identity_mono_ms);
}

/* ---- positions at the start ---- */

static int settle_start(struct sc_controller *c, struct sc_error *err) {
  c->start = c->options->start;
  int64_t now_ms = c->identity.service_ms != 0 ? c->identity.service_ms : sc_clock_wall_ms();
  if (c->start.start == SC_START_LATEST) c->start = (struct sc_position){.start = SC_START_AT_TIME, .at_ms = now_ms};
  if (c->start.start == SC_START_AT_TIME && c->start.at_ms >= now_ms + DATE_STEP_MS) {
    char text[160];
    sc_position_format(&c->start, text);
    return sc_error_fail(err, SC_E_CONFIG, "--start latest begins with the records put from now on",
                         "--start %s is in the future", text);
  }
  return SC_OK;
}

static int is_another_stream(const struct sc_controller *c, const struct sc_survey *survey, struct sc_error *err) {
  const struct sc_stream_identity *now = &c->identity;
  bool arn = survey->stream_arn[0] != '\0' && now->arn[0] != '\0' && strcmp(survey->stream_arn, now->arn) != 0;
  bool made = survey->stream_created_ms != 0 && now->created_ms != 0 && survey->stream_created_ms != now->created_ms;
  if (!arn && !made) return SC_OK;
  static const char hint[] = "--restart forgets the stored positions and begins at --start; --namespace keeps both";
  if (arn)
    return sc_error_fail(err, SC_E_POSITIONS, hint, "the stored positions are of another stream: %s, not %s",
                         survey->stream_arn, now->arn);
  char then[25], created[25];
  sc_clock_format_ms(survey->stream_created_ms, then);
  sc_clock_format_ms(now->created_ms, created);
  return sc_error_fail(
      err, SC_E_POSITIONS, hint,
      "stream %s was deleted and made again: the positions are of the one made at %s, this one was made "
      "at %s",
      now->name, then, created);
}

static int check_survey(const struct sc_controller *c, const struct sc_survey *survey, struct sc_error *err) {
  if (is_another_stream(c, survey, err) != SC_OK) return err->code;
  if (survey->other_table[0] != '\0')
    return sc_error_fail(err, SC_E_POSITIONS,
                         "--namespace=NAME keeps positions of its own for this table; --rename-table says that it is "
                         "the same table under another name",
                         "the stored positions are of table %s, not of this load's %s", survey->other_table,
                         c->run->sink_ops->describe(c->run->sink));
  if (survey->table_exists || !survey->has_records) return SC_OK;
  return sc_error_fail(
      err, SC_E_POSITIONS, "--restart forgets the positions and begins at --start, or bring the table back",
      "there are positions of an earlier load, but %s does not exist", c->run->sink_ops->describe(c->run->sink));
}

static void say_resuming(const struct sc_controller *c, const struct sc_survey *survey) {
  char when[25] = "their start";
  if (survey->newest_updated_ms != 0) sc_clock_format_ms(survey->newest_updated_ms, when);
  struct sc_buf line = SC_BUF_INIT;
  sc_buf_printf(&line, "resuming %zu shards from positions of %s%s", survey->n, when,
                c->options->start_given ? "; --start is ignored" : "");
  sc_log(SC_INFO, sc_buf_str(&line), "stream=%s target=\"%s\"", c->identity.name,
         c->run->sink_ops->describe(c->run->sink));
  sc_buf_fini(&line);
}

static void say_starting(const struct sc_controller *c) {
  char from[160];
  struct sc_lineage_counts shards;
  sc_lineage_count(c->lineage, &shards);
  sc_position_format(&c->start, from);
  struct sc_buf line = SC_BUF_INIT;
  sc_buf_printf(&line, "loading %zu shards from %s", shards.known, from);
  sc_log(SC_INFO, sc_buf_str(&line), "stream=\"%s\" target=\"%s\"", c->run->source_ops->describe(c->run->source),
         c->run->sink_ops->describe(c->run->sink));
  sc_buf_fini(&line);
  if (sc_run_atomicity(c->run) == SC_POSITIONS_AFTER_ROWS && !c->run->sink_ops->caps.rows_have_key)
    sc_log(SC_INFO, "this target takes rows and positions one after the other: after a failure some rows come twice",
           NULL);
  if (c->run->store_ops == NULL)
    sc_log(SC_INFO, "this target keeps no positions: another run starts from the beginning", NULL);
}

static int list(struct sc_controller *c, struct sc_error *err) {
  struct sc_listed *shards = NULL;
  size_t n = 0;
  sc_lineage_listing(c->lineage);
  int rc = c->run->source_ops->list_shards(c->run->source, &shards, &n, err);
  if (rc == SC_OK) {
    sc_lineage_listed(c->lineage, shards, n);
    c->listed_ms = sc_clock_mono_ms();
  }
  free(shards);
  return rc;
}

static int survey_positions(struct sc_controller *c, struct sc_survey *survey, struct sc_error *err) {
  if (c->run->store_ops == NULL) return SC_OK;
  const struct sc_positions_ops *ops = c->run->store_ops->positions;
  int rc = SC_OK;
  if (c->options->restart && c->options->dry_run) return SC_OK;
  if (c->options->restart) rc = ops->forget(c->sessions.positions, err);
  if (rc == SC_OK) rc = ops->survey(c->sessions.positions, survey, err);
  if (rc == SC_OK && survey->n > 0) rc = check_survey(c, survey, err);
  return rc;
}

int sc_controller_open_positions(struct sc_controller *c, struct sc_error *err) {
  struct sc_survey *survey = sc_alloc_zero(1, sizeof(*survey));
  int rc = c->run->source_ops->identity(c->run->source, &c->identity, err);
  c->identity_mono_ms = sc_clock_mono_ms();
  if (rc == SC_OK) rc = settle_start(c, err);
  if (rc == SC_OK) rc = survey_positions(c, survey, err);
  if (rc != SC_OK) goto out;
  c->first_run = survey->n == 0;
  if (!c->first_run) sc_lineage_restore(c->lineage, survey->shards, survey->n);
  rc = list(c, err);
  if (rc != SC_OK || c->options->dry_run) goto out;
  if (c->first_run) {
    say_starting(c);
  } else {
    say_resuming(c, survey);
  }
out:
  free(survey->shards);
  free(survey);
  return rc;
}

/* ---- inserting, taking, assigning ---- */

struct sc_position sc_controller_start_of(const struct sc_controller *c, uint32_t index) {
  if (sc_lineage_is_of_first_run(c->lineage, index)) return c->start;
  return (struct sc_position){.start = SC_START_TRIM_HORIZON};
}

/* Inserts the rows of all shards that have none yet, in one transaction. */
static int insert_new(struct sc_controller *c, struct sc_error *err) {
  const struct sc_sink_ops *store = c->run->store_ops;
  struct sc_lineage *l = c->lineage;
  struct sc_position_row *rows = NULL;
  size_t n = 0, cap = 0;
  for (uint32_t i = 0; (i = sc_lineage_next_new(l, i)) != SC_NO_NODE; i++) {
    const struct sc_listed *shard = sc_lineage_shard(l, i);
    SC_ARRAY_ROOM(rows, n, cap, 1);
    rows[n++] = (struct sc_position_row){.shard_id = shard->id,
                                         .parents = {shard->parents[0], shard->parents[1]},
                                         .start = sc_controller_start_of(c, i)};
  }
  int rc = SC_OK;
  if (n > 0 && store != NULL) rc = store->positions->add_shards(c->sessions.positions, &c->identity, rows, n, err);
  for (uint32_t i = 0; rc == SC_OK && (i = sc_lineage_next_new(l, i)) != SC_NO_NODE; i++) sc_lineage_stored(l, i);
  free(rows);
  return rc;
}

/* Shards are dealt to the threads in turn, so a shard's place among those of its write thread follows from how many
 * were dealt before. */
static struct sc_assigned *new_assigned(struct sc_controller *c, uint32_t index) {
  const struct sc_settings *s = &c->run->settings;
  if (index >= c->cap_assigned) {
    uint32_t old = c->cap_assigned;
    SC_ARRAY_ROOM(c->assigned, old, c->cap_assigned, index + 1 - old);
    memset(c->assigned + old, 0, (c->cap_assigned - old) * sizeof(*c->assigned));
  }
  uint32_t turn = c->n_assigned++;
  struct sc_assigned *a = c->assigned[index] = sc_alloc_zero(1, sizeof(*a));
  a->info = (struct sc_shard_info){.index = index,
                                   .place = turn / s->write_threads,
                                   .fetch = (uint16_t)(turn % s->fetch_threads),
                                   .parse = (uint16_t)(turn % s->parse_threads),
                                   .write = (uint16_t)(turn % s->write_threads)};
  memcpy(a->info.id, sc_lineage_shard(c->lineage, index)->id, sizeof(a->info.id));
  return a;
}

/* Records older than the horizon that were not read are gone; a quiet shard's read_until keeps up, so it raises
 * none. */
static void look_for_gap(struct sc_controller *c, uint32_t index, const struct sc_taken *t) {
  if (t->sequence.len == 0 || t->read_until_ms == 0 || c->identity.retention_ms == 0 || c->identity.service_ms == 0)
    return;
  int64_t horizon_ms = service_now_ms(c) - c->identity.retention_ms;
  if (t->read_until_ms >= horizon_ms) return;
  char from[25], to[25];
  sc_clock_format_ms(t->read_until_ms, from);
  sc_clock_format_ms(horizon_ms, to);
  c->gaps++;
  sc_log(SC_WARN, "gap: records may have expired before they were read", "shard=%s from=%s to=%s",
         sc_lineage_shard(c->lineage, index)->id, from, to);
}

/* A closed shard has an end to be read to, not a tip. */
static void announce_if_closed(struct sc_controller *c, struct sc_assigned *a) {
  if (a->closed_announced || !sc_lineage_is_closed(c->lineage, a->info.index)) return;
  a->closed_announced = true;
  struct sc_fetch_message m = {.kind = SC_FETCH_CLOSED, .shard = &a->info};
  sc_mailbox_send(c->run->fetch_boxes[a->info.fetch], &m);
}

static void assign(struct sc_controller *c, uint32_t index, const struct sc_taken *t) {
  if (t->ended) { /* by a commit that was in doubt when the positions were read */
    sc_lineage_ended(c->lineage, index);
    c->list_due_ms = sc_clock_mono_ms(); /* its children */
    return;
  }
  look_for_gap(c, index, t);
  struct sc_assigned *a = new_assigned(c, index);
  struct sc_write_message m = {.kind = SC_WRITE_ADD, .shard = &a->info, .taken = *t};
  announce_if_closed(c, a); /* before it is started */
  sc_mailbox_send(c->run->write_boxes[a->info.write], &m);
}

/* A shard is to be taken until a take has succeeded: the list outlives a lost connection. */
static void collect_ready(struct sc_controller *c) {
  for (uint32_t index; (index = sc_lineage_next_ready(c->lineage)) != SC_NO_NODE;) {
    SC_ARRAY_ROOM(c->ready, c->n_ready, c->cap_ready, 1);
    c->ready[c->n_ready++] = index;
    sc_lineage_started(c->lineage, index);
  }
}

/* Without a store nothing is taken: each shard begins where its row would have said. */
static int take_ready(struct sc_controller *c, size_t *n_taken, struct sc_error *err) {
  collect_ready(c);
  size_t n = *n_taken = c->n_ready;
  if (n == 0) return SC_OK;
  struct sc_taken *taken = sc_alloc_zero(n, sizeof(*taken));
  const char **ids = sc_alloc(n * sizeof(*ids));
  for (size_t i = 0; i < n; i++) {
    ids[i] = sc_lineage_shard(c->lineage, c->ready[i])->id;
    taken[i].start = sc_controller_start_of(c, c->ready[i]);
  }
  int rc = SC_OK;
  const struct sc_sink_ops *store = c->run->store_ops;
  if (store != NULL) rc = store->positions->take(c->sessions.positions, ids, n, taken, err);
  if (rc == SC_OK) c->n_ready = 0;
  for (size_t i = 0; rc == SC_OK && i < n; i++) assign(c, c->ready[i], &taken[i]);
  free(ids);
  free(taken);
  return rc;
}

static void warn_of_gone(struct sc_controller *c) {
  for (uint32_t index; (index = sc_lineage_next_gone(c->lineage)) != SC_NO_NODE; c->gaps++)
    sc_log(SC_WARN, "gap: a shard expired from the stream before it was read to its end", "shard=%s",
           sc_lineage_shard(c->lineage, index)->id);
  struct sc_hash_key at;
  if (sc_lineage_hole(c->lineage, &at))
    sc_log_often(SC_WARN, "the open shards do not cover the hash range; listing again",
                 "hole_at=%016" PRIx64 "%016" PRIx64, at.high, at.low);
}

static void set_idle_pace(struct sc_controller *c) {
  struct sc_lineage_counts n;
  sc_lineage_count(c->lineage, &n);
  int64_t ms = (int64_t)n.running * 1000 / IDLE_CALLS_PER_SECOND, least_ms = c->run->settings.tip.idle_interval_ms;
  if (least_ms == 0) return; /* the service says when there is more */
  if (ms < least_ms) ms = least_ms;
  for (uint32_t f = 0; f < c->run->settings.fetch_threads; f++) {
    struct sc_fetch_message m = {.kind = SC_FETCH_IDLE_PACE, .ms = ms};
    sc_mailbox_send(c->run->fetch_boxes[f], &m);
  }
}

struct assigning {
  struct sc_controller *c;
  struct sc_error *err;
  int rc;
};

/* Shards that have ended may make their children ready. */
static void insert_and_take(void *assigning) {
  struct assigning *a = assigning;
  a->rc = sc_controller_has_session(a->c, a->err) ? insert_new(a->c, a->err) : a->err->code;
  for (size_t n = 1; a->rc == SC_OK && n > 0;) a->rc = take_ready(a->c, &n, a->err);
}

int sc_controller_assign(struct sc_controller *c, struct sc_error *err) {
  struct assigning a = {c, err, SC_OK};
  warn_of_gone(c);
  sc_controller_errand(c, insert_and_take, &a);
  if (a.rc == SC_OK) set_idle_pace(c);
  return a.rc;
}

/* ---- while it runs ---- */

static void postpone(struct sc_controller *c, const struct sc_error *err) {
  if (err->code == SC_E_STOPPED) return; /* the stop that ended the call ends the load, in order */
  if (err->class == SC_CLASS_RETRY || err->class == SC_CLASS_THROTTLE) {
    sc_log_error(SC_WARN, "the shards could not be listed, trying again", err);
    c->list_due_ms = sc_clock_mono_ms() + RELIST * c->run->settings.retry_ms;
  } else {
    sc_controller_fail(c, err);
  }
}

/* What the last listing brought; put off while the target is away. */
static void take_in(struct sc_controller *c) {
  struct sc_error err;
  for (uint32_t i = 0; i < c->cap_assigned; i++)
    if (c->assigned[i] != NULL) announce_if_closed(c, c->assigned[i]);
  if (c->locked && sc_controller_assign(c, &err) == SC_OK) return;
  c->list_due_ms = sc_clock_mono_ms() + RELIST * c->run->settings.retry_ms;
  if (c->locked) sc_controller_lost(c, &err);
}

static void list_again(struct sc_controller *c) {
  struct sc_error err;
  if (list(c, &err) == SC_OK) take_in(c);
  else postpone(c, &err);
}

void sc_controller_discover(struct sc_controller *c) {
  c->list_due_ms = c->run->settings.tip.follow ? sc_clock_mono_ms() + c->run->settings.discovery_ms : INT64_MAX;
  list_again(c);
}

void sc_controller_confirm_end(struct sc_controller *c, const struct sc_shard_info *shard) {
  if (sc_clock_mono_ms() - c->listed_ms > FRESH_MS) list_again(c);
  bool closed = sc_lineage_is_closed(c->lineage, shard->index) || sc_lineage_is_gone(c->lineage, shard->index);
  struct sc_fetch_message m = {.kind = SC_FETCH_CONFIRMED, .shard = shard, .closed = closed};
  sc_mailbox_send(c->run->fetch_boxes[shard->fetch], &m);
}

void sc_controller_shard_done(struct sc_controller *c, const struct sc_shard_info *shard, bool ended) {
  if (ended) {
    sc_lineage_ended(c->lineage, shard->index);
    sc_log(SC_DEBUG, "shard ended", "shard=%s", shard->id);
    c->list_due_ms = sc_clock_mono_ms(); /* its children */
  } else {
    sc_lineage_at_tip(c->lineage, shard->index);
  }
}

int64_t sc_controller_lag_ms(const struct sc_controller *c) {
  int64_t most_ms = -1;
  for (uint32_t f = 0; f < c->run->settings.fetch_threads; f++) {
    int64_t ms = atomic_load_explicit(&c->run->behind_ms[f], memory_order_relaxed);
    if (ms > most_ms) most_ms = ms;
  }
  return most_ms;
}

void sc_controller_free_shards(struct sc_controller *c) {
  for (uint32_t i = 0; i < c->cap_assigned; i++) free(c->assigned[i]);
  free(c->assigned);
  free(c->ready);
  sc_lineage_free(c->lineage);
}
