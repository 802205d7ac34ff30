#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/load/write/writer.h"

static int push_letters(struct sc_writer *w, struct sc_error *err) {
  size_t len = w->grave == NULL ? 0 : w->grave->dead_len;
  if (len == 0) return SC_OK;
  w->grave->dead_len = 0;
  return w->run->sink_ops->push_dead(w->session, w->grave->dead, len, err);
}

/* Into the thread's own room: the pool may be full of rows that wait for this very transaction. */
static int put_letter(struct sc_writer *w, const struct sc_dead_letter *letter, struct sc_error *err) {
  SC_ASSERT(w->grave != NULL);
  bool full = w->grave->dead_len + letter->data.len > w->grave->dead_cap / 2;
  if (full && push_letters(w, err) != SC_OK) return err->code;
  if (w->run->sink_ops->encode_dead(w->run->sink, letter, w->grave)) return SC_OK;
  sc_error_set(err, SC_E_MEMORY, "no memory left for a dead letter of %zu bytes", letter->data.len);
  sc_error_hint(err, "give more with --memory");
  err->class = SC_CLASS_FATAL;
  return err->code;
}

/* The refused row becomes a dead letter; its raw bytes come from the stream again. */
static int bury(struct sc_writer *w, struct sc_block *block, uint32_t row, const struct sc_refusal *refusal,
                struct sc_error *err) {
  const struct sc_row_ref *ref = &block->rows[row];
  struct sc_span *span = &block->spans[ref->span];
  struct sc_slice digits = {block->sequences + ref->sequence_offset, ref->sequence_len};
  struct sc_sequence sequence;
  SC_ASSERT(sc_sequence_parse(digits, &sequence));
  if (w->run->settings.fail_on_error || w->run->sink_ops->encode_dead == NULL) {
    sc_error_set(err, SC_E_ROW, "shard %s, sequence number %.*s: %s", span->shard->id, SC_SLICE_ARGS(digits),
                 refusal->reason);
    memcpy(err->sqlstate, refusal->sqlstate, sizeof(err->sqlstate));
    sc_error_hint(err, "the target refused this row; --on-error=dead-letter keeps such records aside and goes on");
    err->class = SC_CLASS_FATAL;
    return err->code;
  }
  struct sc_buf data = SC_BUF_INIT;
  struct sc_error gone;
  char reason[sizeof(refusal->reason)];
  memcpy(reason, refusal->reason, sizeof(reason));
  int rc = w->run->source_ops->reread(w->run->source, span->shard->id, &sequence, &data, &gone);
  if (rc == SC_E_STOPPED) {
    *err = gone;
    goto out;
  }
  if (rc != SC_OK) sc_log_error(SC_WARN, "the raw bytes of a dead letter could not be read again", &gone);
  struct sc_dead_letter letter = {.shard_id = span->shard->id,
                                  .sequence = digits,
                                  .arrival_us = INT64_MIN,
                                  .data = sc_buf_view(&data),
                                  .sqlstate = refusal->sqlstate,
                                  .reason = reason};
  if ((rc = put_letter(w, &letter, err)) != SC_OK) goto out;
  span->rows--;
  span->dead++;
  sc_dead_letter_limit_count(&w->run->brake, 0, 1);
  rc = sc_dead_letter_limit_check(&w->run->brake, 0, err);
out:
  sc_buf_fini(&data);
  return rc;
}

/* Tries rows [first, end) in a COPY behind a savepoint. SC_E_ROW: they are taken back and *refusal says what is
 * known. */
static int try_rows(struct sc_writer *w, const struct sc_block *block, uint32_t first, uint32_t end,
                    struct sc_refusal *refusal, struct sc_error *err) {
  const struct sc_sink_ops *ops = w->run->sink_ops;
  int rc = ops->savepoint(w->session, err);
  if (rc == SC_OK) rc = ops->push(w->session, block, first, end, err);
  if (rc == SC_OK) rc = ops->end_copy(w->session, err);
  if (rc != SC_OK && err->class == SC_CLASS_ROW) {
    ops->refusal(w->session, refusal);
    struct sc_error lost;
    if (ops->back_to_savepoint(w->session, &lost) != SC_OK) {
      *err = lost;
      return lost.code;
    }
  }
  return rc;
}

/* All rows of [first, end) but the refused ones: by the row the server names, else by halves. */
static int replay_rows(struct sc_writer *w, struct sc_block *block, uint32_t first, uint32_t end,
                       struct sc_error *err) {
  while (first < end) {
    struct sc_refusal refusal;
    int rc = try_rows(w, block, first, end, &refusal, err);
    if (rc == SC_OK || err->class != SC_CLASS_ROW) return rc;
    if (end - first == 1) return bury(w, block, first, &refusal, err);
    if (refusal.row_known && refusal.row < end - first) {
      uint32_t bad = first + refusal.row;
      if ((rc = replay_rows(w, block, first, bad, err)) != SC_OK) return rc;
      if ((rc = replay_rows(w, block, bad, bad + 1, err)) != SC_OK) return rc;
      first = bad + 1;
    } else {
      uint32_t middle = first + (end - first) / 2;
      if ((rc = replay_rows(w, block, first, middle, err)) != SC_OK) return rc;
      first = middle;
    }
  }
  return SC_OK;
}

int sc_writer_replay(struct sc_writer *w, struct sc_error *err) {
  sc_metric_add(sc_metrics_mine(), SC_M_REPLAYS, 1);
  if (w->grave != NULL) w->grave->dead_len = 0;
  const struct sc_sink_ops *ops = w->run->sink_ops;
  int rc = ops->rollback(w->session, err);
  if (rc == SC_OK) rc = ops->begin(w->session, err);
  for (struct sc_block *b = w->first; rc == SC_OK && b != NULL; b = b->next) {
    rc = replay_rows(w, b, 0, b->n_rows, err);
  }
  return rc == SC_OK ? push_letters(w, err) : rc;
}
