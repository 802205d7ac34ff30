/* What travels between the threads: batch, record, cell, block. Plain structs; the rings hand over ownership.
 *
 *   fetch --batch--> parse --block--> write
 *
 * A batch is one reply body; a block is rows in the sink's own format. Never single records. Views (record data, cells)
 * point into the batch's body or the decoder's scratch and die with them.
 */
#ifndef SC_BATCH_H
#define SC_BATCH_H

#include <sys/queue.h>

#include "engine/base/assert.h"
#include "engine/base/slice.h"
#include "engine/position.h"
#include "engine/reject.h"

struct sc_budget;

#define SC_BODY_PADDING 64 /* readable bytes behind every body: vector loads and names are compared past the end */

/* A shard as all threads know it: made by control before the shard is assigned, immutable, kept to the end of the
 * run. The id is for messages, the source and the target; everything else goes by index and place. */
struct sc_shard_info {
  uint32_t index;               /* in the lineage (lineage.h) */
  uint32_t place;               /* among the shards of its write thread, dense from 0 */
  uint16_t fetch, parse, write; /* the threads it is pinned to */
  _Atomic uint32_t *barriers;   /* spans with SC_BATCH_BARRIER committed so far; its write thread raises it */
  char id[SC_SHARD_ID_MAX + 1];
};

enum sc_batch_flag {
  SC_BATCH_END = 1, /* the shard is closed and these are its last records */
  SC_BATCH_TIP = 2, /* the tip of a bounded load: the shard is done for this run. Never set with --follow */
  /* Of a span only: the shard waits until everything up to here is committed. The write thread commits at once, raises
   * sc_shard_info.barriers and wakes the parse thread. */
  SC_BATCH_BARRIER = 4
};

enum sc_envelope {
  SC_ENVELOPE_NONE, /* no body: only flags travel */
  SC_ENVELOPE_JSON, /* a GetRecords reply in JSON 1.1 */
  SC_ENVELOPE_CBOR  /* a GetRecords reply in CBOR 1.1 */
};

/* One reply. Made by the fetch thread in one allocation with its body when the size is known; freed by the parse
 * thread. */
struct sc_batch {
  const struct sc_shard_info *shard;
  uint32_t term;  /* the incarnation of the shard's write thread that asked for it; older than today's: drop */
  uint32_t flags; /* enum sc_batch_flag */
  enum sc_envelope envelope;
  /* from 1, per shard and start: a gap in the numbers is noticed before any later batch is committed */
  uint64_t number;
  uint32_t n_records;       /* as counted by the tokenizer */
  int64_t read_until_ms;    /* service time minus MillisBehindLatest: all older records were read */
  struct sc_sequence after; /* the last record handed over before it; len 0: none */
  struct sc_budget *budget;
  size_t credit_bytes; /* taken from the body pool, or from its reserve */
  bool from_reserve;
  _Atomic size_t *unparsed;  /* counts credit_bytes from the hand-over to the parse thread until it is freed; or NULL */
  size_t body_len, body_cap; /* bytes; body_cap without the padding */
  char body[];               /* body_cap + SC_BODY_PADDING bytes */
};

/* credit_bytes were taken by the caller and go with the batch. body_cap may be 0. */
struct sc_batch *sc_batch_new(struct sc_budget *budget, size_t body_cap, size_t credit_bytes, bool from_reserve);
void sc_batch_free(struct sc_batch *batch); /* gives the credit back */
/* What a body of that size costs; saturates. */
size_t sc_batch_cost(size_t body_cap);

/* A record of an opened envelope. Views into the body; data is decoded in place. */
struct sc_record {
  struct sc_slice data;
  struct sc_slice sequence; /* digits, checked */
  uint32_t sub;             /* sub-sequence: which of the records that its Kinesis record was unpacked into, from 0 */
  struct sc_slice partition_key; /* unescaped UTF-8 */
  int64_t arrival_us;            /* ApproximateArrivalTimestamp, epoch microseconds; INT64_MIN when absent */
};

/* Records that a thread works on; its array is malloc'ed and kept for the next ones. */
struct sc_records {
  struct sc_record *items;
  uint32_t n, cap;
};
/* Room for another one. What a reply or an aggregate holds is not known before: growth is rare, and counted in
 * SC_M_DATA_PATH_ALLOCS. */
void sc_records_grow(struct sc_records *records);
static inline struct sc_record *sc_records_next(struct sc_records *records) {
  if (__builtin_expect(records->n == records->cap, 0)) sc_records_grow(records);
  return &records->items[records->n];
}

/* How many of the n records, in order, are not behind that one: they were handed over before, and the service sent them
 * again. */
uint32_t sc_records_known(const struct sc_record *records, uint32_t n, const struct sc_sequence *after);

/* A value on its way from the decoder to the encoder. 16 bytes. */
enum sc_cell_type {
  SC_CELL_ABSENT, /* the key is missing: the column's default */
  SC_CELL_NULL,   /* null */
  SC_CELL_BOOL,   /* i: 0 or 1 */
  SC_CELL_INT,    /* i */
  SC_CELL_DOUBLE, /* d, finite */
  /* ptr, len: the number's own text, JSON grammar checked; when it fits neither, or the column wants text */
  SC_CELL_NUMBER,
  SC_CELL_STRING, /* ptr, len: unescaped UTF-8, validated, may hold U+0000 */
  SC_CELL_JSON,   /* ptr, len: validated JSON text (walked: escapes, surrogates, no U+0000, numbers, depth) */
  SC_CELL_BYTES,  /* ptr, len: any bytes (--format=raw only) */
  SC_CELL_TIME    /* i: epoch microseconds (metadata only) */
};

struct sc_cell {
  uint32_t type; /* enum sc_cell_type */
  uint32_t len;
  union {
    int64_t i;
    double d;
    const char *ptr;
  };
};
_Static_assert(sizeof(struct sc_cell) == 16, "a cell is two words");

/* Rows of cells, row-major: cells[row * n_columns + column]. Owned by the parse thread, used again and again. */
struct sc_cells {
  uint32_t n_columns;
  uint32_t cap_rows; /* at most SC_CHUNK_ROWS, and cap_rows * n_columns <= SC_CHUNK_CELLS unless one row is larger */
  uint32_t n_rows;
  struct sc_cell *cells;
  uint32_t *record; /* of row i: index into the records given; several rows of one record stand together */
};
#define SC_CHUNK_ROWS 256
#define SC_CHUNK_CELLS 16384
/* --concatenated=split: the documents of one record are rows of one chunk, for which the cells may grow so far. */
#define SC_SPLIT_ROWS_MAX 3000
#define SC_SPLIT_CELLS_MAX ((uint32_t)1 << 18)
/* Doubles the rows, whose arrays are malloc'ed; false at the bounds. */
bool sc_cells_grow(struct sc_cells *cells);

/* The part of one shard in a block: records first..last of one incarnation, in order, from batches
 * first_batch..last_batch. */
struct sc_span {
  const struct sc_shard_info *shard;
  uint64_t first_batch, last_batch;
  bool starts_inside, ends_inside; /* the first batch began in an earlier block; the last one goes on in a later one */
  bool inside_record; /* ends between two rows of one Kinesis record: nothing is committed until the rest has come */
  struct sc_sequence first, last; /* of all records, rows or not; len 0 when the span has none */
  uint32_t flags;                 /* enum sc_batch_flag, of the last batch in it */
  uint32_t records, rows, dead;   /* records + extra_rows = rows + dead + filtered */
  uint32_t extra_rows;            /* beyond the first of each record (--concatenated=split) */
  uint64_t record_bytes, unknown_keys;
  int64_t read_until_ms;
};

struct sc_row_ref {
  uint32_t offset; /* of the row in data */
  uint16_t span;
  uint16_t left_out;        /* the sink's own: the columns of the plan that the row leaves to the target, a bit each */
  uint32_t sequence_offset; /* into sequences */
  uint16_t relation;        /* the table it goes into; 0 when there is one */
  uint8_t operation;        /* 0: append */
  uint8_t sequence_len;
};
_Static_assert(sizeof(struct sc_row_ref) == 16, "a row's reference is two words");

struct sc_plan;

/* Rows of one (parse, write) pair, of one term and one plan. Filled by the parse thread, kept by the write thread until
 * the commit is known, then given back to the parse thread through a ring. Memory is paid from the block pool. */
struct sc_block {
  uint16_t parse, write;
  uint32_t term;
  bool mixed; /* has rows of relations other than 0: they are pushed relation by relation, at the commit */
  const struct sc_plan *plan;
  int64_t oldest_ms; /* monotonic: when its first row came */
  char *data;        /* rows as the sink writes them: binary COPY tuples, COPY text lines, NDJSON lines */
  size_t len, cap;
  char *dead; /* dead letters, encoded by the sink's encode_dead; NULL until there is one */
  size_t dead_len, dead_cap;
  char *states; /* sc_block_add_state; NULL until there is one */
  size_t states_len, states_cap;
  char *sequences; /* digits of the rows' sequence numbers, one after the other */
  size_t sequences_len, sequences_cap;
  struct sc_row_ref *rows;
  uint32_t n_rows, cap_rows;
  struct sc_span *spans;
  uint32_t n_spans, cap_spans;
  struct sc_budget *budget;
  size_t credit_bytes;
  TAILQ_ENTRY(sc_block) link; /* in a list of its owner's */
};
TAILQ_HEAD(sc_blocks, sc_block);

/* NULL when the block pool has no credit. data_cap in bytes; rows, spans and sequence digits get their share beside it
 * (a row in 128 bytes of data). One allocation that never grows: a block is full when any of its parts is. */
struct sc_block *sc_block_new(struct sc_budget *budget, size_t data_cap);
void sc_block_free(struct sc_block *block);
/* Empties it for the next use; keeps the memory, but that of dead letters. */
void sc_block_reset(struct sc_block *block);
size_t sc_block_cost(size_t data_cap);
/* The data of the rows [first, end), as the sink wrote it. */
static inline struct sc_slice sc_block_slice(const struct sc_block *b, uint32_t first, uint32_t end) {
  size_t from = first < b->n_rows ? b->rows[first].offset : b->len, to = end < b->n_rows ? b->rows[end].offset : b->len;
  SC_ASSERT(first <= end && end <= b->n_rows && from <= to && to <= b->len);
  return (struct sc_slice){b->data + from, to - from};
}
/* Only the first n_rows rows stay. */
static inline void sc_block_take_back(struct sc_block *b, uint32_t n_rows) {
  SC_ASSERT(n_rows <= b->n_rows);
  if (n_rows == b->n_rows) return;
  b->len = b->rows[n_rows].offset;
  b->sequences_len = b->rows[n_rows].sequence_offset;
  b->n_rows = n_rows;
}
/* What the load itself has to know again when it goes on from the positions: committed with them, the newest value of a
 * key counts. The key is UTF-8 text. */
struct sc_state {
  struct sc_slice key, value;
};
/* Copies both; takes credit, false when there is none. */
bool sc_block_add_state(struct sc_block *block, const struct sc_state *state);
/* The next of the states in data, from *at; false: there are no more. */
bool sc_state_next(const char *data, size_t len, size_t *at, struct sc_state *out);
/* Room for more dead-letter bytes; takes credit, false when there is none. */
bool sc_block_reserve_dead(struct sc_block *block, size_t more_bytes);

#endif
