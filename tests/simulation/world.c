#include "tests/simulation/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

#define LINES 200
#define LINE_BYTES 240

struct tale {
  bool echo;
  uint64_t n;
  char lines[LINES][LINE_BYTES];
  char reason[400];
};

size_t sim_tale_bytes(void) { return sizeof(struct tale); }

void sim_tale_begin(struct tale *tale, bool echo) {
  tale->echo = echo;
  tale->n = 0;
  tale->reason[0] = 0;
}

void sim_tell(struct world *w, const char *fmt, ...) {
  char *line = w->tale->lines[w->tale->n++ % LINES];
  int n = snprintf(line, LINE_BYTES, "%8llu %12.3f s  ", (unsigned long long)w->step, (double)w->now_ms / 1000.0);
  va_list args;
  va_start(args, fmt);
  vsnprintf(line + n, LINE_BYTES - (size_t)n, fmt, args);
  va_end(args);
  if (w->tale->echo) puts(line);
}

void sim_broken(struct world *w, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  vsnprintf(w->tale->reason, sizeof(w->tale->reason), fmt, args);
  va_end(args);
  longjmp(w->end, 1);
}

void sim_tale_print(const struct tale *tale, unsigned last) {
  uint64_t n = tale->n < LINES ? tale->n : LINES;
  if (n > last) n = last;
  for (uint64_t i = tale->n - n; i < tale->n; i++) puts(tale->lines[i % LINES]);
}

const char *sim_tale_reason(const struct tale *tale) { return tale->reason; }

void queue_init(struct queue *q, size_t item_bytes) { *q = (struct queue){.item_bytes = item_bytes}; }

void queue_fini(struct queue *q) {
  free(q->items);
  queue_init(q, q->item_bytes);
}

void queue_clear(struct queue *q) { q->first = q->end = 0; }

static void make_room(struct queue *q) {
  if (q->first > 0) {
    memmove(q->items, q->items + q->first * q->item_bytes, queue_count(q) * q->item_bytes);
    q->end -= q->first;
    q->first = 0;
    return;
  }
  q->cap = q->cap ? q->cap * 2 : 8;
  q->items = sc_realloc(q->items, q->cap * q->item_bytes);
}

void queue_push(struct queue *q, const void *item) {
  if (q->end == q->cap) make_room(q);
  memcpy(q->items + q->end++ * q->item_bytes, item, q->item_bytes);
}

bool queue_pop(struct queue *q, void *item) {
  if (q->first == q->end) return false;
  memcpy(item, q->items + q->first++ * q->item_bytes, q->item_bytes);
  if (q->first == q->end) queue_clear(q);
  return true;
}

void *queue_at(const struct queue *q, size_t i) {
  SC_ASSERT(i < queue_count(q));
  return q->items + (q->first + i) * q->item_bytes;
}
