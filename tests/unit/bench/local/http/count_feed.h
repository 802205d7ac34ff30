/* A feed for tests: counts up to what it is told to, "<1>", "<2>", ..., telling its listener when there is more. */
#ifndef SC_TESTS_UNIT_BENCH_LOCAL_HTTP_COUNT_FEED_H
#define SC_TESTS_UNIT_BENCH_LOCAL_HTTP_COUNT_FEED_H

#include <stdio.h>
#include <stdlib.h>

#include "bench/local/http/exchange.h"

/* Outlives its feeds; one at a time listens. */
struct counter {
  struct scl_notifier bell;
  _Atomic int most, end; /* counts to most; at end the body ends */
  _Atomic int n_open;
  int pad;                      /* more bytes behind each number */
  struct scl_ticket ticket;     /* of every chunk */
  struct scl_delivery delivery; /* of the chunk fault_at */
  int fault_at;
};

struct count_feed {
  struct scl_feed feed;
  struct counter *counter;
  struct scl_listener listener;
  void (*notify)(void *context);
  void *context;
  int at;
};

static inline void counter_init(struct counter *counter) {
  *counter = (struct counter){.end = 1000000};
  scl_notifier_init(&counter->bell);
}

static inline void counter_raise(struct counter *counter, int most) {
  counter->most = most;
  scl_notifier_notify(&counter->bell);
}

static inline enum scl_feed_state count_next(struct scl_feed *feed, struct scl_chunk *chunk, int64_t *wait_ms) {
  struct count_feed *self = (struct count_feed *)feed;
  (void)wait_ms;
  if (self->at >= self->counter->end) return SCL_FEED_END;
  if (self->at >= self->counter->most) return SCL_FEED_WAIT;
  sc_buf_printf(&chunk->content.head, "<%d>", ++self->at);
  for (int i = 0; i < self->counter->pad; i++) sc_buf_add_char(&chunk->content.tail, '.');
  chunk->ticket = self->counter->ticket;
  if (self->at == self->counter->fault_at) chunk->delivery = self->counter->delivery;
  return SCL_FEED_CHUNK;
}

static inline void count_notify(struct scl_listener *listener) {
  struct count_feed *self = (struct count_feed *)((char *)listener - offsetof(struct count_feed, listener));
  self->notify(self->context);
}

static inline void count_listen(struct scl_feed *feed, void (*notify)(void *context), void *context) {
  struct count_feed *self = (struct count_feed *)feed;
  self->notify = notify;
  self->context = context;
  scl_notifier_add(&self->counter->bell, &self->listener);
}

static inline void count_close(struct scl_feed *feed) {
  struct count_feed *self = (struct count_feed *)feed;
  scl_notifier_remove(&self->listener);
  self->counter->n_open--;
  free(self);
}

static inline struct scl_feed *count_feed_new(struct counter *counter) {
  struct count_feed *self = sc_alloc_zero(1, sizeof(*self));
  self->feed = (struct scl_feed){count_next, count_listen, count_close};
  self->counter = counter;
  self->listener.notify = count_notify;
  counter->n_open++;
  return &self->feed;
}

#endif
