/* The PostgreSQL target, postgresql://user@host/db?table=schema.table: rows, dead letters and positions in one
 * transaction. */
#ifndef SC_SINK_POSTGRES_POSTGRES_H
#define SC_SINK_POSTGRES_POSTGRES_H

#include "engine/sink.h"

extern const struct sc_sink_ops sc_sink_postgres;

#endif
