/* Rows into blocks: what the encoders of all sinks share. Parse threads; inline, pure. */
#ifndef SC_SINK_ROWS_H
#define SC_SINK_ROWS_H

#include "engine/batch.h"

/* Is there room for a row of at most bound bytes with its reference? When not, *needed_bytes becomes what a block must have free for
 * it: bound, or more than this block has when it is full of rows or of sequence digits. */
static inline bool sc_rows_fit(const struct sc_block *block, size_t bound, size_t sequence_len, size_t *needed_bytes) {
  size_t room = block->cap - block->len;
  bool indexed = block->n_rows < block->cap_rows && sequence_len <= block->sequences_cap - block->sequences_len;
  if (bound <= room && indexed) return true;
  *needed_bytes = bound > room ? bound : room + 1;
  return false;
}

/* The row written from block->len to end. */
static inline void sc_rows_add(struct sc_block *block, size_t end, uint32_t span, struct sc_slice sequence) {
  block->rows[block->n_rows++] = (struct sc_row_ref){.offset = (uint32_t)block->len,
                                                     .span = span,
                                                     .sequence_offset = (uint32_t)block->sequences_len,
                                                     .sequence_len = (uint32_t)sequence.len};
  memcpy(block->sequences + block->sequences_len, sequence.ptr, sequence.len);
  block->sequences_len += sequence.len;
  block->len = end;
}

#endif
