#include "engine/base/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/park.h"

enum { FIRST_CAP = 16 };

/* A circle of cap messages; count is atomic so that an empty box is seen without the lock. */
struct sc_mailbox {
  pthread_mutex_t lock;
  struct sc_park *park;
  size_t message_bytes;
  char *messages;
  size_t cap;
  size_t first;
  _Atomic size_t count;
};

struct sc_mailbox *sc_mailbox_new(size_t message_bytes, struct sc_park *park) {
  SC_ASSERT(message_bytes > 0);
  struct sc_mailbox *box = sc_alloc_zero(1, sizeof(*box));
  pthread_mutex_init(&box->lock, NULL);
  box->park = park;
  box->message_bytes = message_bytes;
  box->cap = FIRST_CAP;
  box->messages = sc_alloc_zero(box->cap, message_bytes);
  return box;
}

void sc_mailbox_free(struct sc_mailbox *box) {
  if (box == NULL) return;
  pthread_mutex_destroy(&box->lock);
  free(box->messages);
  free(box);
}

static char *slot(struct sc_mailbox *box, size_t i) {
  SC_ASSERT(box->cap > 0);
  return box->messages + ((box->first + i) % box->cap) * box->message_bytes;
}

static void grow(struct sc_mailbox *box, size_t count) {
  char *messages = sc_alloc_zero(box->cap * 2, box->message_bytes);
  for (size_t i = 0; i < count; i++) memcpy(messages + i * box->message_bytes, slot(box, i), box->message_bytes);
  free(box->messages);
  box->messages = messages;
  box->cap *= 2;
  box->first = 0;
}

void sc_mailbox_send(struct sc_mailbox *box, const void *message) {
  pthread_mutex_lock(&box->lock);
  size_t count = atomic_load_explicit(&box->count, memory_order_relaxed);
  if (count == box->cap) grow(box, count);
  memcpy(slot(box, count), message, box->message_bytes);
  atomic_store_explicit(&box->count, count + 1, memory_order_release);
  pthread_mutex_unlock(&box->lock);
  if (box->park != NULL) sc_park_wake(box->park);
}

bool sc_mailbox_receive(struct sc_mailbox *box, void *message) {
  if (sc_mailbox_is_empty(box)) return false;
  pthread_mutex_lock(&box->lock);
  memcpy(message, slot(box, 0), box->message_bytes);
  box->first = (box->first + 1) % box->cap;
  atomic_fetch_sub_explicit(&box->count, 1, memory_order_relaxed);
  pthread_mutex_unlock(&box->lock);
  return true;
}

bool sc_mailbox_is_empty(struct sc_mailbox *box) {
  return atomic_load_explicit(&box->count, memory_order_acquire) == 0;
}
