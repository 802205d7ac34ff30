/* The state of a parse thread, and what its parts share: parse_pool.c (the loop, batches), parse_rows.c (records to
 * rows and dead letters), parse_blocks.c (blocks and the memory for them). Private to them, but for new and free, which
 * control calls while the thread does not run.
 */
#ifndef SC_LOAD_PARSE_PARSER_H
#define SC_LOAD_PARSE_PARSER_H

#include "engine/decoder.h"
#include "engine/load/run.h"

/* An opened batch of which the first `at` records are written. The rest waits for the first plan, for a newer plan that
 * record `at` requested, or for room in --max-records. */
struct sc_opened {
  struct sc_batch *batch;
  struct sc_record *records;
  uint32_t n, at;
  bool begun; /* it has a span */
  TAILQ_ENTRY(sc_opened) link;
};

struct sc_parser {
  struct sc_run *run;
  uint32_t index;
  struct sc_decoder *decoder;

  /* parse_blocks.c */
  struct sc_block **fillings; /* [w]: the block being filled for write thread w, or NULL */
  struct sc_blocks free_blocks;
  uint32_t n_blocks; /* of the usual size that this thread has made: filling, free, or on their way */

  /* parse_rows.c */
  struct sc_cells cells;
  struct sc_rejects rejects;
  uint64_t dead_in_a_row;
  bool batch_begun; /* the batch being written has a span */
  bool requested;   /* the last write ended before a record that waits for another plan */
  uint32_t asked;   /* the generation of the plan that record cannot use; 0: none yet */

  /* parse_pool.c */
  struct sc_records records;
  TAILQ_HEAD(sc_opened_batches, sc_opened) opened; /* in the order they came; no later batch is written before them */
  uint64_t opened_records;
  const struct sc_shard_info *malformed_shard; /* of the last reply that could not be opened */
  unsigned n_malformed;                        /* replies since that shard gave a good one */
  bool failed;                                 /* told control; nothing more is written by this thread */
};

struct sc_parser *sc_parser_new(struct sc_run *run, uint32_t index);
void sc_parser_free(struct sc_parser *p); /* after the join */

/* Frees the batch; its fetch thread, which may have waited for room, is woken. */
void sc_parser_free_batch(struct sc_parser *p, struct sc_batch *batch);
void sc_parser_free_first_opened(struct sc_parser *p);
/* Ends the run; the first time counts. */
void sc_parser_fail(struct sc_parser *p, const struct sc_error *err);
/* Of an older term than its write thread's: to be dropped. */
bool sc_parser_is_stale(const struct sc_parser *p, const struct sc_batch *batch);

#endif
