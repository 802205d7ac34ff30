/* Which type a column gets when a value comes that it cannot hold, and how what it holds is carried over. Pure.
 *
 * It follows the inference of plan.h: the type that holds both what the column's type stands for and the value.
 * Integers give way to double precision when fractions come, to numeric when either is too large for that, booleans,
 * times and words beside others to text, anything beside an object or array to jsonb. text, bytea, json and jsonb hold
 * every JSON value and never change.
 */
#ifndef SC_SINK_POSTGRES_WIDEN_H
#define SC_SINK_POSTGRES_WIDEN_H

#include "engine/plan.h"

struct sc_cell;
struct sc_reject;

struct sc_pg_column_type {
  uint32_t type;    /* enum sc_pg_type */
  int32_t modifier; /* -1: none */
};

/* The type that holds the column's values and those of the kinds given, the same when it holds them already. The
 * modifier is given up: numeric(5,2) becomes numeric, varchar(9) text. */
struct sc_pg_column_type sc_pg_widen(struct sc_pg_column_type from, unsigned kinds);
/* Is there a change between the two? */
bool sc_pg_widen_changes(struct sc_pg_column_type from, struct sc_pg_column_type to);
/* Does it depend on the integers stored whether double precision holds them? Then ask, and add SC_KIND_LONG to kinds if
 * one is beyond 2^53. */
bool sc_pg_widen_asks(struct sc_pg_column_type from, unsigned kinds);
/* The expression of USING, where %I stands for the column: "%I::text". */
const char *sc_pg_widen_using(uint32_t from, uint32_t to);

/* The enum sc_kind of a cell that is not NULL. */
unsigned sc_pg_widen_kind(const struct sc_cell *cell);
/* Whether a cell that the column has refused would fit another type: SC_REQUEST_TYPE, and why->kinds, why->request are
 * set; why->column is. */
void sc_pg_widen_request(const struct sc_plan *plan, const struct sc_cell *cell, struct sc_reject *why);

#endif
