#include "engine/load/write/write_replay.h"

#include <stdio.h>

#include "engine/base/buf.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/sink.h"
#include "engine/source.h"

static int push_dead_letters(struct sc_writer *w, struct sc_error *err) {
  size_t len = w->replay_dead == NULL ? 0 : w->replay_dead->dead_len;
  if (len == 0) return SC_OK;
  w->replay_dead->dead_len = 0;
  return w->run->sink_ops->rows->push_dead(w->sessions.rows, w->replay_dead->dead, len, err);
}

/* Into the write thread's own room: the pool may be full of rows that wait for this very transaction. */
static int add_dead_letter(struct sc_writer *w, const struct sc_dead_letter *letter, struct sc_error *err) {
  struct sc_block *room = w->replay_dead;
  SC_ASSERT(room != NULL);
  bool is_full = room->dead_len + letter->data.len > room->dead_cap / 2;
  if (is_full && push_dead_letters(w, err) != SC_OK) return err->code;
  if (w->run->sink_ops->rows->encode_dead(w->run->sink, letter, room)) return SC_OK;
  sc_error_fail(err, SC_E_MEMORY, "give more with --memory", "no memory left for a dead letter of %zu bytes",
                letter->data.len);
  return sc_error_as(err, SC_CLASS_FATAL);
}

static int fail_on_row(const struct sc_span *span, struct sc_slice digits, const struct sc_refusal *refusal,
                       struct sc_error *err) {
  sc_error_fail(err, SC_E_ROW,
                "the target refused this row; --on-error=dead-letter keeps such records aside and continues",
                "shard %s, sequence number %.*s: %s", span->shard->id, SC_SLICE_ARGS(digits), refusal->text);
  snprintf(err->sqlstate, sizeof(err->sqlstate), "%.5s", refusal->code);
  return sc_error_as(err, SC_CLASS_FATAL);
}

/* The refused row becomes a dead letter. A block has no raw bytes, so the record is read from the stream again. */
static int to_dead_letter(struct sc_writer *w, struct sc_block *block, uint32_t row, const struct sc_refusal *refusal,
                          struct sc_error *err) {
  SC_ASSERT(row < block->n_rows && block->rows[row].span < block->n_spans);
  const struct sc_row_ref *ref = &block->rows[row];
  struct sc_span *span = &block->spans[ref->span];
  struct sc_slice digits = {block->sequences + ref->sequence_offset, ref->sequence_len};
  struct sc_sequence sequence;
  SC_ASSERT(sc_sequence_parse(digits, &sequence));
  if (w->run->settings.fail_on_error || w->run->sink_ops->rows->encode_dead == NULL)
    return fail_on_row(span, digits, refusal, err);
  struct sc_buf data = SC_BUF_INIT;
  int rc = w->run->source_ops->reread(w->run->source, span->shard->id, &sequence, &data, err);
  if (rc == SC_E_STOPPED) goto out;
  if (rc != SC_OK) sc_log_error(SC_WARN, "the raw bytes of a dead letter could not be read again", err);
  struct sc_dead_letter letter = {.shard_id = span->shard->id,
                                  .sequence = digits,
                                  .arrival_us = INT64_MIN,
                                  .data = sc_buf_view(&data),
                                  .reason = SC_REASON_TARGET,
                                  .code = refusal->code,
                                  .text = refusal->text};
  if ((rc = add_dead_letter(w, &letter, err)) != SC_OK) goto out;
  span->rows--;
  span->dead++;
  sc_dead_letter_limit_count(&w->run->dead_letter_limit, 0, 1);
  rc = sc_dead_letter_limit_check(&w->run->dead_letter_limit, 0, err);
out:
  sc_buf_fini(&data);
  return rc;
}

/* Tries rows [first, end) behind a savepoint. SC_CLASS_ROW: the rows are taken back, and *refusal says what
 * is known of the one refused. */
static int try_rows(struct sc_writer *w, const struct sc_block *block, uint32_t first, uint32_t end,
                    struct sc_refusal *refusal, struct sc_error *err) {
  const struct sc_rows_ops *ops = w->run->sink_ops->rows;
  int rc = ops->savepoint(w->sessions.rows, err);
  if (rc == SC_OK) rc = ops->push(w->sessions.rows, block, first, end, err);
  if (rc == SC_OK) rc = sc_writer_finish(w, err);
  if (rc != SC_OK && err->class == SC_CLASS_ROW) {
    ops->refusal(w->sessions.rows, refusal);
    struct sc_error lost;
    if (ops->back_to_savepoint(w->sessions.rows, &lost) != SC_OK) {
      *err = lost;
      return lost.code;
    }
  }
  return rc;
}

/* Writes all rows of [first, end) but the refused ones. Where the server names the refused row, the rows before it are
 * written, then the row itself is tried alone: only a row refused alone becomes a dead letter, since the server may
 * have named the wrong one. Where it names none, the range is halved. The recursion is as deep as the range can be
 * halved. */
static int replay_rows(struct sc_writer *w, struct sc_block *block, uint32_t first, uint32_t end,
                       struct sc_error *err) {
  while (first < end) {
    struct sc_refusal refusal;
    int rc = try_rows(w, block, first, end, &refusal, err);
    if (rc == SC_OK || err->class != SC_CLASS_ROW) return rc;
    if (end - first == 1) return to_dead_letter(w, block, first, &refusal, err);
    bool named = refusal.row_known && refusal.row < end - first;
    uint32_t middle = first + (named ? refusal.row : (end - first) / 2);
    if ((rc = replay_rows(w, block, first, middle, err)) != SC_OK) return rc;
    if (named && (rc = replay_rows(w, block, middle, middle + 1, err)) != SC_OK) return rc;
    first = named ? middle + 1 : middle;
  }
  return SC_OK;
}

int sc_writer_replay(struct sc_writer *w, struct sc_error *err) {
  const struct sc_rows_ops *ops = w->run->sink_ops->rows;
  sc_metric_add(sc_metrics_mine(), SC_M_REPLAYS, 1);
  if (w->replay_dead != NULL) w->replay_dead->dead_len = 0;
  int rc = ops->rollback(w->sessions.rows, err);
  w->in_transaction = false;
  if (rc == SC_OK) rc = sc_writer_begin(w, err);
  struct sc_block *b;
  TAILQ_FOREACH(b, &w->blocks, link)
  if (rc == SC_OK) rc = replay_rows(w, b, 0, b->n_rows, err);
  return rc == SC_OK ? push_dead_letters(w, err) : rc;
}
