/* The ring between two threads: items pushed and popped, in one thread in bursts and between two. Reference: a queue of
 * the same size behind a mutex. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "bench/micro/stage.h"
#include "engine/base/ring.h"

#define ITEMS 200000
#define CAPACITY 1024
#define BURST 32

/* The reference. */
struct locked {
  pthread_mutex_t lock;
  size_t head, tail;
  void *items[CAPACITY];
};

static bool locked_push(struct locked *q, void *item) {
  pthread_mutex_lock(&q->lock);
  bool has_room = q->tail - q->head < CAPACITY;
  if (has_room) q->items[q->tail++ % CAPACITY] = item;
  pthread_mutex_unlock(&q->lock);
  return has_room;
}

static void *locked_pop(struct locked *q) {
  pthread_mutex_lock(&q->lock);
  void *item = q->head < q->tail ? q->items[q->head++ % CAPACITY] : NULL;
  pthread_mutex_unlock(&q->lock);
  return item;
}

struct state {
  struct sc_ring *ring;
  struct locked locked;
  int item; /* what is passed: its address */
};

static void *open_state(const struct sc_micro_data *data, struct sc_micro_size *size) {
  (void)data;
  struct state *s = sc_alloc_zero(1, sizeof(*s));
  s->ring = sc_ring_new(CAPACITY);
  pthread_mutex_init(&s->locked.lock, NULL);
  *size = (struct sc_micro_size){ITEMS, 0};
  return s;
}

static void close_state(void *state) {
  struct state *s = state;
  sc_ring_free(s->ring);
  pthread_mutex_destroy(&s->locked.lock);
  free(s);
}

static int64_t one_ring(void *state) {
  struct state *s = state;
  int64_t start = sc_micro_now_ns();
  for (int i = 0; i < ITEMS; i += BURST) {
    for (int j = 0; j < BURST; j++) sc_ring_push(s->ring, &s->item);
    while (sc_ring_pop(s->ring) != NULL) continue;
  }
  return sc_micro_now_ns() - start;
}

static int64_t one_locked(void *state) {
  struct state *s = state;
  int64_t start = sc_micro_now_ns();
  for (int i = 0; i < ITEMS; i += BURST) {
    for (int j = 0; j < BURST; j++) locked_push(&s->locked, &s->item);
    while (locked_pop(&s->locked) != NULL) continue;
  }
  return sc_micro_now_ns() - start;
}

static void *produce_ring(void *state) {
  struct state *s = state;
  for (int i = 0; i < ITEMS;) {
    if (sc_ring_push(s->ring, &s->item)) i++;
    else sched_yield();
  }
  return NULL;
}

static void *produce_locked(void *state) {
  struct state *s = state;
  for (int i = 0; i < ITEMS;) {
    if (locked_push(&s->locked, &s->item)) i++;
    else sched_yield();
  }
  return NULL;
}

static int64_t two_ring(void *state) {
  struct state *s = state;
  pthread_t producer;
  int64_t start = sc_micro_wall_ns();
  int failed = pthread_create(&producer, NULL, produce_ring, s);
  SC_ASSERT(failed == 0);
  for (int i = 0; i < ITEMS;) {
    if (sc_ring_pop(s->ring) != NULL) i++;
    else sched_yield();
  }
  pthread_join(producer, NULL);
  return sc_micro_wall_ns() - start;
}

static int64_t two_locked(void *state) {
  struct state *s = state;
  pthread_t producer;
  int64_t start = sc_micro_wall_ns();
  int failed = pthread_create(&producer, NULL, produce_locked, s);
  SC_ASSERT(failed == 0);
  for (int i = 0; i < ITEMS;) {
    if (locked_pop(&s->locked) != NULL) i++;
    else sched_yield();
  }
  pthread_join(producer, NULL);
  return sc_micro_wall_ns() - start;
}

const struct sc_micro_stage sc_stage_ring_one = {"ring, one core", "mutex and array", "item",   NULL,      true,
                                                 open_state,       close_state,       one_ring, one_locked};
const struct sc_micro_stage sc_stage_ring_two = {"ring, two cores", "mutex and array", "item",   NULL,      true,
                                                 open_state,        close_state,       two_ring, two_locked};
