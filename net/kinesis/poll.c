#include "net/kinesis/poll.h"

#include "engine/base/error.h"

enum { RETRY_BASE_MS = 50, THROTTLE_BASE_MS = 1000, BACKOFF_CAP_MS = 20000 };

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

static bool stands_at(const struct sc_poll *p, const struct sc_position *position) {
  return p->at.start == position->start && p->at.at_ms == position->at_ms &&
         sc_sequence_compare(&p->at.sequence, &position->sequence) == 0;
}

enum sc_poll_do sc_poll_start(struct sc_poll *p, const struct sc_position *position, int64_t now_us) {
  if (!stands_at(p, position)) {
    p->has_iterator = false;
    p->failures = 0;
    p->at = *position;
  }
  if (!p->has_iterator) return SC_POLL_GET_ITERATOR;
  return p->paced_us > now_us ? SC_POLL_WAIT : SC_POLL_GET_RECORDS;
}

enum sc_poll_do sc_poll_got_iterator(struct sc_poll *p, int64_t now_us) {
  p->has_iterator = true;
  return p->paced_us > now_us ? SC_POLL_WAIT : SC_POLL_GET_RECORDS;
}

void sc_poll_called(struct sc_poll *p, int64_t now_us) { p->called_us = now_us; }

int64_t sc_poll_replied(struct sc_poll *p, const struct sc_reply *reply, size_t bytes,
                        const struct sc_poll_pace *pace) {
  p->failures = 0;
  p->has_iterator = reply->has_next;
  sc_position_move(&p->at, &reply->last);
  p->paced_us = p->called_us + pace->call_interval_us;
  if (pace->bytes_per_second <= 0) return p->paced_us;
  int64_t cost_us = (int64_t)((double)bytes * 1e6 / (double)pace->bytes_per_second);
  p->bytes_free_us = later(p->bytes_free_us, p->called_us) + cost_us;
  p->paced_us = later(p->paced_us, p->bytes_free_us);
  return p->paced_us;
}

static int64_t back_off(struct sc_poll *p, struct sc_random *random, int64_t base_ms, int64_t now_us) {
  int64_t wait_ms = sc_random_backoff_ms(random, base_ms, BACKOFF_CAP_MS, p->failures);
  if (p->failures < 62) p->failures++;
  return now_us + wait_ms * 1000;
}

int64_t sc_poll_failed(struct sc_poll *p, const struct sc_error *err, struct sc_random *random, int64_t now_us) {
  if (err->code == SC_E_EXPIRED_ITERATOR || err->code == SC_E_NO_SHARD) p->has_iterator = false;
  if (err->code == SC_E_EXPIRED_ITERATOR && p->failures == 0) {
    p->failures++;
    return now_us;
  }
  bool throttled = err->class == SC_CLASS_THROTTLE;
  return back_off(p, random, throttled ? THROTTLE_BASE_MS : RETRY_BASE_MS, now_us) +
         (throttled ? INT64_C(1000) * THROTTLE_BASE_MS : 0);
}
