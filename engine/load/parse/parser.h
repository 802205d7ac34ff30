/* The inside of a parse thread, shared by parse_pool.c (loop, batches), parse_rows.c (records to rows and dead letters)
 * and parse_blocks.c (blocks and the memory for them). Private to them.
 */
#ifndef SC_LOAD_PARSE_PARSER_H
#define SC_LOAD_PARSE_PARSER_H

#include "engine/load/parse/parse_pool.h"

/* An opened batch that is not written yet, or only its first `at` records: there is no plan, or none that does for
 * record `at`, or --max-records has no room. */
struct sc_opened {
  struct sc_batch *batch;
  struct sc_record *records;
  uint32_t n, at;
  bool begun; /* it has a span */
  struct sc_opened *next;
};

struct sc_parser {
  struct sc_run *run;
  uint32_t index;
  struct sc_decoder *decoder;

  /* parse_blocks.c */
  struct sc_block **fillings; /* [w]: the block being filled for write thread w, or NULL */
  struct sc_block *free_blocks;
  uint32_t n_blocks; /* of the usual size that this thread has made: filling, free, or on their way */

  /* parse_rows.c */
  struct sc_cells cells;
  struct sc_rejects rejects;
  uint64_t dead_in_a_row;
  bool batch_begun; /* the batch being written has a span */
  bool requested;   /* the last write ended before a record that waits for another plan */
  uint32_t asked;   /* the generation of the plan that did not do; 0: none yet */

  /* parse_pool.c */
  struct sc_records records;
  struct sc_opened *opened, **opened_end; /* in the order they came; nothing is written before them */
  uint64_t opened_records;
  const struct sc_shard_info *spoilt_shard; /* of the last reply that could not be opened */
  unsigned spoilt;                          /* replies since that shard gave a good one */
  bool failed;                              /* told control; nothing more is written by this thread */
};

/* ---- parse_pool.c ---- */
/* Ends the run; the first time counts. */
void sc_parser_fail(struct sc_parser *p, const struct sc_error *err);
/* Of an older term than its write thread's: to be dropped. */
bool sc_parser_is_stale(const struct sc_parser *p, const struct sc_batch *batch);

/* ---- parse_rows.c ---- */
/* Writes records, the next n of the batch, which are claimed; returns how many of them are in blocks. Fewer than n:
 * with p->requested the rest waits for a plan newer than p->asked, which control was told; else the batch is to be
 * dropped (stale, the run failed or is abandoned). The claim of the rest is the caller's to give back. */
uint32_t sc_parser_write(struct sc_parser *p, const struct sc_batch *batch, const struct sc_record *records,
                         uint32_t n);
/* Ends the batch: its flags and lag go into its last span. */
void sc_parser_close_batch(struct sc_parser *p, const struct sc_batch *batch);

/* ---- parse_blocks.c ---- */
/* The block to fill for batch; bytes > 0: one with so many bytes free, for a row larger than the usual block. Waits for
 * memory. NULL: drop the batch. */
struct sc_block *sc_parser_block(struct sc_parser *p, const struct sc_batch *batch, const struct sc_plan *plan,
                                 size_t bytes);
/* The span of the batch at the end of the block: the last one when the batch goes on or follows there, else a new
 * one. */
struct sc_span *sc_parser_span(struct sc_parser *p, struct sc_block *block, const struct sc_batch *batch);
/* Passes the block being filled on, if anything is in it. */
void sc_parser_hand_over(struct sc_parser *p, uint32_t write);
/* Its rows are dropped; what they claimed comes back. */
void sc_parser_drop_filling(struct sc_parser *p, uint32_t write);
/* Blocks that were written come back to be filled again. */
void sc_parser_collect(struct sc_parser *p);
/* Gives the credit of the blocks kept for later back to the pool. */
void sc_parser_release(struct sc_parser *p);
/* Until block memory may have come back: all blocks but the empty ones are handed over, write threads are asked to
 * commit. Call in a loop: begin, { turn, try, sleep }, end. False: stale or abandoned, give up. */
void sc_parser_wait_begin(struct sc_parser *p);
bool sc_parser_wait_turn(struct sc_parser *p, const struct sc_batch *batch);
void sc_parser_wait_sleep(struct sc_parser *p);
void sc_parser_wait_end(struct sc_parser *p);

#endif
