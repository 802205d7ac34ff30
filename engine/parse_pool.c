#include "engine/parse_pool.h"

#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"

enum { BATCHES_A_TURN = 4, REPLIES_SPOILT_MAX = 8 };

/* The block being filled for one write thread. */
struct filling {
  struct sc_block *block;
  uint32_t term; /* the newest seen; rows of an older one are dropped */
};

/* An opened batch waiting for the first plan. */
struct held {
  struct sc_batch *batch;
  struct sc_record *records;
  uint32_t n, flags;
  struct held *next;
};

struct sc_parser {
  struct sc_run *run;
  uint32_t index;
  struct sc_decoder *decoder;
  struct filling *fillings; /* by write thread */
  struct held *held, **held_end;
  uint64_t held_records;
  struct sc_block *free_blocks;
  struct sc_records records;
  struct sc_cells cells;
  struct sc_rejects rejects;
  uint64_t dead_in_a_row;
  bool batch_begun; /* the batch being written has a span */
  unsigned spoilt;  /* replies in a row that could not be opened */
  bool failed;      /* told control; nothing more is written by this thread */
};

struct sc_parser *sc_parser_new(struct sc_run *run, uint32_t index) {
  struct sc_parser *p = sc_alloc_zero(1, sizeof(*p));
  p->run = run;
  p->index = index;
  p->decoder = run->decoder_ops->new (run->settings.largest_record_bytes);
  p->fillings = sc_alloc_zero(run->settings.write_threads, sizeof(*p->fillings));
  p->held_end = &p->held;
  p->records.items = sc_alloc(SC_RECORDS_MAX * sizeof(struct sc_record));
  p->rejects.items = sc_alloc(SC_CHUNK_ROWS * sizeof(struct sc_reject));
  p->cells.record = sc_alloc(SC_CHUNK_ROWS * sizeof(uint32_t));
  return p;
}

static void free_list(struct sc_block *block) {
  for (struct sc_block *next; block != NULL; block = next) {
    next = block->next;
    sc_block_free(block);
  }
}

static void free_held(struct held *h) {
  sc_batch_free(h->batch);
  free(h->records);
  free(h);
}

void sc_parser_free(struct sc_parser *p) {
  for (struct held *next, *h = p->held; h != NULL; h = next) {
    next = h->next;
    free_held(h);
  }
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++)
    if (p->fillings[w].block != NULL) sc_block_free(p->fillings[w].block);
  free_list(p->free_blocks);
  p->run->decoder_ops->free(p->decoder);
  free(p->fillings);
  free(p->records.items);
  free(p->rejects.items);
  free(p->cells.record);
  free(p->cells.cells);
  free(p);
}

static void fail(struct sc_parser *p, const struct sc_error *err) {
  if (!p->failed) sc_run_fail(p->run, err);
  p->failed = true;
}

static uint32_t term_of(const struct sc_parser *p, uint32_t write) {
  return atomic_load_explicit(&p->run->terms[write], memory_order_acquire);
}

/* ---- blocks ---- */

static uint64_t block_records(const struct sc_block *block) {
  uint64_t n = 0;
  for (uint32_t i = 0; i < block->n_spans; i++) n += block->spans[i].records;
  return n;
}

static void collect_spent(struct sc_parser *p) {
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++) {
    for (struct sc_block *b; (b = sc_ring_pop(sc_run_spent(p->run, p->index, w))) != NULL;) {
      if (b->cap != p->run->settings.block_bytes) {
        sc_block_free(b); /* one made for an outsized row */
        continue;
      }
      sc_block_reset(b);
      b->next = p->free_blocks;
      p->free_blocks = b;
    }
  }
}

/* Drops the block's rows; what they claimed comes back. */
static void drop_filling(struct sc_parser *p, struct filling *f) {
  if (f->block == NULL) return;
  sc_run_unclaim(p->run, block_records(f->block));
  if (f->block->cap == p->run->settings.block_bytes) {
    sc_block_reset(f->block);
    f->block->next = p->free_blocks;
    p->free_blocks = f->block;
  } else {
    sc_block_free(f->block);
  }
  f->block = NULL;
}

/* The ring has room for every block there can be for the pair but outsized ones; false: it is full for now. */
static bool hand_over(struct sc_parser *p, uint32_t write) {
  struct filling *f = &p->fillings[write];
  if (f->block == NULL || f->block->n_spans == 0) return true;
  if (!sc_ring_push(sc_run_blocks(p->run, p->index, write), f->block)) return false;
  f->block = NULL;
  sc_park_wake(p->run->write_parks[write]);
  return true;
}

static bool is_stale(const struct sc_parser *p, const struct sc_batch *batch) {
  return batch->term != term_of(p, batch->shard->write);
}

/* Waits until a block may be had; false: the batch became stale or the run is abandoned. Hands over everything first, so that write threads
 * can commit and give blocks back. */
static bool wait_for_block(struct sc_parser *p, const struct sc_batch *batch, size_t bytes, struct sc_block **out) {
  struct sc_park *park = p->run->parse_parks[p->index];
  for (;;) {
    sc_park_prepare(park);
    for (uint32_t w = 0; w < p->run->settings.write_threads; w++) hand_over(p, w);
    collect_spent(p);
    if (bytes == p->run->settings.block_bytes && p->free_blocks != NULL) {
      *out = p->free_blocks;
      p->free_blocks = (*out)->next;
      (*out)->next = NULL;
    } else {
      if (bytes != p->run->settings.block_bytes) {
        free_list(p->free_blocks); /* their credit may be what the outsized row needs */
        p->free_blocks = NULL;
      }
      *out = sc_block_new(p->run->budget, bytes);
    }
    bool over = is_stale(p, batch) || sc_run_stage(p->run) == SC_STAGE_ABANDON;
    if (*out != NULL || over) {
      sc_park_cancel(park);
      return *out != NULL;
    }
    sc_park_wait(park, 1000);
  }
}

/* The block to fill for batch with at least bytes free for rows; NULL: drop the batch. */
static struct sc_block *block_for(struct sc_parser *p, const struct sc_batch *batch, const struct sc_plan *plan,
                                  size_t bytes) {
  uint32_t write = batch->shard->write;
  struct filling *f = &p->fillings[write];
  if (f->block != NULL && (f->block->term != batch->term || f->term != batch->term)) drop_filling(p, f);
  f->term = batch->term;
  bool fits = f->block != NULL && (f->block->plan == plan || f->block->n_rows == 0) &&
              f->block->cap - f->block->len >= bytes && f->block->n_rows < f->block->cap_rows &&
              f->block->n_spans < f->block->cap_spans;
  if (!fits) {
    while (!hand_over(p, write)) {
      if (is_stale(p, batch) || sc_run_stage(p->run) == SC_STAGE_ABANDON) return NULL;
      sc_park_prepare(p->run->parse_parks[p->index]);
      sc_park_wait(p->run->parse_parks[p->index], 10);
    }
    if (f->block != NULL && f->block->cap < bytes) drop_filling(p, f); /* empty, and too small */
    size_t size = bytes > p->run->settings.block_bytes ? bytes : p->run->settings.block_bytes;
    if (f->block == NULL && !wait_for_block(p, batch, size, &f->block)) return NULL;
    f->block->parse = (uint16_t)p->index;
    f->block->write = (uint16_t)write;
    f->block->term = batch->term;
    f->block->oldest_ms = sc_clock_mono_ms();
  }
  if (f->block->n_rows == 0) f->block->plan = plan;
  return f->block;
}

/* The span of the batch's shard at the end of the block: the last one when it is of the same shard, else a new one. */
static struct sc_span *span_for(struct sc_parser *p, struct sc_block *block, const struct sc_batch *batch) {
  struct sc_span *span = block->n_spans == 0 ? NULL : &block->spans[block->n_spans - 1];
  bool cut_short =
      span != NULL && span->ends_inside && span->last_batch != batch->number; /* the write thread shall see it */
  if (span == NULL || span->shard != batch->shard || cut_short) {
    SC_ASSERT(block->n_spans < block->cap_spans);
    span = &block->spans[block->n_spans++];
    *span = (struct sc_span){.shard = batch->shard, .first_batch = batch->number, .starts_inside = p->batch_begun};
  }
  span->last_batch = batch->number;
  span->ends_inside = p->batch_begun = true;
  return span;
}

/* ---- one chunk: cells to rows, rejects to dead letters ---- */

/* The walk through the records of one batch, chunk by chunk. */
struct walk {
  const struct sc_batch *batch;
  const struct sc_plan *plan;
  const struct sc_record *records; /* of the chunk */
  uint32_t n;                      /* records of the chunk */
  uint32_t counted;                /* of them are in a span */
  uint32_t next_reject;            /* of p->rejects, in order of records */
};

static void set_sequence(struct sc_sequence *to, struct sc_slice digits) {
  to->len = (uint8_t)digits.len; /* the envelope checked digits and length */
  memcpy(to->digits, digits.ptr, digits.len);
}

/* Everything about the chunk's records up to end is in the block: they count as read. */
static void count_until(struct sc_parser *p, struct walk *k, struct sc_block *block, uint32_t end, uint32_t rows,
                        uint32_t dead) {
  struct sc_span *span = span_for(p, block, k->batch);
  span->rows += rows;
  span->dead += dead;
  if (end <= k->counted) return;
  if (span->first.len == 0) set_sequence(&span->first, k->records[k->counted].sequence);
  set_sequence(&span->last, k->records[end - 1].sequence);
  span->records += end - k->counted;
  for (uint32_t i = k->counted; i < end; i++) span->record_bytes += k->records[i].data.len;
  k->counted = end;
}

static void fail_at(struct sc_parser *p, const struct sc_batch *batch, const struct sc_record *record,
                    struct sc_error *err) {
  sc_error_prefix(err, "shard %s, sequence number %.*s", batch->shard->id, SC_SLICE_ARGS(record->sequence));
  memcpy(err->shard, batch->shard->id, sizeof(batch->shard->id));
  fail(p, err);
}

/* A sink without dead letters: the record is left out, and said so. */
static void log_reject(const struct sc_batch *batch, const struct sc_record *record, const struct sc_reject *reject) {
  static struct sc_log_window window;
  uint64_t more = 0;
  if (!sc_log_due(&window, 1000, &more)) return;
  sc_log(SC_WARN, "record left out", "shard=%s sequence=%.*s reason=\"%s\" more_like_it=%llu", batch->shard->id,
         SC_SLICE_ARGS(record->sequence), reject->reason, (unsigned long long)more);
}

/* Into this very block, so that the letter and the position behind it are committed together. Waits for memory; false: drop the batch. */
static bool keep_dead_letter(struct sc_parser *p, const struct walk *k, const struct sc_reject *reject,
                             struct sc_block *block) {
  const struct sc_sink_ops *ops = p->run->sink_ops;
  const struct sc_record *record = &k->records[reject->record];
  if (ops->encode_dead == NULL) {
    log_reject(k->batch, record, reject);
    return true;
  }
  struct sc_dead_letter letter = {.shard_id = k->batch->shard->id,
                                  .sequence = record->sequence,
                                  .partition_key = record->partition_key,
                                  .arrival_us = record->arrival_us,
                                  .data = record->data,
                                  .sqlstate = reject->sqlstate,
                                  .reason = reject->reason};
  struct sc_park *park = p->run->parse_parks[p->index];
  while (!ops->encode_dead(p->run->sink, &letter, block)) {
    sc_park_prepare(park);
    collect_spent(p);
    free_list(p->free_blocks);
    p->free_blocks = NULL;
    if (is_stale(p, k->batch) || sc_run_stage(p->run) == SC_STAGE_ABANDON) {
      sc_park_cancel(park);
      return false;
    }
    sc_park_wait(park, 100);
  }
  return true;
}

static int by_record(const void *a, const void *b) {
  const struct sc_reject *x = a, *y = b;
  return x->record < y->record ? -1 : x->record > y->record;
}

/* --on-error=fail: takes back the rows from the rejected record on; what stands before it is written. */
static void stop_at_reject(struct sc_parser *p, struct walk *k, struct sc_block *block, uint32_t row,
                           uint32_t rows_before) {
  const struct sc_reject *reject = &p->rejects.items[k->next_reject];
  uint32_t keep = rows_before;
  while (row < p->cells.n_rows && keep < block->n_rows && p->cells.record[row] < reject->record) keep++, row++;
  if (keep < block->n_rows) {
    block->len = block->rows[keep].offset;
    block->sequences_len = block->rows[keep].sequence_offset;
    block->n_rows = keep;
  }
  count_until(p, k, block, reject->record, keep - rows_before, 0);
  struct sc_error err;
  sc_error_set(&err, SC_E_ROW, "%s", reject->reason);
  memcpy(err.sqlstate, reject->sqlstate, sizeof(err.sqlstate));
  sc_error_hint(
      &err, "what stands before this record is committed; --on-error=dead-letter keeps such records aside and goes on");
  fail_at(p, k->batch, &k->records[reject->record], &err);
}

/* Rejects up to record end of the chunk become dead letters of the block. False: stop here. */
static bool keep_rejects(struct sc_parser *p, struct walk *k, struct sc_block *block, uint32_t end, uint32_t *dead) {
  *dead = 0;
  for (; k->next_reject < p->rejects.n && p->rejects.items[k->next_reject].record < end; k->next_reject++, ++*dead)
    if (!keep_dead_letter(p, k, &p->rejects.items[k->next_reject], block)) return false;
  return true;
}

/* Encodes the chunk's rows, each with its span and the dead letters before it in one block. False: drop the rest of the batch. */
static bool encode_chunk(struct sc_parser *p, struct walk *k) {
  const struct sc_cells *cells = &p->cells;
  size_t needed = 0;
  for (uint32_t row = 0; k->counted < k->n;) {
    struct sc_block *block = block_for(p, k->batch, k->plan, needed);
    if (block == NULL) return false;
    span_for(p, block, k->batch);
    uint32_t rows_before = block->n_rows, rejects_before = p->rejects.n, done = 0;
    needed = 0;
    if (row < cells->n_rows)
      done = p->run->sink_ops->encode(k->plan, cells, row, k->records, block->n_spans - 1, block, &p->rejects, &needed);
    if (p->rejects.n > rejects_before) qsort(p->rejects.items, p->rejects.n, sizeof(p->rejects.items[0]), by_record);
    if (p->run->settings.fail_on_error && k->next_reject < p->rejects.n &&
        (row + done == cells->n_rows || p->rejects.items[k->next_reject].record < cells->record[row + done])) {
      stop_at_reject(p, k, block, row, rows_before);
      return false;
    }
    row += done;
    uint32_t end = row == cells->n_rows ? k->n : done == 0 ? k->counted : cells->record[row];
    uint32_t dead = 0;
    if (!keep_rejects(p, k, block, end, &dead)) {
      drop_filling(p, &p->fillings[k->batch->shard->write]);
      return false;
    }
    count_until(p, k, block, end, block->n_rows - rows_before, dead);
    if (row < cells->n_rows && needed == 0)
      needed = p->run->settings.block_bytes; /* rows or sequences ran out: another block */
  }
  return true;
}

static void fill_metadata(const struct sc_plan *plan, const struct sc_batch *batch, const struct sc_record *records,
                          struct sc_cells *cells) {
  for (uint32_t c = plan->n_payload; c < plan->n_columns; c++) {
    for (uint32_t row = 0; row < cells->n_rows; row++) {
      struct sc_cell *cell = &cells->cells[(size_t)row * cells->n_columns + c];
      const struct sc_record *r = &records[cells->record[row]];
      struct sc_slice text = {NULL, 0};
      switch (plan->columns[c].role) {
        case SC_ROLE_PAYLOAD:
          break;
        case SC_ROLE_SHARD:
          text = sc_slice_str(batch->shard->id);
          break;
        case SC_ROLE_SEQUENCE:
          text = r->sequence;
          break;
        case SC_ROLE_PARTITION_KEY:
          text = r->partition_key;
          break;
        case SC_ROLE_ARRIVAL:
          cell->type = r->arrival_us == INT64_MIN ? SC_CELL_NULL : SC_CELL_TIME;
          cell->i = r->arrival_us;
          continue;
      }
      cell->type = text.ptr == NULL ? SC_CELL_NULL : SC_CELL_STRING;
      cell->len = (uint32_t)text.len;
      cell->ptr = text.ptr;
    }
  }
}

/* Cells for the plan's width; grows only when a plan is wider than any before. */
static void fit_cells(struct sc_parser *p, const struct sc_plan *plan) {
  struct sc_cells *cells = &p->cells;
  if (cells->cells != NULL && cells->n_columns == plan->n_columns) return;
  uint32_t columns = plan->n_columns == 0 ? 1 : plan->n_columns;
  uint32_t rows = SC_CHUNK_CELLS / columns;
  cells->n_columns = plan->n_columns;
  cells->cap_rows = rows == 0 ? 1 : rows > SC_CHUNK_ROWS ? SC_CHUNK_ROWS : rows;
  cells->cells = sc_realloc(cells->cells, (size_t)cells->cap_rows * columns * sizeof(struct sc_cell));
}

/* ---- one batch ---- */

/* Ends the batch: its flags and lag go into the last span. */
static void close_batch(struct sc_parser *p, const struct sc_batch *batch, const struct sc_plan *plan, uint32_t flags) {
  struct sc_block *block = block_for(p, batch, plan, 0);
  if (block == NULL) return;
  struct sc_span *span = span_for(p, block, batch);
  span->ends_inside = false;
  span->flags |= flags;
  if (batch->read_until_ms > span->read_until_ms) span->read_until_ms = batch->read_until_ms;
}

static void write_records(struct sc_parser *p, const struct sc_batch *batch, const struct sc_record *records,
                          uint32_t n, uint32_t flags) {
  const struct sc_plan *plan = atomic_load_explicit(&p->run->plan, memory_order_acquire);
  struct walk k = {.batch = batch, .plan = plan};
  uint32_t at = 0;
  p->batch_begun = false;
  if (n > 0) fit_cells(p, plan);
  while (at < n) {
    uint64_t unknown = 0;
    p->cells.n_rows = p->rejects.n = 0;
    k.records = records + at;
    k.n = p->run->decoder_ops->decode(p->decoder, plan, k.records, n - at, &p->cells, &p->rejects, &unknown);
    k.counted = k.next_reject = 0;
    SC_ASSERT(k.n >= 1 && k.n <= n - at);
    fill_metadata(plan, batch, k.records, &p->cells);
    bool whole = encode_chunk(p, &k);
    at += k.counted;
    if (!whole) {
      sc_run_unclaim(p->run, n - at);
      return;
    }
    sc_metric_add(sc_metrics_mine(), SC_M_UNKNOWN_KEYS, unknown);
    struct sc_error err;
    uint32_t good_after = p->rejects.n == 0 ? k.n : k.n - 1 - p->rejects.items[p->rejects.n - 1].record;
    if (sc_brake_add(&p->run->brake, k.n, p->rejects.n, &p->dead_in_a_row, good_after, &err) != SC_OK) fail(p, &err);
  }
  if (n == batch->n_records) close_batch(p, batch, plan, flags);
}

/* Without a plan: adds to the run's sample and keeps the opened batch. */
static void sample(struct sc_parser *p, struct sc_batch *batch, uint32_t flags) {
  struct held *h = sc_alloc_zero(1, sizeof(*h));
  *h = (struct held){.batch = batch, .n = p->records.n, .flags = flags};
  h->records = sc_alloc(p->records.n * sizeof(struct sc_record));
  memcpy(h->records, p->records.items, p->records.n * sizeof(struct sc_record));
  *p->held_end = h;
  p->held_end = &h->next;
  p->held_records += h->n;
  pthread_mutex_lock(&p->run->sample_lock);
  p->run->decoder_ops->sample(p->decoder, h->records, h->n, p->run->sample);
  pthread_mutex_unlock(&p->run->sample_lock);
  struct sc_control_message m = {
      .kind = SC_CONTROL_SAMPLED, .shard = batch->shard, .records = h->n, .tip_or_end = flags != 0};
  sc_run_tell(p->run, &m);
}

static void write_held(struct sc_parser *p) {
  for (struct held *h; (h = p->held) != NULL;) {
    p->held = h->next;
    if (p->held == NULL) p->held_end = &p->held;
    if (is_stale(p, h->batch) || p->failed) {
      sc_run_unclaim(p->run, h->n);
    } else {
      write_records(p, h->batch, h->records, h->n, h->flags);
    }
    free_held(h);
  }
  p->held_records = 0;
}

/* The reply's body is not what the protocol says: nothing of it is used; the shard is read again from its position. */
static void spoilt(struct sc_parser *p, const struct sc_batch *batch, struct sc_error *err) {
  if (++p->spoilt >= REPLIES_SPOILT_MAX) {
    fail(p, err);
    return;
  }
  sc_log_error(SC_WARN, "reply could not be read, asking again", err);
  struct sc_write_message m = {.kind = SC_WRITE_REWIND, .term = batch->term};
  sc_mailbox_send(p->run->write_boxes[batch->shard->write], &m);
}

static bool refuse_format(struct sc_parser *p, const struct sc_batch *batch, const struct sc_records *records) {
  uint32_t which = 0;
  const char *format = p->run->decoder_ops->sniff(records->items, records->n, &which);
  if (format == NULL) return false;
  struct sc_error err;
  sc_error_set(&err, SC_E_FORMAT, "the record is %s, which this version cannot decode", format);
  sc_error_hint(&err,
                "nothing of this reply was written and the position did not move; send plain JSON, or wait for a "
                "version that decodes it");
  fail_at(p, batch, &records->items[which], &err);
  return true;
}

/* Opens the batch and writes or holds its records; claimed of them are allowed. */
static void handle(struct sc_parser *p, struct sc_batch *batch, uint32_t claimed) {
  bool planned = atomic_load_explicit(&p->run->plan, memory_order_acquire) != NULL;
  if (planned) write_held(p); /* they come first */
  uint32_t flags = claimed < batch->n_records ? 0 : batch->flags;
  p->records.n = 0;
  if (batch->envelope != SC_ENVELOPE_NONE) {
    struct sc_error err;
    int rc = p->run->decoder_ops->open(p->decoder, batch, &p->records, &err);
    if (rc == SC_OK && p->records.n != batch->n_records)
      rc = sc_error_set(&err, SC_E_PROTOCOL, "shard %s: %u records counted, %u opened", batch->shard->id,
                        batch->n_records, p->records.n);
    if (rc != SC_OK) {
      spoilt(p, batch, &err);
      goto drop;
    }
    p->spoilt = 0;
    if (refuse_format(p, batch, &p->records)) goto drop;
    p->records.n = claimed;
  }
  if (!planned && (p->records.n > 0 || p->held != NULL)) { /* an empty one too keeps its place behind those held */
    sample(p, batch, flags);
    return;
  }
  write_records(p, batch, p->records.items, p->records.n, flags);
  sc_batch_free(batch);
  return;
drop:
  sc_run_unclaim(p->run, claimed);
  sc_batch_free(batch);
}

/* ---- the thread ---- */

/* Takes the next batch of a ring when it may be worked on now; true when there was something to do. */
static bool take_batch(struct sc_parser *p, uint32_t fetch) {
  struct sc_ring *ring = sc_run_batches(p->run, fetch, p->index);
  struct sc_batch *batch = sc_ring_peek(ring);
  if (batch == NULL) return false;
  bool drop = is_stale(p, batch) || p->failed;
  uint32_t claimed = 0;
  if (!drop && batch->n_records > 0) {
    bool enough =
        p->held_records >= SC_RECORDS_MAX && atomic_load_explicit(&p->run->plan, memory_order_acquire) == NULL;
    if (enough) return false;
    claimed = sc_run_claim(p->run, batch->n_records);
    if (claimed == 0) return false;
  }
  sc_ring_pop(ring);
  sc_park_wake(p->run->fetch_parks[fetch]);
  if (drop) {
    sc_batch_free(batch);
  } else {
    handle(p, batch, claimed);
  }
  return true;
}

static bool take_turn(struct sc_parser *p) {
  bool worked = false;
  for (uint32_t f = 0; f < p->run->settings.fetch_threads; f++)
    for (int i = 0; i < BATCHES_A_TURN && take_batch(p, f); i++) worked = true;
  return worked;
}

static void hand_over_old(struct sc_parser *p, int64_t now_ms) {
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++) {
    const struct sc_block *b = p->fillings[w].block;
    if (b != NULL && now_ms - b->oldest_ms >= p->run->settings.flush_interval_ms / 2) hand_over(p, w);
  }
}

static bool hand_over_all(struct sc_parser *p) {
  bool all = true;
  for (uint32_t w = 0; w < p->run->settings.write_threads; w++) {
    struct filling *f = &p->fillings[w];
    if (f->block != NULL && f->block->term != term_of(p, w)) drop_filling(p, f);
    all = hand_over(p, w) && all;
  }
  return all;
}

void sc_parser_main(void *arg) {
  struct sc_parser *p = arg;
  struct sc_park *park = p->run->parse_parks[p->index];
  for (;;) {
    sc_park_prepare(park); /* before the stage is looked at: its change wakes */
    enum sc_stage stage = sc_run_stage(p->run);
    if (stage == SC_STAGE_ABANDON) break;
    collect_spent(p);
    bool planned = atomic_load_explicit(&p->run->plan, memory_order_acquire) != NULL;
    bool worked = planned && p->held != NULL;
    if (worked) write_held(p);
    worked = take_turn(p) || worked;
    if (worked) { /* and so the park may have been cancelled */
      sc_park_cancel(park);
      hand_over_old(p, sc_clock_mono_ms());
      continue;
    }
    bool all = hand_over_all(p);
    if (stage >= SC_STAGE_STOP_PARSE && all) break;
    sc_park_wait(park, all ? 1000 : 10);
  }
  sc_park_cancel(park);
  sc_run_stopped(p->run);
}
