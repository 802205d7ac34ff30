/* Records to rows and dead letters. */
#ifndef SC_LOAD_PARSE_PARSE_ROWS_H
#define SC_LOAD_PARSE_PARSE_ROWS_H

#include "engine/load/parse/parser.h"

/* Writes records, the next n of the batch, which are claimed; returns how many of them are in blocks. Fewer than n:
 * with p->requested the rest waits for a plan newer than p->asked, which control was told; else the batch is to be
 * dropped (stale, the run failed or is abandoned). The claim of the rest is the caller's to give back. plan may be NULL
 * when n is 0. */
uint32_t sc_parser_write(struct sc_parser *p, const struct sc_plan *plan, const struct sc_batch *batch,
                         const struct sc_record *records, uint32_t n);
/* Ends the batch: its flags and lag go into its last span. */
void sc_parser_close_batch(struct sc_parser *p, const struct sc_plan *plan, const struct sc_batch *batch);

#endif
