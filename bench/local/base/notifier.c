#include "bench/local/base/notifier.h"

#include <stddef.h>

#include "engine/base/error.h"

void scl_notifier_init(struct scl_notifier *notifier) {
  pthread_mutex_init(&notifier->lock, NULL);
  LIST_INIT(&notifier->listeners);
  atomic_init(&notifier->n, 0);
}

void scl_notifier_fini(struct scl_notifier *notifier) {
  SC_ASSERT(notifier->n == 0);
  pthread_mutex_destroy(&notifier->lock);
}

void scl_notifier_add(struct scl_notifier *notifier, struct scl_listener *listener) {
  if (listener->notifier == notifier) return;
  scl_notifier_remove(listener);
  pthread_mutex_lock(&notifier->lock);
  listener->notifier = notifier;
  LIST_INSERT_HEAD(&notifier->listeners, listener, entry);
  notifier->n++;
  pthread_mutex_unlock(&notifier->lock);
}

/* The notifier is locked. */
static void take_out(struct scl_listener *listener) {
  LIST_REMOVE(listener, entry);
  listener->notifier->n--;
  listener->notifier = NULL;
}

void scl_notifier_remove(struct scl_listener *listener) {
  struct scl_notifier *notifier = listener->notifier;
  if (notifier == NULL) return;
  pthread_mutex_lock(&notifier->lock);
  take_out(listener);
  pthread_mutex_unlock(&notifier->lock);
}

void scl_notifier_notify(struct scl_notifier *notifier) {
  struct scl_listener *listener;
  if (atomic_load(&notifier->n) == 0) return;
  pthread_mutex_lock(&notifier->lock);
  LIST_FOREACH(listener, &notifier->listeners, entry) listener->notify(listener);
  pthread_mutex_unlock(&notifier->lock);
}

void scl_notifier_close(struct scl_notifier *notifier) {
  struct scl_listener *listener;
  pthread_mutex_lock(&notifier->lock);
  while ((listener = LIST_FIRST(&notifier->listeners)) != NULL) {
    take_out(listener);
    listener->notify(listener);
  }
  pthread_mutex_unlock(&notifier->lock);
}
