/* A parse thread: opens envelopes, decodes, encodes for the sink. CPU only; waits only for blocks (memory) and for the
 * first plan.
 *
 * In: batches. Out: blocks. While there is no plan it adds records to the run's sample and holds their batches. A batch
 * or block of an older term than its write thread's is dropped, and its claim and credit are given back.
 */
#ifndef SC_LOAD_PARSE_PARSE_POOL_H
#define SC_LOAD_PARSE_PARSE_POOL_H

#include "engine/load/parse/parser.h"

/* The thread; ends at SC_STAGE_STOP_PARSE when all is handed over, or at SC_STAGE_ABANDON. */
void sc_parser_main(void *parser);

#endif
