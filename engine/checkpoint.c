#include "engine/checkpoint.h"

#include "engine/base/assert.h"
#include "engine/base/error.h"

void sc_checkpoint_taken(struct sc_checkpoint *c, uint32_t term, int64_t epoch, const struct sc_sequence *position,
                         int64_t read_until_ms, bool ended) {
  SC_ASSERT(term > c->term);
  *c = (struct sc_checkpoint){.state = ended ? SC_CHECKPOINT_ENDED : SC_CHECKPOINT_HELD,
                              .term = term,
                              .epoch = epoch,
                              .committed = *position,
                              .pending = *position,
                              .pending_end = ended,
                              .read_until_ms = read_until_ms,
                              .stored_read_until_ms = read_until_ms};
}

void sc_checkpoint_lost(struct sc_checkpoint *c) {
  *c = (struct sc_checkpoint){.state = SC_CHECKPOINT_NONE, .term = c->term};
}

/* Are first..last, or none, what comes behind the position? */
static bool is_ahead(const struct sc_checkpoint *c, const struct sc_sequence *first, const struct sc_sequence *last) {
  if (first->len == 0 || last->len == 0) return first->len == last->len;
  return sc_sequence_compare(first, &c->pending) > 0 && sc_sequence_compare(first, last) <= 0;
}

int sc_checkpoint_accept(struct sc_checkpoint *c, uint32_t term, const struct sc_sequence *first,
                         const struct sc_sequence *last, bool end, int64_t read_until_ms) {
  SC_ASSERT(c->state != SC_CHECKPOINT_SENT);
  if (c->state == SC_CHECKPOINT_NONE || term != c->term) return SC_E_FENCED;
  if (c->pending_end || !is_ahead(c, first, last)) return SC_E_INTERNAL;
  if (last->len > 0) c->pending = *last;
  c->pending_end = end;
  if (read_until_ms > c->read_until_ms) c->read_until_ms = read_until_ms;
  if (last->len > 0 || end) c->state = SC_CHECKPOINT_PENDING;
  return SC_OK;
}

bool sc_checkpoint_is_dirty(const struct sc_checkpoint *c, int64_t refresh_ms) {
  if (c->state == SC_CHECKPOINT_PENDING) return true;
  return c->state == SC_CHECKPOINT_HELD && c->read_until_ms > c->stored_read_until_ms &&
         c->read_until_ms - refresh_ms >= c->stored_read_until_ms;
}

void sc_checkpoint_sent(struct sc_checkpoint *c) {
  SC_ASSERT(c->state == SC_CHECKPOINT_PENDING || c->state == SC_CHECKPOINT_HELD);
  c->state = SC_CHECKPOINT_SENT;
}

void sc_checkpoint_committed(struct sc_checkpoint *c) {
  SC_ASSERT(c->state == SC_CHECKPOINT_SENT);
  c->committed = c->pending;
  c->stored_read_until_ms = c->read_until_ms;
  c->state = c->pending_end ? SC_CHECKPOINT_ENDED : SC_CHECKPOINT_HELD;
}

void sc_checkpoint_refused(struct sc_checkpoint *c) {
  if (c->state != SC_CHECKPOINT_SENT) return;
  bool has_news = c->pending_end || sc_sequence_compare(&c->pending, &c->committed) != 0;
  c->state = has_news ? SC_CHECKPOINT_PENDING : SC_CHECKPOINT_HELD;
}
