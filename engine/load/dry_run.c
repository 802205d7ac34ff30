#include "engine/load/dry_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/buf.h"
#include "engine/list.h"
#include "engine/load/control/control_shards.h"
#include "engine/load/control/control_target.h"
#include "engine/print.h"
#include "engine/sample.h"
#include "engine/wait.h"

struct dry {
  struct sc_controller c;
  struct sc_dry_shard *shards; /* that would be read at once */
  size_t n, cap;
  size_t waiting; /* for their parents */
  struct sc_sample *sample;
  struct sc_proposal proposal;
};

/* ---- shards ---- */

static int stored_start(struct dry *d, const char *id, struct sc_position *out, struct sc_error *err) {
  struct sc_taken *taken = sc_alloc_zero(1, sizeof(*taken));
  int rc = d->c.run->store_ops->positions->peek(d->c.sessions.positions, &id, 1, taken, err);
  *out = taken->start;
  free(taken);
  return rc;
}

static int add_ready(struct dry *d, bool are_stored, struct sc_error *err) {
  struct sc_lineage *l = d->c.lineage;
  int rc = SC_OK;
  for (uint32_t i; rc == SC_OK && (i = sc_lineage_next_ready(l)) != SC_NO_NODE;) {
    sc_lineage_started(l, i);
    SC_ARRAY_ROOM(d->shards, d->n, d->cap, 1);
    struct sc_dry_shard *s = &d->shards[d->n++];
    *s = (struct sc_dry_shard){.info = {.index = i}, .start = sc_controller_start_of(&d->c, i), .behind_ms = -1};
    memcpy(s->info.id, sc_lineage_shard(l, i)->id, sizeof(s->info.id));
    if (are_stored) rc = stored_start(d, s->info.id, &s->start, err);
  }
  return rc;
}

/* The shards whose parents are done: those with a row, then those for which control would store one now. */
static int find_ready(struct dry *d, struct sc_error *err) {
  struct sc_lineage *l = d->c.lineage;
  int rc = add_ready(d, true, err);
  for (uint32_t i = 0; (i = sc_lineage_next_new(l, i)) != SC_NO_NODE; i++) sc_lineage_stored(l, i);
  if (rc == SC_OK) rc = add_ready(d, false, err);
  struct sc_lineage_counts counts;
  sc_lineage_count(l, &counts);
  d->waiting = counts.waiting;
  return rc;
}

/* ---- printing ---- */

static void format_lag(const struct sc_dry_shard *s, char out[32]) {
  if (s->behind_ms < 0) snprintf(out, 32, "-");
  else snprintf(out, 32, "%" PRId64 ".%03" PRId64 "s", s->behind_ms / 1000, s->behind_ms % 1000);
}

static void print_columns(const struct dry *d, struct sc_buf *out) {
  static const char *const headings[] = {"KEY", "COLUMN", "TYPE"};
  struct sc_list list;
  sc_list_init(&list, headings, headings, 3, false);
  for (size_t i = 0; i < d->proposal.n; i++) {
    const struct sc_proposed *c = &d->proposal.columns[i];
    struct sc_buf key = SC_BUF_INIT;
    if (c->metadata != NULL) sc_buf_printf(&key, "(%s)", c->metadata);
    else sc_buf_add_json_string(&key, sc_slice_of(c->key, c->key_len));
    sc_list_add(&list, (const char *const[]){sc_buf_str(&key), c->column, c->type});
    sc_buf_fini(&key);
  }
  sc_list_print(&list, out);
  sc_list_fini(&list);
}

static void print_shards(const struct dry *d, struct sc_buf *out) {
  static const char *const headings[] = {"SHARD", "START", "BEHIND", "SAMPLED"};
  struct sc_list list;
  sc_list_init(&list, headings, headings, 4, false);
  for (size_t i = 0; i < d->n; i++) {
    char start[160], lag[32], records[24];
    sc_position_format(&d->shards[i].start, start);
    format_lag(&d->shards[i], lag);
    snprintf(records, sizeof(records), "%" PRIu64, d->shards[i].records);
    sc_list_add(&list, (const char *const[]){d->shards[i].info.id, start, lag, records});
  }
  sc_list_print(&list, out);
  sc_list_fini(&list);
}

static void print_text(const struct dry *d, struct sc_buf *out) {
  const struct sc_run *run = d->c.run;
  const struct sc_proposal *p = &d->proposal;
  sc_buf_printf(out, "stream  %s\ntarget  %s\n\n", run->source_ops->describe(run->source),
                run->sink_ops->describe(run->sink));
  if (p->n > 0) print_columns(d, out);
  else
    sc_buf_add_str(out,
                   run->sink_ops->schema == NULL ? "each record as it is\n" : "no record to make columns of yet\n");
  if (p->ddl.len > 0) sc_buf_printf(out, "\n%s\n", sc_buf_str(&p->ddl));
  else if (p->n > 0) sc_buf_add_str(out, "\nthe table is there and stays as it is\n");
  sc_buf_add_str(out, "\n");
  print_shards(d, out);
  if (d->waiting > 0) sc_buf_printf(out, "%zu more when their parents are read\n", d->waiting);
}

static void add_member(struct sc_buf *out, const char *name, const char *text) {
  sc_buf_printf(out, "\"%s\":", name);
  sc_buf_add_json_string(out, sc_slice_str(text));
}

static void print_json_columns(const struct dry *d, struct sc_buf *out) {
  for (size_t i = 0; i < d->proposal.n; i++) {
    const struct sc_proposed *c = &d->proposal.columns[i];
    sc_buf_printf(out, "%s{\"%s\":", i ? "," : "", c->metadata != NULL ? "metadata" : "key");
    sc_buf_add_json_string(out, c->metadata != NULL ? sc_slice_str(c->metadata) : sc_slice_of(c->key, c->key_len));
    sc_buf_add_char(out, ',');
    add_member(out, "column", c->column);
    sc_buf_add_char(out, ',');
    add_member(out, "type", c->type);
    sc_buf_add_char(out, '}');
  }
}

static void print_json(const struct dry *d, struct sc_buf *out) {
  const struct sc_run *run = d->c.run;
  sc_buf_add_char(out, '{');
  add_member(out, "stream", run->source_ops->describe(run->source));
  sc_buf_add_char(out, ',');
  add_member(out, "target", run->sink_ops->describe(run->sink));
  sc_buf_printf(out, ",\"table_exists\":%s,\"columns\":[", d->proposal.exists ? "true" : "false");
  print_json_columns(d, out);
  sc_buf_add_str(out, "],");
  add_member(out, "ddl", sc_buf_str(&d->proposal.ddl));
  sc_buf_add_str(out, ",\"shards\":[");
  for (size_t i = 0; i < d->n; i++) {
    char start[160];
    sc_position_format(&d->shards[i].start, start);
    sc_buf_add_str(out, i ? ",{" : "{");
    add_member(out, "shard", d->shards[i].info.id);
    sc_buf_add_char(out, ',');
    add_member(out, "start", start);
    if (d->shards[i].behind_ms < 0) sc_buf_add_str(out, ",\"behind_ms\":null");
    else sc_buf_printf(out, ",\"behind_ms\":%" PRId64, d->shards[i].behind_ms);
    sc_buf_printf(out, ",\"sampled\":%" PRIu64 "}", d->shards[i].records);
  }
  sc_buf_printf(out, "],\"waiting\":%zu}\n", d->waiting);
}

static int print(const struct dry *d, bool json, struct sc_error *err) {
  struct sc_buf out = SC_BUF_INIT;
  if (json) print_json(d, &out);
  else print_text(d, &out);
  return sc_print(&out, err);
}

/* ---- the run ---- */

void sc_proposal_add(struct sc_proposal *p, const char *metadata, struct sc_slice key, const char *column,
                     const char *type) {
  SC_ARRAY_ROOM(p->columns, p->n, p->cap, 1);
  struct sc_proposed *c = &p->columns[p->n++];
  *c = (struct sc_proposed){.metadata = metadata,
                            .key = sc_strndup(key),
                            .key_len = key.len,
                            .column = sc_strdup(column),
                            .type = sc_strdup(type)};
}

void sc_proposal_fini(struct sc_proposal *p) {
  for (size_t i = 0; i < p->n; i++) {
    free(p->columns[i].key);
    free(p->columns[i].column);
    free(p->columns[i].type);
  }
  free(p->columns);
  sc_buf_fini(&p->ddl);
}

static int ask(struct dry *d, struct sc_error *err) {
  const struct sc_schema_ops *schema = d->c.run->sink_ops->schema;
  int rc = sc_sessions_open(&d->c.sessions, d->c.run, "dry run", &sc_wait, err);
  if (rc == SC_OK) rc = sc_controller_open_positions(&d->c, err);
  if (rc != SC_OK) return rc;
  rc = find_ready(d, err);
  if (rc == SC_OK) rc = sc_dry_sample(d->c.run, d->shards, d->n, d->sample, err);
  if (rc == SC_OK && schema != NULL) rc = schema->propose(d->c.sessions.rows, d->sample, &d->proposal, err);
  return rc;
}

int sc_dry_run(struct sc_run *run, const struct sc_load_options *options, bool json, struct sc_error *err) {
  struct dry *d = sc_alloc_zero(1, sizeof(*d));
  d->c.run = run;
  d->c.options = options;
  d->c.lineage = sc_lineage_new();
  sc_sessions_init(&d->c.sessions);
  d->sample = sc_sample_new(run->settings.max_columns);
  int rc = ask(d, err);
  if (rc == SC_OK) rc = print(d, json, err);
  sc_controller_close_target(&d->c);
  sc_controller_free_shards(&d->c);
  sc_sample_free(d->sample);
  sc_proposal_fini(&d->proposal);
  free(d->shards);
  free(d);
  return rc;
}
