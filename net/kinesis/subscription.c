#include "net/kinesis/subscription.h"

#include <string.h>

#include "engine/shard.h"

#define NEVER INT64_MIN
#define THEFTS_MAX 2

const struct sc_subscription_times sc_subscription_times = {.call_apart = 1000,
                                                            .takeover = 5000,
                                                            .patience = 5000,
                                                            .call = 30000,
                                                            .idle = 15000,
                                                            .unwanted = 60000,
                                                            .retry_base = 200,
                                                            .throttle_base = 1000,
                                                            .backoff_cap = 20000};

const char *const sc_subscription_end_names[SC_SUBSCRIPTION_END_KINDS] = {
#define SC_SUBSCRIPTION_END(id, name) name,
    SC_SUBSCRIPTION_ENDS(SC_SUBSCRIPTION_END)
#undef SC_SUBSCRIPTION_END
};

void sc_subscription_init(struct sc_subscription *s, const struct sc_subscription_times *times, int64_t now_ms) {
  *s = (struct sc_subscription){.times = times,
                                .began_ms = now_ms,
                                .called_ms = NEVER,
                                .opened_ms = NEVER,
                                .back_off_ms = NEVER,
                                .event_ms = NEVER};
}

/* ---- when to call ---- */

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t after(int64_t moment_ms, int64_t wait_ms) { return moment_ms == NEVER ? NEVER : moment_ms + wait_ms; }

/* Not under way: to be called when somebody wants it and it is time. */
static void rest(struct sc_subscription *s, int64_t now_ms) {
  int64_t due_ms = later(later(now_ms, s->back_off_ms),
                         later(after(s->opened_ms, s->times->takeover), after(s->called_ms, s->times->call_apart)));
  s->state = s->is_wanted ? SC_SUBSCRIPTION_DUE : SC_SUBSCRIPTION_IDLE;
  s->due_ms = due_ms;
}

static void end(struct sc_subscription *s, enum sc_subscription_end why, int64_t now_ms) {
  s->ended[why]++;
  rest(s, now_ms);
}

static void back_off(struct sc_subscription *s, int64_t base_ms, struct sc_random *random, int64_t now_ms) {
  s->back_off_ms = now_ms + sc_random_backoff_ms(random, base_ms, s->times->backoff_cap, s->failures);
  if (s->failures < 30) s->failures++;
}

static bool is_under_way(const struct sc_subscription *s) {
  return s->state == SC_SUBSCRIPTION_CALLED || s->state == SC_SUBSCRIPTION_OPEN;
}

/* ---- requests ---- */

static bool is_same(const struct sc_position *a, const struct sc_position *b) {
  return a->start == b->start && a->at_ms == b->at_ms && sc_sequence_compare(&a->sequence, &b->sequence) == 0;
}

bool sc_subscription_stands_at(const struct sc_subscription *s, const struct sc_position *at) {
  return is_same(&s->handed, at);
}

enum sc_subscription_do sc_subscription_want(struct sc_subscription *s, const struct sc_position *at, int64_t now_ms) {
  SC_ASSERT(!s->is_wanted);
  bool was_under_way = is_under_way(s), has_moved = !is_same(&s->handed, at);
  s->is_wanted = true;
  if (has_moved) s->at = s->handed = *at;
  if (has_moved && was_under_way) {
    end(s, SC_SUBSCRIPTION_REWOUND, now_ms);
    return SC_SUBSCRIPTION_CANCEL;
  }
  if (s->state == SC_SUBSCRIPTION_IDLE) rest(s, now_ms);
  return SC_SUBSCRIPTION_NOTHING;
}

void sc_subscription_resume(struct sc_subscription *s, int64_t now_ms) {
  if (s->state == SC_SUBSCRIPTION_PARKED) rest(s, now_ms);
}

void sc_subscription_answered(struct sc_subscription *s, const struct sc_sequence *last) {
  SC_ASSERT(s->is_wanted);
  s->is_wanted = false;
  sc_position_move(&s->handed, last);
  /* A last event without a continuation may have records. If it was not the shard's end, reading goes on behind them.
   */
  if (!is_under_way(s) && last->len > 0) s->at = s->handed;
  if (s->state == SC_SUBSCRIPTION_DUE || s->state == SC_SUBSCRIPTION_PARKED) s->state = SC_SUBSCRIPTION_IDLE;
}

/* ---- a subscription ---- */

void sc_subscription_called(struct sc_subscription *s, int64_t now_ms) {
  SC_ASSERT(s->state == SC_SUBSCRIPTION_DUE && now_ms >= s->due_ms);
  s->state = SC_SUBSCRIPTION_CALLED;
  s->called_ms = now_ms;
}

void sc_subscription_opened(struct sc_subscription *s, int64_t now_ms) {
  SC_ASSERT(s->state == SC_SUBSCRIPTION_CALLED);
  s->state = SC_SUBSCRIPTION_OPEN;
  s->has_window = true;
  s->opened_ms = s->heard_ms = now_ms;
  s->made++;
}

void sc_subscription_heard(struct sc_subscription *s, int64_t now_ms) { s->heard_ms = now_ms; }

void sc_subscription_window(struct sc_subscription *s, bool has_window, int64_t now_ms) {
  if (s->has_window == has_window) return;
  s->has_window = has_window;
  if (has_window) s->heard_ms = now_ms;
  else s->stuffed_ms = now_ms;
}

enum sc_subscription_do sc_subscription_event(struct sc_subscription *s, const struct sc_sequence *continuation,
                                              int64_t now_ms) {
  SC_ASSERT(s->state == SC_SUBSCRIPTION_OPEN);
  s->failures = 0;
  s->event_ms = now_ms;
  if (continuation != NULL) {
    s->at = (struct sc_position){.start = SC_START_AFTER, .sequence = *continuation};
    return SC_SUBSCRIPTION_NOTHING;
  }
  end(s, SC_SUBSCRIPTION_SHARD, now_ms);
  return SC_SUBSCRIPTION_CANCEL;
}

void sc_subscription_ended(struct sc_subscription *s, int64_t now_ms) {
  if (!is_under_way(s)) return;
  s->thefts = 0;
  end(s, SC_SUBSCRIPTION_CLEAN, now_ms);
}

/* ---- failures ---- */

static bool is_named(const struct sc_error *err, const char *name) { return strcmp(err->service, name) == 0; }

static enum sc_subscription_do in_use(struct sc_subscription *s, struct sc_error *err, struct sc_random *random,
                                      int64_t now_ms) {
  s->is_quiet = now_ms - s->began_ms < s->times->patience;
  if (s->state == SC_SUBSCRIPTION_OPEN && ++s->thefts >= THEFTS_MAX) {
    sc_error_prefix(err, "another load reads this shard through the same consumer");
    err->code = SC_E_FENCED;
    sc_error_as(err, SC_CLASS_FATAL);
    sc_error_hint(err, "give each load a consumer of its own: --consumer-name");
    return SC_SUBSCRIPTION_FAIL;
  }
  back_off(s, s->times->throttle_base, random, now_ms);
  end(s, SC_SUBSCRIPTION_IN_USE, now_ms);
  return SC_SUBSCRIPTION_NOTHING;
}

static enum sc_subscription_end kind_of(const struct sc_error *err) {
  if (err->class == SC_CLASS_THROTTLE) return SC_SUBSCRIPTION_THROTTLED;
  if (err->code == SC_E_NET) return SC_SUBSCRIPTION_LOST;
  return err->code == SC_E_PROTOCOL ? SC_SUBSCRIPTION_BROKEN : SC_SUBSCRIPTION_SERVICE;
}

enum sc_subscription_do sc_subscription_failed(struct sc_subscription *s, struct sc_error *err,
                                               struct sc_random *random, int64_t now_ms) {
  if (!is_under_way(s)) return SC_SUBSCRIPTION_NOTHING;
  s->is_quiet = false;
  if (is_named(err, "ResourceInUseException")) return in_use(s, err, random, now_ms);
  bool is_throttled = err->class == SC_CLASS_THROTTLE;
  back_off(s, is_throttled ? s->times->throttle_base : s->times->retry_base, random, now_ms);
  end(s, kind_of(err), now_ms);
  if (err->code == SC_E_NO_SHARD || err->code == SC_E_NO_SOURCE) {
    s->state = SC_SUBSCRIPTION_UNSURE;
    return SC_SUBSCRIPTION_DESCRIBE;
  }
  return is_throttled || err->class == SC_CLASS_RETRY ? SC_SUBSCRIPTION_NOTHING : SC_SUBSCRIPTION_FAIL;
}

enum sc_subscription_do sc_subscription_described(struct sc_subscription *s, enum sc_consumer_verdict verdict,
                                                  struct sc_random *random, int64_t now_ms) {
  if (s->state != SC_SUBSCRIPTION_UNSURE) return SC_SUBSCRIPTION_NOTHING;
  if (verdict == SC_CONSUMER_UNKNOWN) back_off(s, s->times->throttle_base, random, now_ms);
  rest(s, now_ms);
  switch (verdict) {
    case SC_CONSUMER_READY:
      return SC_SUBSCRIPTION_GONE;
    case SC_CONSUMER_LOST:
      return SC_SUBSCRIPTION_FAIL;
    case SC_CONSUMER_RENEWED:
    case SC_CONSUMER_UNKNOWN:
      return SC_SUBSCRIPTION_NOTHING;
  }
  SC_ASSERT(!"a verdict of the enum");
  return SC_SUBSCRIPTION_NOTHING;
}

/* ---- time ---- */

int64_t sc_subscription_due_ms(const struct sc_subscription *s) {
  switch (s->state) {
    case SC_SUBSCRIPTION_IDLE:
    case SC_SUBSCRIPTION_UNSURE:
    case SC_SUBSCRIPTION_PARKED:
      return INT64_MAX;
    case SC_SUBSCRIPTION_DUE:
      return s->due_ms;
    case SC_SUBSCRIPTION_CALLED:
      return s->called_ms + s->times->call;
    case SC_SUBSCRIPTION_OPEN:
      return s->has_window ? s->heard_ms + s->times->idle : s->stuffed_ms + s->times->unwanted;
  }
  SC_ASSERT(!"a state of the enum");
  return INT64_MAX;
}

enum sc_subscription_do sc_subscription_tick(struct sc_subscription *s, struct sc_random *random, int64_t now_ms,
                                             int64_t *silent_ms) {
  *silent_ms = 0;
  if (!is_under_way(s) || now_ms < sc_subscription_due_ms(s)) return SC_SUBSCRIPTION_NOTHING;
  if (s->state == SC_SUBSCRIPTION_OPEN && !s->has_window) {
    end(s, SC_SUBSCRIPTION_UNWANTED, now_ms);
    if (s->is_wanted) s->state = SC_SUBSCRIPTION_PARKED;
    return SC_SUBSCRIPTION_CANCEL;
  }
  if (s->state == SC_SUBSCRIPTION_OPEN) *silent_ms = now_ms - s->heard_ms;
  back_off(s, s->times->retry_base, random, now_ms);
  end(s, SC_SUBSCRIPTION_SILENT, now_ms);
  return SC_SUBSCRIPTION_CANCEL;
}
