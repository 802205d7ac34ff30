#include "engine/shard.h"

#define RETRY_BASE_MS 50
#define THROTTLE_BASE_MS 1000
#define BACKOFF_CAP_MS 20000
#define CONFIRM_AGAIN_MS 1000
#define SILENT_PAGES 3

static enum sc_shard_do next_do(const struct sc_shard *s) {
  switch (s->state) {
    case SC_SHARD_ITERATOR:
      return SC_DO_GET_ITERATOR;
    case SC_SHARD_READY:
      return SC_DO_GET_RECORDS;
    case SC_SHARD_UNSURE:
      return SC_DO_CONFIRM_END;
    case SC_SHARD_IDLE:
    case SC_SHARD_DONE:
      return SC_DO_NOTHING;
  }
  SC_ASSERT(!"a state of the enum");
  return SC_DO_NOTHING;
}

static enum sc_shard_do go(struct sc_shard *s, enum sc_shard_state state, int64_t due_ms) {
  s->state = state;
  s->due_ms = due_ms;
  return next_do(s);
}

void sc_shard_init(struct sc_shard *s) { *s = (struct sc_shard){.state = SC_SHARD_IDLE}; }

enum sc_shard_do sc_shard_start(struct sc_shard *s, const struct sc_position *at, uint32_t term, int64_t now_ms) {
  SC_ASSERT(term > s->term);
  SC_ASSERT(at->start != SC_START_LATEST);
  s->term = term;
  s->position = *at;
  s->in_call = false;
  s->failures = 0;
  s->doubted = false;
  s->silent_pages = 0;
  s->unknown = false;
  return go(s, SC_SHARD_ITERATOR, now_ms);
}

void sc_shard_stop(struct sc_shard *s) {
  s->state = SC_SHARD_IDLE;
  s->in_call = false;
}

void sc_shard_closed(struct sc_shard *s) { s->closed = true; }

void sc_shard_called(struct sc_shard *s, int64_t now_ms) {
  SC_ASSERT(!s->in_call);
  SC_ASSERT(s->state == SC_SHARD_ITERATOR || s->state == SC_SHARD_READY);
  s->in_call = true;
  if (s->state == SC_SHARD_READY) s->called_ms = now_ms;
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

enum sc_shard_do sc_shard_got_iterator(struct sc_shard *s, int64_t now_ms) {
  if (s->state != SC_SHARD_ITERATOR) return SC_DO_NOTHING;
  s->in_call = false;
  return go(s, SC_SHARD_READY, later(now_ms, s->paced_ms));
}

/* Pays for the reply; says when the next call may be made. */
static int64_t pay(struct sc_shard *s, const struct sc_reply *reply, const struct sc_pace *pace) {
  s->paced_ms = s->called_ms + pace->call_interval_ms;
  if (pace->bytes_per_second <= 0) return s->paced_ms;
  int64_t cost_ms = (int64_t)((double)reply->body_bytes * 1000.0 / (double)pace->bytes_per_second);
  s->bytes_free_ms = later(s->bytes_free_ms, s->called_ms) + cost_ms;
  s->paced_ms = later(s->paced_ms, s->bytes_free_ms);
  return s->paced_ms;
}

/* Some emulators never send MillisBehindLatest. There only a row of empty pages shows the tip. */
static bool is_at_tip(const struct sc_shard *s, const struct sc_reply *reply, const struct sc_pace *pace) {
  if (s->closed || reply->full) return false;
  if (reply->behind_ms < 0) return s->silent_pages >= SILENT_PAGES;
  return reply->behind_ms <= pace->behind_latest_ms;
}

static enum sc_shard_do read_on(struct sc_shard *s, const struct sc_reply *reply, const struct sc_pace *pace,
                                int64_t due_ms, uint32_t *flags) {
  if (!is_at_tip(s, reply, pace)) return go(s, SC_SHARD_READY, due_ms);
  if (pace->follow) return go(s, SC_SHARD_READY, later(due_ms, s->called_ms + pace->idle_interval_ms));
  *flags |= SC_BATCH_TIP;
  return go(s, SC_SHARD_DONE, due_ms);
}

static enum sc_shard_do end(struct sc_shard *s, int64_t due_ms, uint32_t *flags) {
  *flags |= SC_BATCH_END;
  return go(s, SC_SHARD_DONE, due_ms);
}

/* A null iterator, and the shard is not known to be closed, or there are no child shards beside it. It may come in the
 * middle of an open shard, or of a closed one: it is the end when the shard is known to be closed and a fresh iterator
 * then comes to the same end without another record. */
static enum sc_shard_do doubt(struct sc_shard *s, int64_t due_ms, uint32_t *flags) {
  s->unknown = false;
  if (!s->closed) return go(s, SC_SHARD_UNSURE, due_ms);
  if (s->doubted) return end(s, due_ms, flags);
  s->doubted = true;
  return go(s, SC_SHARD_ITERATOR, due_ms);
}

/* Never back, whatever comes again. */
static void move_on(struct sc_shard *s, const struct sc_reply *reply) {
  if (reply->last.len == 0) return;
  bool is_known = s->position.start == SC_START_AFTER && sc_sequence_compare(&reply->last, &s->position.sequence) <= 0;
  if (!is_known) s->position = (struct sc_position){.start = SC_START_AFTER, .sequence = reply->last};
}

enum sc_shard_do sc_shard_got_records(struct sc_shard *s, const struct sc_reply *reply, const struct sc_pace *pace,
                                      int64_t now_ms, uint32_t *flags) {
  *flags = 0;
  if (s->state != SC_SHARD_READY) return SC_DO_NOTHING;
  s->in_call = false;
  s->failures = 0;
  move_on(s, reply);
  bool is_silent = reply->n_records == 0 && reply->behind_ms < 0;
  s->silent_pages = !is_silent ? 0 : s->silent_pages < SILENT_PAGES ? s->silent_pages + 1 : SILENT_PAGES;
  if (reply->n_records > 0) s->doubted = false;
  int64_t due_ms = later(now_ms, pay(s, reply, pace));
  if (reply->has_next) return read_on(s, reply, pace, due_ms, flags);
  return reply->has_children && s->closed ? end(s, due_ms, flags) : doubt(s, due_ms, flags);
}

int64_t sc_shard_read_until_ms(const struct sc_shard *s, const struct sc_reply *reply, int64_t service_ms) {
  if (reply->behind_ms < 0 || service_ms <= reply->behind_ms) return 0;
  if (reply->behind_ms == 0 && (reply->full || s->closed || !reply->has_next)) return 0;
  return service_ms - reply->behind_ms;
}

static int64_t back_off(struct sc_shard *s, struct sc_random *random, int64_t base_ms, int64_t now_ms) {
  int64_t wait_ms = sc_random_backoff_ms(random, base_ms, BACKOFF_CAP_MS, s->failures);
  if (s->failures < 62) s->failures++;
  return now_ms + wait_ms;
}

static enum sc_shard_do iterator_expired(struct sc_shard *s, struct sc_random *random, int64_t now_ms) {
  bool again = s->failures > 0;
  int64_t due_ms = back_off(s, random, RETRY_BASE_MS, now_ms);
  return go(s, SC_SHARD_ITERATOR, again ? due_ms : now_ms);
}

enum sc_shard_do sc_shard_failed(struct sc_shard *s, const struct sc_error *err, struct sc_random *random,
                                 int64_t now_ms) {
  if (s->state != SC_SHARD_ITERATOR && s->state != SC_SHARD_READY) return SC_DO_NOTHING;
  s->in_call = false;
  if (err->code == SC_E_EXPIRED_ITERATOR) return iterator_expired(s, random, now_ms);
  s->unknown = err->code == SC_E_NO_SHARD;
  if (s->unknown) return go(s, SC_SHARD_UNSURE, now_ms);
  if (err->class == SC_CLASS_RETRY) return go(s, s->state, back_off(s, random, RETRY_BASE_MS, now_ms));
  if (err->class != SC_CLASS_THROTTLE) return SC_DO_FAIL;
  return go(s, s->state, THROTTLE_BASE_MS + back_off(s, random, THROTTLE_BASE_MS, now_ms));
}

enum sc_shard_do sc_shard_confirmed(struct sc_shard *s, bool closed, int64_t now_ms, uint32_t *flags) {
  *flags = 0;
  if (s->state != SC_SHARD_UNSURE) return SC_DO_NOTHING;
  if (!closed) return go(s, SC_SHARD_ITERATOR, now_ms + CONFIRM_AGAIN_MS);
  s->closed = true;
  if (s->unknown) return end(s, now_ms, flags);
  s->doubted = true;
  return go(s, SC_SHARD_ITERATOR, now_ms);
}
