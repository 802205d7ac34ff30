#include "engine/load/write/write_refused.h"

#include <stdio.h>

#include "engine/base/buf.h"
#include "engine/base/log.h"
#include "engine/source.h"

int sc_writer_push_dead_letters(struct sc_writer *w, struct sc_error *err) {
  size_t len = w->replay_dead == NULL ? 0 : w->replay_dead->dead_len;
  if (len == 0) return SC_OK;
  w->replay_dead->dead_len = 0;
  return w->run->sink_ops->rows->push_dead(w->sessions->rows, w->replay_dead->dead, len, err);
}

/* Into the write thread's own room: the pool may be full of rows that wait for this very transaction. */
static int add_dead_letter(struct sc_writer *w, const struct sc_dead_letter *letter, struct sc_error *err) {
  struct sc_block *room = w->replay_dead;
  SC_ASSERT(room != NULL);
  bool is_full = room->dead_len + letter->data.len > room->dead_cap / 2;
  if (is_full && sc_writer_push_dead_letters(w, err) != SC_OK) return err->code;
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

/* A block has no raw bytes, so the record is read from the stream again. */
int sc_writer_to_dead_letter(struct sc_writer *w, const struct sc_block *block, uint32_t row,
                             const struct sc_refusal *refusal, struct sc_error *err) {
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
