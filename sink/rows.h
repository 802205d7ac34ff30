/* Appending rows to a block: what the encoders of all sinks share. Parse threads; inline, pure. */
#ifndef SC_SINK_ROWS_H
#define SC_SINK_ROWS_H

#include "engine/batch.h"

/* Whether there is room for a row of at most bound bytes with its reference. When not, *needed_bytes becomes the bytes
 * that a block must have free for the row: bound, or more than this block has when it is full of rows or of sequence
 * digits. */
static inline bool sc_rows_fit(const struct sc_block *block, size_t bound, size_t sequence_len, size_t *needed_bytes) {
  size_t room = block->cap - block->len;
  bool indexed = block->n_rows < block->cap_rows && sequence_len <= block->sequences_cap - block->sequences_len;
  if (bound <= room && indexed) return true;
  *needed_bytes = bound > room ? bound : room + 1;
  return false;
}

/* Adds the row that was written from block->len to end. */
static inline void sc_rows_add(struct sc_block *block, size_t end, uint32_t span, struct sc_slice sequence) {
  SC_ASSERT(end <= block->cap && block->n_rows < block->cap_rows);
  SC_ASSERT(sequence.len <= block->sequences_cap - block->sequences_len);
  block->rows[block->n_rows++] = (struct sc_row_ref){.offset = (uint32_t)block->len,
                                                     .span = (uint16_t)span,
                                                     .sequence_offset = (uint32_t)block->sequences_len,
                                                     .sequence_len = (uint8_t)sequence.len};
  memcpy(block->sequences + block->sequences_len, sequence.ptr, sequence.len);
  block->sequences_len += sequence.len;
  block->len = end;
}

/* The rows of one record in a block: taken back together when one of them is rejected or finds no room. */
struct sc_rows_mark {
  uint32_t n_rows; /* of the block before it */
  uint32_t first;  /* of its cells */
};

/* Called before each row; a new mark where another record begins. */
static inline void sc_rows_begin(struct sc_rows_mark *mark, const struct sc_block *block, const struct sc_cells *cells,
                                 uint32_t row, uint32_t first_row) {
  if (row > first_row && cells->record[row] == cells->record[row - 1]) return;
  *mark = (struct sc_rows_mark){block->n_rows, row};
}

/* The last row of the record that `row` belongs to. */
static inline uint32_t sc_rows_last(const struct sc_cells *cells, uint32_t row) {
  while (row + 1 < cells->n_rows && cells->record[row + 1] == cells->record[row]) row++;
  return row;
}

/* Bytes of a block that has room for the references of that many rows, whatever their sequence numbers. */
static inline size_t sc_rows_indexed_bytes(uint32_t rows) { return (size_t)rows * 384; }

#endif
