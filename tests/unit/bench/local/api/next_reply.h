/* What a handler of a test answers next: a test sets it between its requests. */
#ifndef SC_TESTS_UNIT_BENCH_LOCAL_API_NEXT_REPLY_H
#define SC_TESTS_UNIT_BENCH_LOCAL_API_NEXT_REPLY_H

#include "tests/unit/bench/local/http/count_feed.h"
#include "tests/unit/engine/base/check.h"

struct next_reply {
  struct scl_delivery delivery;
  struct scl_ticket ticket;
  int64_t retry_after_ms;
  bool feeds; /* the body goes on with the counter's numbers */
  struct counter counter;
};

static inline void next_reply_init(struct next_reply *next) {
  *next = (struct next_reply){0};
  counter_init(&next->counter);
}

/* No feed may be left. */
static inline void next_reply_fini(struct next_reply *next) {
  assert_int_equal(next->counter.n_open, 0);
  scl_notifier_fini(&next->counter.bell);
}

/* All but the content. */
static inline void next_reply_fill(struct next_reply *next, struct scl_reply *reply) {
  reply->status = 200;
  reply->content_type = "text/x";
  reply->delivery = next->delivery;
  reply->ticket = next->ticket;
  reply->retry_after_ms = next->retry_after_ms;
  if (next->feeds) reply->feed = count_feed_new(&next->counter);
}

#endif
