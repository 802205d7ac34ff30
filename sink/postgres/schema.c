#include "sink/postgres/schema.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/log.h"
#include "engine/sample.h"
#include "sink/postgres/types.h"

static int choice(const char *word, const char *const *words, int n) {
  if (word == NULL) return 0;
  for (int i = 1; i < n; i++)
    if (strcmp(words[i], word) == 0) return i;
  SC_ASSERT(!"a choice of the option");
  return 0;
}

void sc_pg_schema_init(struct sc_pg_schema *schema, const char *unknown_keys, const char *on_type_change,
                       bool infer_timestamps, uint32_t max_columns) {
  static const char *const unknown[] = {"", "add", "ignore", "dead-letter"}, *const type[] = {"", "widen",
                                                                                              "dead-letter", "fail"};
  *schema = (struct sc_pg_schema){.unknown = (enum sc_pg_unknown)choice(unknown_keys, unknown, 4),
                                  .type_change = (enum sc_pg_type_change)choice(on_type_change, type, 4),
                                  .infer_timestamps = infer_timestamps,
                                  .max_columns = max_columns};
}

void sc_pg_schema_fini(struct sc_pg_schema *schema) {
  for (size_t i = 0; i < schema->n_unnamed; i++) free((char *)schema->unnamed[i].ptr);
  free(schema->unnamed);
  free(schema->frozen);
  *schema = (struct sc_pg_schema){.frozen = NULL};
}

static bool is_frozen(const struct sc_pg_schema *schema, const char *column) {
  for (size_t i = 0; i < schema->n_frozen; i++)
    if (strcmp(schema->frozen[i], column) == 0) return true;
  return false;
}

void sc_pg_schema_freeze(struct sc_pg_schema *schema, const char *column) {
  if (is_frozen(schema, column)) return;
  SC_ARRAY_ROOM(schema->frozen, schema->n_frozen, schema->cap_frozen, 1);
  snprintf(schema->frozen[schema->n_frozen++], 64, "%s", column);
}

bool sc_pg_schema_is_unnamed(const struct sc_pg_schema *schema, struct sc_slice key) {
  for (size_t i = 0; i < schema->n_unnamed; i++)
    if (sc_slice_equals(schema->unnamed[i], key)) return true;
  return false;
}

void sc_pg_schema_leave_unnamed(struct sc_pg_schema *schema, struct sc_slice key) {
  if (sc_pg_schema_is_unnamed(schema, key)) return;
  SC_ARRAY_ROOM(schema->unnamed, schema->n_unnamed, schema->cap_unnamed, 1);
  schema->unnamed[schema->n_unnamed++] = sc_slice_of(sc_strndup(key), key.len);
  sc_log(SC_WARN, "a key cannot be a name in the database's encoding; it is counted only", "key=\"%.*s\"",
         SC_SLICE_ARGS(key));
}

static bool may_change(const struct sc_pg_layout *layout, char kind) {
  return layout->columns == SC_COLUMNS_AUTO && !layout->by_position && (kind == 'r' || kind == 'p');
}

static enum sc_unknown unknown_of(struct sc_pg_schema *schema, bool ours, bool may, const struct sc_plan *plan) {
  if (schema->unknown == SC_PG_UNKNOWN_DEAD_LETTER) return SC_UNKNOWN_DEAD_LETTER;
  bool adds = schema->unknown == SC_PG_UNKNOWN_ADD || (schema->unknown == SC_PG_UNKNOWN_BY_OWNER && ours);
  if (!adds || !may || schema->no_columns) return SC_UNKNOWN_IGNORE;
  if (plan->n_payload < schema->max_columns) return SC_UNKNOWN_ADD;
  if (!schema->said_full)
    sc_log(SC_WARN, "the table has as many columns as --max-columns allows; further keys are counted only",
           "columns=%u", plan->n_payload);
  schema->said_full = true;
  return SC_UNKNOWN_IGNORE;
}

void sc_pg_schema_apply(struct sc_pg_schema *schema, const struct sc_pg_layout *layout, bool ours, char kind,
                        struct sc_plan *plan) {
  bool may = may_change(layout, kind), one_column = sc_pg_layout_is_one_column(layout);
  bool widen = schema->type_change == SC_PG_TYPE_WIDEN || (schema->type_change == SC_PG_TYPE_BY_OWNER && ours);
  plan->unknown = one_column ? SC_UNKNOWN_IGNORE : unknown_of(schema, ours, may, plan);
  plan->fail_on_type = schema->type_change == SC_PG_TYPE_FAIL && !one_column;
  for (uint32_t i = 0; i < plan->n_payload; i++) {
    struct sc_column *c = &plan->columns[i];
    c->widens = widen && may && sc_pg_type_is_binary(c->type) && !is_frozen(schema, c->name);
    c->exact = c->widens && ours;
  }
}

const char *sc_pg_schema_type(const struct sc_pg_schema *schema, enum sc_inferred inferred) {
  static const char *const names[] = {[SC_INFER_BIGINT] = "bigint",   [SC_INFER_DOUBLE] = "double precision",
                                      [SC_INFER_NUMERIC] = "numeric", [SC_INFER_BOOL] = "boolean",
                                      [SC_INFER_TEXT] = "text",       [SC_INFER_JSON] = "jsonb",
                                      [SC_INFER_TIME] = "timestamptz"};
  if (inferred == SC_INFER_TIME && !schema->infer_timestamps) return "text";
  return names[inferred];
}
