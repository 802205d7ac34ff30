#include "engine/load/parse/parse_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/budget.h"
#include "engine/base/buf.h"
#include "engine/base/log.h"
#include "engine/load/parse/parse_blocks.h"
#include "engine/plan.h"
#include "engine/sample.h"
#include "engine/sink.h"

/* A part of a batch, as many records as the cells hold, on its way into blocks. */
struct chunk {
  const struct sc_batch *batch;
  const struct sc_plan *plan;
  const struct sc_record *records;
  uint32_t n;           /* records of the chunk */
  uint32_t left;        /* records of the batch from the chunk's first on */
  uint32_t counted;     /* of them are in a span */
  uint32_t row;         /* of the chunk's cells: the next to encode */
  uint32_t next_reject; /* of p->rejects, in order of records */
  size_t outsized;      /* bytes of a row larger than the usual block; 0: none */
  uint64_t unknown;     /* keys of the chunk without a column */
  uint64_t longest_run; /* of dead letters, in the chunk */
};

enum outcome {
  GO_ON,
  CUT, /* the dead letters found no memory: the block is handed over, the rest of the chunk is decoded again */
  SCHEMA_REQUESTED, /* the record behind those counted waits for another plan */
  GIVEN_UP,         /* the rest of the batch is to be dropped */
};

/* ---- counting ---- */

static void set_sequence(struct sc_sequence *to, struct sc_slice digits) {
  to->len = (uint8_t)digits.len; /* the envelope checked digits and length */
  memcpy(to->digits, digits.ptr, digits.len);
}

/* The decoder counts unknown keys per chunk, not per record; they are attributed to the records evenly. The sum is
 * exact unless part of a chunk is decoded again. */
static uint64_t unknown_until(const struct chunk *k, uint32_t end) { return k->unknown * end / k->n; }

/* Everything about the chunk's records up to end is in the block: they count as read. */
static void count_until(struct sc_parser *p, struct chunk *k, struct sc_block *block, uint32_t end, uint32_t rows,
                        uint32_t dead) {
  if (end <= k->counted) {
    SC_ASSERT(rows == 0 && dead == 0);
    return;
  }
  struct sc_span *span = sc_parser_span(p, block, k->batch);
  if (span->first.len == 0) set_sequence(&span->first, k->records[k->counted].sequence);
  set_sequence(&span->last, k->records[end - 1].sequence);
  span->rows += rows;
  span->dead += dead;
  if (rows + dead > end - k->counted) span->extra_rows += rows + dead - (end - k->counted);
  span->records += end - k->counted;
  for (uint32_t i = k->counted; i < end; i++) span->record_bytes += k->records[i].data.len;
  sc_dead_letter_limit_count(&p->run->dead_letter_limit, end - k->counted, dead);
  span->unknown_keys += unknown_until(k, end) - unknown_until(k, k->counted);
  k->counted = end;
}

/* The longest run of dead letters among the chunk's first n records, with the run that the chunk before ended in. The
 * rejects are sorted by record. */
static uint64_t longest_run(struct sc_parser *p, uint32_t n) {
  uint64_t run = p->dead_in_a_row, longest = 0;
  uint32_t next = 0;
  for (uint32_t i = 0; i < p->rejects.n && p->rejects.items[i].record < n; i++) {
    run = p->rejects.items[i].record == next ? run + 1 : 1;
    next = p->rejects.items[i].record + 1;
    if (run > longest) longest = run;
  }
  p->dead_in_a_row = next == n ? run : 0;
  return longest;
}

/* ---- rejects ---- */

static void fail_at(struct sc_parser *p, const struct sc_batch *batch, const struct sc_record *record,
                    struct sc_error *err) {
  sc_error_prefix(err, "shard %s, sequence number %.*s", batch->shard->id, SC_SLICE_ARGS(record->sequence));
  memcpy(err->shard, batch->shard->id, sizeof(batch->shard->id));
  snprintf(err->sequence, sizeof(err->sequence), "%.*s", SC_SLICE_ARGS(record->sequence));
  sc_parser_fail(p, err);
}

/* Into this very block, so that the dead letter and its position are committed together. A sink without dead letters
 * leaves the record out. False: no memory. */
static bool keep_dead_letter(const struct sc_parser *p, const struct chunk *k, const struct sc_reject *reject,
                             struct sc_block *block) {
  const struct sc_rows_ops *ops = p->run->sink_ops->rows;
  const struct sc_record *record = &k->records[reject->record];
  if (ops->encode_dead == NULL) {
    sc_log_often(SC_WARN, "record left out", "shard=%s sequence=%.*s reason=\"%s\"", k->batch->shard->id,
                 SC_SLICE_ARGS(record->sequence), reject->text);
    return true;
  }
  struct sc_dead_letter letter = {
      .shard_id = k->batch->shard->id,
      .sequence = record->sequence,
      .partition_key = record->partition_key,
      .arrival_us = record->arrival_us,
      .data = record->data,
      .reason = reject->reason,
      .column = reject->column == SC_NO_COLUMN ? NULL : k->plan->columns[reject->column].name,
      .value = reject->value,
      .text = reject->text};
  return ops->encode_dead(p->run->sink, &letter, block);
}

static bool is_too_large(struct sc_parser *p, const struct chunk *k, const struct sc_record *record) {
  size_t limit = sc_budget_limit(p->run->budget, SC_POOL_BLOCKS);
  if (record->data.len < limit - sc_block_cost(p->run->settings.block_bytes)) return false;
  struct sc_error err;
  sc_error_fail(&err, SC_E_MEMORY, "give more with --memory",
                "a dead letter of %zu bytes does not fit into the memory for rows", record->data.len);
  fail_at(p, k->batch, record, &err);
  return true;
}

/* Puts a dead letter into a block that is empty; waits for memory. False: the batch is to be dropped. This thread's
 * free blocks are given back again and again, since their credit may be all that there is. */
static bool wait_to_keep(struct sc_parser *p, const struct chunk *k, const struct sc_reject *reject,
                         struct sc_block *block) {
  bool kept = false;
  if (is_too_large(p, k, &k->records[reject->record])) return false;
  sc_parser_release(p);
  sc_parser_wait_begin(p);
  while (sc_parser_wait_turn(p, k->batch) && !(kept = keep_dead_letter(p, k, reject, block))) {
    sc_parser_release(p);
    sc_parser_wait_sleep(p);
  }
  sc_parser_wait_end(p);
  return kept;
}

static bool is_rejected(const struct sc_parser *p, uint32_t record, uint32_t *at) {
  while (*at < p->rejects.n && p->rejects.items[*at].record < record) ++*at;
  return *at < p->rejects.n && p->rejects.items[*at].record == record;
}

/* Takes the chunk's rows of `record` and later ones out of the block again, which held rows_before rows before the
 * chunk's; returns how many of the chunk's rows stay. */
static uint32_t take_back(const struct sc_parser *p, const struct chunk *k, struct sc_block *block,
                          uint32_t rows_before, uint32_t record) {
  uint32_t keep = rows_before, reject = 0;
  for (uint32_t row = k->row; row < p->cells.n_rows && p->cells.record[row] < record; row++)
    if (!is_rejected(p, p->cells.record[row], &reject)) keep++;
  if (keep < block->n_rows) sc_block_take_back(block, keep);
  return keep - rows_before;
}

/* A reject that the chunk cannot go past. */
static bool is_stop(const struct sc_parser *p, const struct sc_reject *reject) {
  return p->run->settings.fail_on_error || reject->request != SC_REQUEST_NONE;
}

/* --on-error=fail, --on-type-change=fail: the records before the rejected one are written. */
static enum outcome fail_with(struct sc_parser *p, struct chunk *k, struct sc_block *block, uint32_t rows,
                              uint32_t dead) {
  const struct sc_reject *reject = &p->rejects.items[k->next_reject];
  count_until(p, k, block, reject->record, rows, dead);
  struct sc_error err;
  bool format = reject->reason == SC_REASON_FORMAT;
  sc_error_set(&err, format ? SC_E_FORMAT : SC_E_ROW, "%s", reject->text);
  sc_error_hint(&err,
                "the records before this one are committed; --on-%s=dead-letter keeps such records aside and "
                "continues%s",
                p->run->settings.fail_on_error ? "error" : "type-change",
                format ? "; --format=raw loads the bytes as they are" : "");
  fail_at(p, k->batch, &k->records[reject->record], &err);
  return GIVEN_UP;
}

/* Adds the request to the run's, with all that the records left of the batch say about keys without a column, and about
 * the column that is too narrow: one change of the table then serves them all. */
static void add_requests(struct sc_parser *p, const struct chunk *k, const struct sc_reject *reject) {
  struct sc_sample *seen = sc_sample_new(SC_COLUMNS_MAX);
  p->run->decoder_ops->sample(p->decoder, k->records + reject->record, k->left - reject->record, seen);
  const struct sc_column *column = reject->request == SC_REQUEST_TYPE ? &k->plan->columns[reject->column] : NULL;
  pthread_mutex_lock(&p->run->sample_lock);
  if (column != NULL) sc_sample_add(p->run->requests, sc_slice_of(column->key, column->key_len), reject->kinds);
  for (uint32_t i = 0; i < sc_sample_keys(seen); i++) {
    struct sc_slice key = sc_sample_key(seen, i);
    int at = sc_plan_find(k->plan, key, -1);
    bool is_new = sc_plan_unknown(k->plan, key) == SC_UNKNOWN_ADD && sc_sample_kinds(seen, i) != SC_KIND_NULL;
    bool wanted = at < 0 ? is_new : &k->plan->columns[at] == column;
    if (wanted) sc_sample_add(p->run->requests, key, sc_sample_kinds(seen, i));
  }
  pthread_mutex_unlock(&p->run->sample_lock);
  sc_sample_free(seen);
}

static void request_schema(struct sc_parser *p, const struct chunk *k, const struct sc_reject *reject) {
  add_requests(p, k, reject);
  p->requested = true;
  p->asked = k->plan->generation;
  struct sc_control_message m = {.kind = SC_CONTROL_SCHEMA_WANTED, .generation = p->asked};
  sc_run_tell(p->run, &m);
}

/* The chunk ends before its record `end`. */
static enum outcome cut_at(struct sc_parser *p, struct chunk *k, struct sc_block *block, uint32_t end, uint32_t rows,
                           uint32_t dead) {
  count_until(p, k, block, end, rows, dead);
  k->longest_run = longest_run(p, end);
  return CUT;
}

/* The reject that stops the chunk: the record waits for another plan, or ends the run. */
static enum outcome stop_at(struct sc_parser *p, struct chunk *k, struct sc_block *block, uint32_t rows_before,
                            uint32_t dead) {
  struct sc_reject reject = p->rejects.items[k->next_reject];
  uint32_t rows = take_back(p, k, block, rows_before, reject.record);
  bool fails = reject.request == SC_REQUEST_NONE || (reject.request == SC_REQUEST_TYPE && k->plan->fail_on_type);
  if (fails) return fail_with(p, k, block, rows, dead);
  cut_at(p, k, block, reject.record, rows, dead);
  request_schema(p, k, &reject);
  return SCHEMA_REQUESTED;
}

/* The block holds nothing but the span made for this part of the chunk, before the span's first record. */
static bool is_fresh(const struct chunk *k, const struct sc_block *block, uint32_t rows_before) {
  return block->n_spans == 1 && block->spans[0].records == 0 && block->spans[0].first_batch == k->batch->number &&
         rows_before == 0 && block->dead_len == 0;
}

/* No memory for a dead letter. The records before it are handed over, to be committed; then the dead letter comes first
 * in a block that is empty, and waits there for memory (parse_blocks.h says why the block must be empty). */
static enum outcome make_room(struct sc_parser *p, struct chunk *k, struct sc_block *block, uint32_t rows_before,
                              uint32_t dead) {
  const struct sc_reject *reject = &p->rejects.items[k->next_reject];
  uint32_t rows = take_back(p, k, block, rows_before, reject->record), end = reject->record + 1;
  if (reject->record > k->counted || !is_fresh(k, block, rows_before)) {
    enum outcome outcome = cut_at(p, k, block, reject->record, rows, dead);
    sc_parser_hand_over(p, k->batch->shard->write);
    return outcome;
  }
  p->batch_begun = block->spans[0].starts_inside;
  block->n_spans = 0;
  return wait_to_keep(p, k, reject, block) ? cut_at(p, k, block, end, 0, 1) : GIVEN_UP;
}

/* ---- rows ---- */

static int by_record(const void *a, const void *b) {
  const struct sc_reject *x = a, *y = b;
  return x->record < y->record ? -1 : x->record > y->record;
}

/* Encodes from k->row on; returns how many rows were dealt with. The sink's rejects are sorted into the decoder's. */
static uint32_t encode(struct sc_parser *p, const struct chunk *k, struct sc_block *block, size_t *needed) {
  uint32_t rejects_before = p->rejects.n, done = 0;
  uint32_t rows_before = block->n_rows;
  if (k->row < p->cells.n_rows)
    done = p->run->sink_ops->rows->encode(k->plan, &p->cells, k->row, k->records, block->n_spans - 1, block,
                                          &p->rejects, needed);
  SC_ASSERT(done <= p->cells.n_rows - k->row && block->n_rows - rows_before <= done && block->len <= block->cap);
  SC_ASSERT(block->n_rows <= block->cap_rows && p->rejects.n <= SC_CHUNK_ROWS);
  if (p->rejects.n > rejects_before) qsort(p->rejects.items, p->rejects.n, sizeof(p->rejects.items[0]), by_record);
  return done;
}

/* As many of the chunk's rows as the block takes, their span, and the dead letters before them. */
static enum outcome encode_part(struct sc_parser *p, struct chunk *k, struct sc_block *block) {
  sc_parser_span(p, block, k->batch);
  uint32_t rows_before = block->n_rows, dead = 0;
  size_t needed = 0;
  uint32_t done = encode(p, k, block, &needed), next = k->row + done;
  bool full = next < p->cells.n_rows;
  uint32_t end = !full ? k->n : done == 0 ? k->counted : p->cells.record[next];
  for (; k->next_reject < p->rejects.n && p->rejects.items[k->next_reject].record < end; k->next_reject++, dead++) {
    if (is_stop(p, &p->rejects.items[k->next_reject])) return stop_at(p, k, block, rows_before, dead);
    if (!keep_dead_letter(p, k, &p->rejects.items[k->next_reject], block))
      return make_room(p, k, block, rows_before, dead);
  }
  k->row = next;
  count_until(p, k, block, end, block->n_rows - rows_before, dead);
  k->outsized = full && block->n_rows == 0 ? needed : 0;
  if (full && block->n_rows > 0) sc_parser_hand_over(p, k->batch->shard->write);
  return GO_ON;
}

static enum outcome encode_chunk(struct sc_parser *p, struct chunk *k) {
  enum outcome outcome = GO_ON;
  while (outcome == GO_ON && k->counted < k->n) {
    struct sc_block *block = sc_parser_block(p, k->batch, k->plan, k->outsized);
    outcome = block == NULL ? GIVEN_UP : encode_part(p, k, block);
  }
  if (outcome == GO_ON) k->longest_run = longest_run(p, k->n);
  return outcome;
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

static enum outcome write_chunk(struct sc_parser *p, struct chunk *k, uint32_t left) {
  p->cells.n_rows = p->rejects.n = 0;
  k->counted = k->row = k->next_reject = 0;
  k->unknown = 0;
  k->left = left;
  k->n = p->run->decoder_ops->decode(p->decoder, k->plan, k->records, left, &p->cells, &p->rejects, &k->unknown);
  SC_ASSERT(k->n >= 1 && k->n <= left);
  if (k->plan->n_payload < k->plan->n_columns)
    p->run->decoder_ops->metadata(p->decoder, k->plan, k->batch->shard->id, k->records, &p->cells);
  enum outcome outcome = encode_chunk(p, k);
  struct sc_error err;
  if (outcome == GIVEN_UP || sc_dead_letter_limit_check(&p->run->dead_letter_limit, k->longest_run, &err) == SC_OK)
    return outcome;
  sc_parser_fail(p, &err);
  return GIVEN_UP;
}

uint32_t sc_parser_write(struct sc_parser *p, const struct sc_plan *plan, const struct sc_batch *batch,
                         const struct sc_record *records, uint32_t n) {
  struct chunk k = {.batch = batch, .plan = plan};
  uint32_t at = 0;
  p->requested = false;
  if (n > 0) fit_cells(p, plan);
  for (enum outcome outcome = GO_ON; at < n && (outcome == GO_ON || outcome == CUT); at += k.counted) {
    k.records = records + at;
    outcome = write_chunk(p, &k, n - at);
  }
  return at;
}

void sc_parser_close_batch(struct sc_parser *p, const struct sc_plan *plan, const struct sc_batch *batch) {
  struct sc_block *block = sc_parser_block(p, batch, plan, 0);
  if (block == NULL) return;
  struct sc_span *span = sc_parser_span(p, block, batch);
  span->ends_inside = false;
  span->flags |= batch->flags;
  if (batch->read_until_ms > span->read_until_ms) span->read_until_ms = batch->read_until_ms;
}
