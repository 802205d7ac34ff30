/* The target table: described when it is there, made from a sample when it is not, and turned into a plan.
 *
 * An existing table is filled by column name: column "a" takes JSON key "a". Left out: generated and identity columns,
 * and columns with a DEFAULT that no sampled record has a key for (so that the default applies). Metadata columns are
 * filled when they exist by their names (pg_layout.h). With by_position a column takes the key of its name, upper case
 * taken for lower case, when every sampled key has such a column; else the first column takes the first key seen, and
 * so on, and there must be as many of the one as of the other. With --columns=json and raw the column "data" takes the
 * payload, the others keep their defaults; the table is made at once.
 *
 * A table we make has a column a key, named like it. Where that cannot be (longer than 63 bytes, empty, a system
 * column's or metadata column's name, the same as another's) the name is cut between two characters and a hash of the
 * key put behind it, _ for the empty one, or gets a suffix _2, _3 ..., and the key is kept as the column's comment,
 * "shardcopy key: KEY", which later runs read. A key with U+0000 gets no column. Two loads may make the table at once.
 *
 * Control's session; no COPY open, no transaction open.
 */
#ifndef SC_SINK_POSTGRES_CATALOG_H
#define SC_SINK_POSTGRES_CATALOG_H

#include "engine/sink.h"
#include "sink/postgres/layout.h"
#include "sink/postgres/names.h"
#include "sink/postgres/schema.h"

/* Which columns with a DEFAULT are filled: decided with the first plan, kept for later plans of the run (a column added
 * later with a DEFAULT is left to it until the next run). */
struct sc_pg_key {
  char column[64];
  char *key;
  size_t key_len;
};
struct sc_pg_defaults {
  bool decided;
  struct sc_pg_key *keys; /* by position: which key goes into which column */
  size_t n_keys;
  char (*filled)[64];
  size_t n;
};
void sc_pg_defaults_fini(struct sc_pg_defaults *defaults);

/* sample NULL: *out is NULL, with SC_OK, when the table is missing (and its columns depend on the records), and also
 * when it has columns with a DEFAULT, or is filled by position, and nothing is decided yet: then a sample is wanted. */
int sc_pg_catalog_plan(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_layout *layout,
                       struct sc_pg_schema *schema, struct sc_pg_defaults *defaults, const struct sc_sample *sample,
                       uint32_t generation, struct sc_plan **out, struct sc_error *err);

/* What the above would do with a table made, or filled, by that sample: nothing is run. */
int sc_pg_catalog_propose(struct sc_pg *pg, const struct sc_pg_names *names, const struct sc_pg_layout *layout,
                          struct sc_pg_schema *schema, const struct sc_sample *sample, struct sc_proposal *out,
                          struct sc_error *err);

/* The key a column stands for: its comment's, else its name. */
struct sc_slice sc_pg_catalog_key(const char *name, const char *comment);
/* Adds the statement that keeps the key as the column's comment. */
int sc_pg_catalog_comment(struct sc_pg *pg, const struct sc_pg_names *names, const char *column, struct sc_slice key,
                          struct sc_buf *sql, struct sc_error *err);
/* The column name for a key, unlike any of used (n names of 64 bytes, system columns come on top). False: the key can
 * have none. */
bool sc_pg_catalog_name(struct sc_slice key, const char (*used)[64], size_t n, char out[64]);

#endif
