/* A parse thread: opens envelopes, decodes, encodes for the sink. CPU only; waits only for blocks (memory) and for the
 * first plan.
 *
 * In: batches. Out: blocks. While there is no plan it adds records to the run's sample and holds their batches. A batch
 * or block of an older term than its write thread's is dropped and its claim and credit given back.
 */
#ifndef SC_LOAD_PARSE_PARSE_POOL_H
#define SC_LOAD_PARSE_PARSE_POOL_H

#include "engine/load/run.h"

struct sc_parser;
struct sc_parser *sc_parser_new(struct sc_run *run, uint32_t index);
void sc_parser_main(void *parser); /* the thread; ends at SC_STAGE_STOP_PARSE when all is handed over, or at ABANDON */
void sc_parser_free(struct sc_parser *parser); /* after the join */

#endif
