#include "engine/shard.h"

#include "engine/base/assert.h"
#include "engine/base/error.h"
#include "engine/batch.h"

enum { CONFIRM_AGAIN_MS = 1000, SILENT_PAGES = 3 };

static enum sc_shard_do go(struct sc_shard *s, enum sc_shard_state state, int64_t due_ms) {
  s->state = state;
  s->due_ms = due_ms;
  switch (state) {
    case SC_SHARD_READING:
      return SC_DO_REQUEST;
    case SC_SHARD_UNSURE:
      return SC_DO_CONFIRM_END;
    case SC_SHARD_IDLE:
    case SC_SHARD_DONE:
      return SC_DO_NOTHING;
  }
  SC_ASSERT(!"a state of the enum");
  return SC_DO_NOTHING;
}

void sc_shard_init(struct sc_shard *s) { *s = (struct sc_shard){.state = SC_SHARD_IDLE}; }

enum sc_shard_do sc_shard_start(struct sc_shard *s, const struct sc_position *at, uint32_t term, int64_t now_ms) {
  SC_ASSERT(term > s->term);
  SC_ASSERT(at->start != SC_START_LATEST);
  s->term = term;
  s->position = *at;
  s->in_request = false;
  s->doubted = false;
  s->silent_pages = 0;
  s->unknown = false;
  return go(s, SC_SHARD_READING, now_ms);
}

void sc_shard_stop(struct sc_shard *s) {
  s->state = SC_SHARD_IDLE;
  s->in_request = false;
}

void sc_shard_closed(struct sc_shard *s) { s->closed = true; }

void sc_shard_asked(struct sc_shard *s, int64_t now_ms) {
  SC_ASSERT(!s->in_request);
  SC_ASSERT(s->state == SC_SHARD_READING);
  s->in_request = true;
  s->asked_ms = now_ms;
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

/* Some emulators never send MillisBehindLatest. There only a row of empty pages shows the tip. */
static bool is_at_tip(const struct sc_shard *s, const struct sc_reply *reply, const struct sc_tip *tip) {
  if (s->closed || reply->full) return false;
  if (reply->behind_ms < 0) return s->silent_pages >= SILENT_PAGES;
  return reply->behind_ms <= tip->behind_latest_ms;
}

static enum sc_shard_do read_on(struct sc_shard *s, const struct sc_reply *reply, const struct sc_tip *tip,
                                int64_t due_ms, uint32_t *flags) {
  if (!is_at_tip(s, reply, tip)) return go(s, SC_SHARD_READING, due_ms);
  if (tip->follow) return go(s, SC_SHARD_READING, later(due_ms, s->asked_ms + tip->idle_interval_ms));
  *flags |= SC_BATCH_TIP;
  return go(s, SC_SHARD_DONE, due_ms);
}

static enum sc_shard_do end(struct sc_shard *s, int64_t due_ms, uint32_t *flags) {
  *flags |= SC_BATCH_END;
  return go(s, SC_SHARD_DONE, due_ms);
}

/* An end, and the shard is not known to be closed, or there are no child shards beside it. Such an end may come in the
 * middle of an open shard, or of a closed one. It is believed when the shard is known to be closed and a second reading
 * comes to the same end without another record. */
static enum sc_shard_do doubt(struct sc_shard *s, int64_t due_ms, uint32_t *flags) {
  s->unknown = false;
  if (!s->closed) return go(s, SC_SHARD_UNSURE, due_ms);
  if (s->doubted) return end(s, due_ms, flags);
  s->doubted = true;
  return go(s, SC_SHARD_READING, due_ms);
}

void sc_position_move(struct sc_position *position, const struct sc_sequence *last) {
  if (last->len == 0) return;
  bool is_known = position->start == SC_START_AFTER && sc_sequence_compare(last, &position->sequence) <= 0;
  if (!is_known) *position = (struct sc_position){.start = SC_START_AFTER, .sequence = *last};
}

enum sc_shard_do sc_shard_replied(struct sc_shard *s, const struct sc_reply *reply, const struct sc_tip *tip,
                                  int64_t due_ms, uint32_t *flags) {
  *flags = 0;
  if (s->state != SC_SHARD_READING) return SC_DO_NOTHING;
  s->in_request = false;
  sc_position_move(&s->position, &reply->last);
  bool is_silent = reply->n_records == 0 && reply->behind_ms < 0;
  s->silent_pages = !is_silent ? 0 : s->silent_pages < SILENT_PAGES ? s->silent_pages + 1 : SILENT_PAGES;
  if (reply->n_records > 0) s->doubted = false;
  if (reply->has_next) return read_on(s, reply, tip, due_ms, flags);
  return reply->has_children && s->closed ? end(s, due_ms, flags) : doubt(s, due_ms, flags);
}

int64_t sc_shard_read_until_ms(const struct sc_shard *s, const struct sc_reply *reply, int64_t service_ms) {
  if (reply->behind_ms < 0 || service_ms <= reply->behind_ms) return 0;
  if (reply->behind_ms == 0 && (reply->full || s->closed || !reply->has_next)) return 0;
  return service_ms - reply->behind_ms;
}

enum sc_shard_do sc_shard_failed(struct sc_shard *s, const struct sc_error *err, int64_t due_ms) {
  if (s->state != SC_SHARD_READING) return SC_DO_NOTHING;
  s->in_request = false;
  s->unknown = err->code == SC_E_NO_SHARD;
  if (s->unknown) return go(s, SC_SHARD_UNSURE, due_ms);
  bool passes = err->code == SC_AGAIN || err->class == SC_CLASS_RETRY || err->class == SC_CLASS_THROTTLE;
  return passes ? go(s, SC_SHARD_READING, due_ms) : SC_DO_FAIL;
}

enum sc_shard_do sc_shard_confirmed(struct sc_shard *s, bool closed, int64_t now_ms, uint32_t *flags) {
  *flags = 0;
  if (s->state != SC_SHARD_UNSURE) return SC_DO_NOTHING;
  if (!closed) return go(s, SC_SHARD_READING, now_ms + CONFIRM_AGAIN_MS);
  s->closed = true;
  if (s->unknown) return end(s, now_ms, flags);
  s->doubted = true;
  return go(s, SC_SHARD_READING, now_ms);
}
