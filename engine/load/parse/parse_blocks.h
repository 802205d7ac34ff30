/* The blocks of a parse thread: where they come from, where they go, and the memory for them.
 *
 * A parse thread may own run->settings.blocks_a_parser blocks of the usual size, so that no thread can starve another,
 * and keeps them: no allocation in the steady state. Rows larger than a block and dead letters are paid from what is
 * left of the pool. A thread that waits for memory holds nothing but empty blocks. So whatever other threads hold is
 * committed in the end, and its memory comes back.
 */
#ifndef SC_LOAD_PARSE_PARSE_BLOCKS_H
#define SC_LOAD_PARSE_PARSE_BLOCKS_H

#include "engine/load/parse/parser.h"

/* The block to fill for batch; bytes > 0: one with so many bytes free, for a row larger than the usual block. Waits for
 * memory. NULL: drop the batch. */
struct sc_block *sc_parser_block(struct sc_parser *p, const struct sc_batch *batch, const struct sc_plan *plan,
                                 size_t bytes);
/* The span of the batch at the end of the block: the last one when the batch goes on or follows there, else a new
 * one. */
struct sc_span *sc_parser_span(struct sc_parser *p, struct sc_block *block, const struct sc_batch *batch);
/* Passes the block being filled on, if anything is in it. */
void sc_parser_hand_over(struct sc_parser *p, uint32_t write);
/* Blocks that were written come back to be filled again. */
void sc_parser_collect(struct sc_parser *p);
/* Gives the credit of the blocks kept for later back to the pool. */
void sc_parser_release(struct sc_parser *p);

/* Waiting for block memory: all blocks but the empty ones are handed over, and write threads are asked to commit. Call
 * in a loop: begin, { turn, try, sleep }, end. turn returns false when the batch is stale or the run abandoned: give
 * up. */
void sc_parser_wait_begin(struct sc_parser *p);
bool sc_parser_wait_turn(struct sc_parser *p, const struct sc_batch *batch);
void sc_parser_wait_sleep(struct sc_parser *p);
void sc_parser_wait_end(struct sc_parser *p);

#endif
