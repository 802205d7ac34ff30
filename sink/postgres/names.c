#include "sink/postgres/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHECKPOINTS "kinesis_checkpoints"
#define DEAD_LETTERS "kinesis_dead_letters"
#define STATE "kinesis_state"

static char *qualified(struct sc_pg *pg, const char *schema, const char *table, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  if (!sc_pg_sql(pg, &sql, err, "%I.%I", schema, table)) return sql.ptr;
  sc_buf_fini(&sql);
  return NULL;
}

bool sc_pg_names_is_own(const char *table) {
  return !strcmp(table, CHECKPOINTS) || !strcmp(table, DEAD_LETTERS) || !strcmp(table, STATE);
}

/* The schema of a table named without one. */
static int find_schema(struct sc_pg *pg, const char *table, char out[64], struct sc_error *err) {
  struct sc_pg_answer answer;
  int rc = sc_pg_query(pg, &answer, err,
                       "SELECT coalesce((SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                       " WHERE c.oid = to_regclass(quote_ident(%L))), current_schema(), 'public')",
                       table);
  if (rc == SC_OK) snprintf(out, 64, "%s", sc_pg_value(answer.rows, 0, 0));
  sc_pg_result_free(answer.rows);
  return rc;
}

/* FNV-1a, 64 bits. Loads of other versions take the same lock, so the hash may never change. */
int64_t sc_pg_names_lock_key(const char *checkpoint_schema, const char *name_space) {
  const char *const parts[] = {"shardcopy", checkpoint_schema, name_space};
  uint64_t h = 0xcbf29ce484222325;
  for (int i = 0; i < 3; i++) {
    size_t len = strlen(parts[i]) + 1; /* with its NUL, so that the parts cannot run into each other */
    for (size_t k = 0; k < len; k++) h = (h ^ (unsigned char)parts[i][k]) * 0x100000001b3;
  }
  return (int64_t)h;
}

int sc_pg_names_make(struct sc_pg *pg, const char *schema, const char *table, const char *checkpoint_schema,
                     const char *name_space, struct sc_pg_names *out, struct sc_error *err) {
  int rc = SC_OK;
  *out = (struct sc_pg_names){.target = NULL};
  if (!name_space[0] || strlen(name_space) >= sizeof(out->name_space)) {
    return sc_error_set(err, SC_E_CONFIG, "the namespace must have 1 to %zu bytes", sizeof(out->name_space) - 1);
  }
  snprintf(out->name_space, sizeof(out->name_space), "%s", name_space);
  snprintf(out->table, sizeof(out->table), "%s", table);
  snprintf(out->schema, sizeof(out->schema), "%s", schema);
  if (!schema[0]) rc = find_schema(pg, table, out->schema, err);
  if (rc != SC_OK) return rc;
  snprintf(out->checkpoint_schema, 64, "%s", checkpoint_schema[0] ? checkpoint_schema : out->schema);
  out->target = qualified(pg, out->schema, out->table, err);
  out->checkpoints = qualified(pg, out->checkpoint_schema, CHECKPOINTS, err);
  out->dead_letters = qualified(pg, out->checkpoint_schema, DEAD_LETTERS, err);
  out->state = qualified(pg, out->checkpoint_schema, STATE, err);
  out->lock_key = sc_pg_names_lock_key(out->checkpoint_schema, out->name_space);
  if (out->target != NULL && out->checkpoints != NULL && out->dead_letters != NULL && out->state != NULL) return SC_OK;
  sc_pg_names_fini(out);
  return err->code;
}

void sc_pg_names_fini(struct sc_pg_names *names) {
  free(names->target);
  free(names->checkpoints);
  free(names->dead_letters);
  free(names->state);
  *names = (struct sc_pg_names){.target = NULL};
}

void sc_pg_names_worker(char out[64]) {
  char host[40] = "";
  if (gethostname(host, sizeof(host) - 1)) snprintf(host, sizeof(host), "localhost");
  host[strcspn(host, " ")] = 0;
  host[23] = 0; /* leaves room for the rest of an application_name */
  snprintf(out, 64, "%ld@%s", (long)getpid(), host);
}

static void only_printable(char *text) {
  for (char *p = text; *p; p++) {
    if (*p < 32 || *p > 126) *p = '?';
  }
}

void sc_pg_names_application(const char *name, const char *role, char out[64]) {
  char worker[64], word[11];
  snprintf(word, sizeof(word), "%s", role);
  for (char *p = word; *p; p++) *p = *p == ' ' ? '-' : *p;
  sc_pg_names_worker(worker);
  int room = 63 - snprintf(NULL, 0, "shardcopy  %s %.34s", word, worker);
  snprintf(out, 64, "shardcopy %.*s %s %.34s", room, name, word, worker);
  only_printable(out);
}
