/* A target's URL: postgresql:// or postgres://, with libpq's parameters and our options mixed in its query.
 *
 *   postgresql://me@db.example:5432/app?sslmode=require&table=raw.clicks&metadata=none
 *
 * A parameter libpq knows goes to libpq; one that is an option of shardcopy goes to sc_options_set (the command line
 * wins); an option of another command only is passed over, so that one URL serves them all; anything else is SC_E_USAGE
 * naming it. Control thread; does not block. Errors never quote the URL: it may hold a password.
 */
#ifndef SC_SINK_POSTGRES_URL_H
#define SC_SINK_POSTGRES_URL_H

#include "engine/base/options.h"
#include "sink/postgres/conn.h"

bool sc_pg_url_claims(const char *url);
/* *table, when asked for, is the parameter "table" as the URL has it, malloc'ed, NULL without. */
int sc_pg_url_parse(const char *url, struct sc_options *options, struct sc_pg_settings *out, char **table,
                    struct sc_error *err);

/* "table", "schema.table", with parts in double quotes where they hold a dot or a quote ("" inside is a quote). schema
 * is "" without. SC_E_USAGE when it is empty or a part is over 63 bytes. */
int sc_pg_url_table(const char *text, char schema[64], char table[64], struct sc_error *err);

#endif
