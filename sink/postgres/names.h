/* The names a load uses in a PostgreSQL target: tables, namespace, the lock, who we are. Made once by the first session
 * of a sink, read-only afterwards, so that every thread may read them.
 */
#ifndef SC_SINK_POSTGRES_NAMES_H
#define SC_SINK_POSTGRES_NAMES_H

#include "sink/postgres/conn.h"

struct sc_pg_names {
  char schema[64], table[64], checkpoint_schema[64];
  char name_space[256];
  char *target;       /* "schema"."table", quoted */
  char *checkpoints;  /* "schema"."kinesis_checkpoints", quoted */
  char *dead_letters; /* "schema"."kinesis_dead_letters", quoted */
  char *state;        /* "schema"."kinesis_state", quoted */
  int64_t lock_key;   /* of the advisory lock: checkpoint schema and namespace, hashed */
};

/* What the user said; schema and checkpoint_schema may be "". Does the server know the table without a schema, it is
 * taken where the search path finds it, else the current schema (else public). SC_E_CONFIG when the namespace is empty
 * or over 255 bytes. */
int sc_pg_names_make(struct sc_pg *pg, const char *schema, const char *table, const char *checkpoint_schema,
                     const char *name_space, struct sc_pg_names *out, struct sc_error *err);
void sc_pg_names_fini(struct sc_pg_names *names);

/* Whether a table of that name, in whatever schema, is one that shardcopy keeps positions, dead letters or state in.
 * Rows of a stream in them would become positions. */
bool sc_pg_names_is_own(const char *table);

/* "4711@db1": this process. */
void sc_pg_names_worker(char out[64]);
/* "shardcopy NAME ROLE 4711@db1" in the 63 printable ASCII bytes PostgreSQL keeps of an application_name; the name is
 * cut and what is not ASCII shown as ? where it must be. */
void sc_pg_names_application(const char *name, const char *role, char out[64]);
int64_t sc_pg_names_lock_key(const char *checkpoint_schema, const char *name_space);

#endif
