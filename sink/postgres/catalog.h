/* The target table: described when it is there, made from a sample when it is not (create.h), and turned into a plan.
 *
 * An existing table is filled by column name: column "a" takes JSON key "a". A missing key
 * is the column's DEFAULT (defaults.h). Left out: generated columns, identities GENERATED ALWAYS unless they are to be
 * filled, and with by_position all identities. Metadata columns are filled when they exist by their names (layout.h).
 * With by_position a column takes the key of its name, upper case taken for lower case, when every sampled key has such
 * a column; else the first column takes the first key seen, and so on, and there must be as many of the one as of the
 * other. With --columns=json and raw the column "data" takes the payload, the others keep their defaults; the table is
 * made at once.
 *
 * Control's session; no COPY open, no transaction open.
 */
#ifndef SC_SINK_POSTGRES_CATALOG_H
#define SC_SINK_POSTGRES_CATALOG_H

#include "engine/sink.h"
#include "sink/postgres/target.h"

/* sample NULL: *out is NULL, with SC_OK, when the table is missing (and its columns depend on the records), and also
 * when it is filled by position and nothing is decided yet: then a sample is wanted. */
int sc_pg_catalog_plan(const struct sc_pg_target *t, const struct sc_sample *sample, uint32_t generation,
                       struct sc_plan **out, struct sc_error *err);

/* What sc_pg_catalog_plan would do with a table made, or filled, by that sample: nothing is run. */
int sc_pg_catalog_propose(const struct sc_pg_target *t, const struct sc_sample *sample, struct sc_proposal *out,
                          struct sc_error *err);

void sc_pg_by_position_fini(struct sc_pg_by_position *decided);

#endif
