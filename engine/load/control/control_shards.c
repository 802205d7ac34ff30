#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/load/control/controller.h"

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
    sc_error_set(err, SC_E_CONFIG, "--start %s is in the future", text);
    sc_error_hint(err, "--start latest begins with what comes from now on");
    return err->code;
  }
  return SC_OK;
}

static int is_another_stream(const struct sc_controller *c, const struct sc_survey *survey, struct sc_error *err) {
  const struct sc_stream_identity *now = &c->identity;
  bool arn = survey->stream_arn[0] != '\0' && now->arn[0] != '\0' && strcmp(survey->stream_arn, now->arn) != 0;
  bool made = survey->stream_created_ms != 0 && now->created_ms != 0 && survey->stream_created_ms != now->created_ms;
  if (!arn && !made) return SC_OK;
  if (arn) {
    sc_error_set(err, SC_E_POSITIONS, "the stored positions are of another stream: %s, not %s", survey->stream_arn,
                 now->arn);
  } else {
    char then[25], created[25];
    sc_clock_format_ms(survey->stream_created_ms, then);
    sc_clock_format_ms(now->created_ms, created);
    sc_error_set(err, SC_E_POSITIONS,
                 "stream %s was deleted and made again: positions are of the one of %s, this one is of %s", now->name,
                 then, created);
  }
  sc_error_hint(err, "--restart forgets the stored positions and begins at --start; --namespace keeps both");
  return err->code;
}

static int check_survey(const struct sc_controller *c, const struct sc_survey *survey, struct sc_error *err) {
  if (is_another_stream(c, survey, err) != SC_OK) return err->code;
  if (survey->table_exists || !survey->has_records) return SC_OK;
  sc_error_set(err, SC_E_POSITIONS, "there are positions of an earlier load, but %s does not exist",
               c->run->sink_ops->describe(c->run->sink));
  sc_error_hint(err, "--restart forgets the positions and begins at --start, or bring the table back");
  return err->code;
}

static void say_resuming(const struct sc_controller *c, const struct sc_survey *survey) {
  char when[25] = "their start";
  if (survey->newest_updated_ms != 0) sc_clock_format_ms(survey->newest_updated_ms, when);
  struct sc_buf line = SC_BUF_INIT;
  sc_buf_printf(&line, "resuming %zu shards from positions of %s%s", survey->n, when,
                c->options->start_given ? "; --start is not used" : "");
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
  if (!c->run->sink_ops->keeps_positions)
    sc_log(SC_INFO, "this target keeps no positions: another run starts again", NULL);
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
  const struct sc_sink_ops *ops = c->run->sink_ops;
  if (!ops->keeps_positions) return SC_OK;
  int rc = SC_OK;
  if (c->options->restart && c->options->dry_run) return SC_OK;
  if (c->options->restart) rc = ops->forget(c->session, err);
  if (rc == SC_OK) rc = ops->survey(c->session, survey, err);
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

/* The rows of all shards that have none yet, in one transaction. */
static int insert_new(struct sc_controller *c, struct sc_error *err) {
  struct sc_listed shard;
  bool first_run;
  size_t before = c->n_rows;
  for (size_t cursor = 0; sc_lineage_next_new(c->lineage, &cursor, &shard, &first_run);) {
    if (c->n_rows == c->cap_rows) {
      c->cap_rows = c->cap_rows == 0 ? 64 : c->cap_rows * 2;
      c->rows = sc_realloc(c->rows, c->cap_rows * sizeof(*c->rows));
    }
    struct sc_position_row *row = &c->rows[c->n_rows++];
    memset(row, 0, sizeof(*row));
    memcpy(row->shard_id, shard.id, sizeof(row->shard_id));
    memcpy(row->parents, shard.parents, sizeof(row->parents));
    row->start = first_run ? c->start : (struct sc_position){.start = SC_START_TRIM_HORIZON};
  }
  int rc = SC_OK;
  const struct sc_sink_ops *ops = c->run->sink_ops;
  if (c->n_rows > before && ops->keeps_positions)
    rc = ops->add_shards(c->session, &c->identity, c->rows + before, c->n_rows - before, err);
  for (size_t i = before; rc == SC_OK && i < c->n_rows; i++) sc_lineage_stored(c->lineage, c->rows[i].shard_id);
  if (rc != SC_OK) c->n_rows = before;
  return rc;
}

static struct sc_shard_info *new_info(struct sc_controller *c, const char *id) {
  const struct sc_settings *s = &c->run->settings;
  if (c->n_infos == c->cap_infos) {
    c->cap_infos = c->cap_infos == 0 ? 64 : c->cap_infos * 2;
    c->infos = sc_realloc(c->infos, c->cap_infos * sizeof(*c->infos));
    c->told_closed = sc_realloc(c->told_closed, c->cap_infos * sizeof(*c->told_closed));
  }
  struct sc_shard_info *info = sc_alloc_zero(1, sizeof(*info));
  info->index = c->n_infos;
  info->fetch = (uint16_t)(info->index % s->fetch_threads);
  info->parse = (uint16_t)(info->index % s->parse_threads);
  info->write = (uint16_t)(info->index % s->write_threads);
  memcpy(info->id, id, strlen(id) + 1);
  c->told_closed[info->index] = false;
  c->infos[c->n_infos++] = info;
  return info;
}

/* Records older than the horizon that were not read are gone; a quiet shard's read_until keeps up, so it raises
 * none. */
static void look_for_gap(struct sc_controller *c, const struct sc_taken *t) {
  if (t->sequence.len == 0 || t->read_until_ms == 0 || c->identity.retention_ms == 0 || c->identity.service_ms == 0)
    return;
  int64_t horizon_ms = service_now_ms(c) - c->identity.retention_ms;
  if (t->read_until_ms >= horizon_ms) return;
  char from[25], to[25];
  sc_clock_format_ms(t->read_until_ms, from);
  sc_clock_format_ms(horizon_ms, to);
  c->gaps++;
  sc_log(SC_WARN, "gap: records may have expired before they were read", "shard=%s from=%s to=%s", t->shard_id, from,
         to);
}

/* A closed shard has an end to be read to, not a tip. */
static void tell_if_closed(struct sc_controller *c, const struct sc_shard_info *info) {
  if (c->told_closed[info->index] || !sc_lineage_is_closed(c->lineage, info->id)) return;
  c->told_closed[info->index] = true;
  struct sc_fetch_message m = {.kind = SC_FETCH_CLOSED, .shard = info};
  sc_mailbox_send(c->run->fetch_boxes[info->fetch], &m);
}

static void assign(struct sc_controller *c, const struct sc_taken *t) {
  if (t->ended) { /* by a commit that was in doubt when the positions were read */
    sc_lineage_ended(c->lineage, t->shard_id);
    c->list_due_ms = sc_clock_mono_ms(); /* its children */
    return;
  }
  look_for_gap(c, t);
  struct sc_write_message m = {.kind = SC_WRITE_ADD, .shard = new_info(c, t->shard_id), .taken = *t};
  tell_if_closed(c, m.shard);
  sc_mailbox_send(c->run->write_boxes[m.shard->write], &m);
}

/* A sink without positions: the start is the one of the row that would have been stored. */
static void take_unstored(const struct sc_controller *c, const char *id, size_t *hint, struct sc_taken *t) {
  memcpy(t->shard_id, id, strlen(id) + 1);
  for (size_t i = 0; i < c->n_rows; i++) {
    const struct sc_position_row *row = &c->rows[(*hint + i) % c->n_rows];
    if (strcmp(row->shard_id, id) != 0) continue;
    t->start = row->start;
    *hint += i + 1;
    return;
  }
}

/* A shard is to be taken until a take has succeeded: the list outlives a lost connection. */
static void collect_ready(struct sc_controller *c) {
  char id[129];
  while (sc_lineage_next_ready(c->lineage, id)) {
    if (c->n_ready == c->cap_ready) {
      c->cap_ready = c->cap_ready == 0 ? 64 : c->cap_ready * 2;
      c->ready = sc_realloc(c->ready, c->cap_ready * sizeof(*c->ready));
    }
    memcpy(c->ready[c->n_ready++], id, sizeof(id));
    sc_lineage_started(c->lineage, id);
  }
}

static int take_ready(struct sc_controller *c, size_t *n_taken, struct sc_error *err) {
  collect_ready(c);
  size_t n = *n_taken = c->n_ready;
  if (n == 0) return SC_OK;
  struct sc_taken *taken = sc_alloc_zero(n, sizeof(*taken));
  const char **names = sc_alloc(n * sizeof(*names));
  for (size_t i = 0, hint = 0; i < n; i++) {
    names[i] = c->ready[i];
    take_unstored(c, c->ready[i], &hint, &taken[i]);
  }
  int rc = SC_OK;
  if (c->run->sink_ops->keeps_positions) rc = c->run->sink_ops->take(c->session, names, n, taken, err);
  if (rc == SC_OK) c->n_ready = 0;
  for (size_t i = 0; rc == SC_OK && i < n; i++) assign(c, &taken[i]);
  free(names);
  free(taken);
  return rc;
}

static void warn_of_gone(struct sc_controller *c) {
  char id[129];
  while (sc_lineage_next_gone(c->lineage, id)) {
    c->gaps++;
    sc_log(SC_WARN, "gap: a shard expired from the stream before it was read to its end", "shard=%s", id);
  }
  struct sc_hash_key at;
  static struct sc_log_window window;
  uint64_t more;
  if (sc_lineage_hole(c->lineage, &at) && sc_log_due(&window, 60000, &more))
    sc_log(SC_WARN, "the open shards do not cover the hash range; listing again", "hole_at=%016" PRIx64 "%016" PRIx64,
           at.high, at.low);
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

int sc_controller_assign(struct sc_controller *c, struct sc_error *err) {
  warn_of_gone(c);
  int rc = insert_new(c, err);
  for (size_t n = 1; rc == SC_OK && n > 0;) rc = take_ready(c, &n, err); /* ended ones may make their children ready */
  if (rc == SC_OK) set_idle_pace(c);
  return rc;
}

/* ---- while it runs ---- */

static void postpone(struct sc_controller *c, const struct sc_error *err) {
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
  for (uint32_t i = 0; i < c->n_infos; i++) tell_if_closed(c, c->infos[i]);
  if (c->locked && sc_controller_assign(c, &err) == SC_OK) return;
  c->list_due_ms = sc_clock_mono_ms() + RELIST * c->run->settings.retry_ms;
  if (c->locked) sc_controller_lost(c, &err);
}

void sc_controller_discover(struct sc_controller *c) {
  struct sc_error err;
  c->list_due_ms = c->run->settings.tip.follow ? sc_clock_mono_ms() + c->run->settings.discovery_ms : INT64_MAX;
  if (list(c, &err) == SC_OK) {
    take_in(c);
  } else {
    postpone(c, &err);
  }
}

void sc_controller_confirm_end(struct sc_controller *c, const struct sc_shard_info *shard) {
  struct sc_error err;
  if (sc_clock_mono_ms() - c->listed_ms > FRESH_MS) {
    if (list(c, &err) == SC_OK) {
      take_in(c);
    } else {
      postpone(c, &err);
    }
  }
  bool closed = sc_lineage_is_closed(c->lineage, shard->id) || sc_lineage_is_gone(c->lineage, shard->id);
  struct sc_fetch_message m = {.kind = SC_FETCH_CONFIRMED, .shard = shard, .closed = closed};
  sc_mailbox_send(c->run->fetch_boxes[shard->fetch], &m);
}

void sc_controller_shard_done(struct sc_controller *c, const struct sc_shard_info *shard, bool ended) {
  if (ended) {
    sc_lineage_ended(c->lineage, shard->id);
    sc_log(SC_DEBUG, "shard ended", "shard=%s", shard->id);
    c->list_due_ms = sc_clock_mono_ms(); /* its children */
  } else {
    sc_lineage_at_tip(c->lineage, shard->id);
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
  for (uint32_t i = 0; i < c->n_infos; i++) free(c->infos[i]);
  free(c->infos);
  free(c->told_closed);
  free(c->rows);
  free(c->ready);
  if (c->lineage != NULL) sc_lineage_free(c->lineage);
}
