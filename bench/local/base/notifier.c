#include "bench/local/base/notifier.h"

#include <stddef.h>

#include "engine/base/error.h"

void scl_notifier_init(struct scl_notifier *bell) {
  pthread_mutex_init(&bell->lock, NULL);
  atomic_init(&bell->first, NULL);
}

void scl_notifier_fini(struct scl_notifier *bell) {
  SC_ASSERT(bell->first == NULL);
  pthread_mutex_destroy(&bell->lock);
}

void scl_notifier_add(struct scl_notifier *bell, struct scl_listener *listener) {
  if (listener->bell == bell) return;
  scl_notifier_remove(listener);
  pthread_mutex_lock(&bell->lock);
  listener->bell = bell;
  listener->prev = NULL;
  listener->next = bell->first;
  if (listener->next != NULL) listener->next->prev = listener;
  bell->first = listener;
  pthread_mutex_unlock(&bell->lock);
}

void scl_notifier_remove(struct scl_listener *listener) {
  struct scl_notifier *bell = listener->bell;
  if (bell == NULL) return;
  pthread_mutex_lock(&bell->lock);
  if (listener->next != NULL) listener->next->prev = listener->prev;
  if (listener->prev != NULL) listener->prev->next = listener->next;
  else bell->first = listener->next;
  listener->bell = NULL;
  pthread_mutex_unlock(&bell->lock);
}

void scl_notifier_notify(struct scl_notifier *bell) {
  if (atomic_load(&bell->first) == NULL) return;
  pthread_mutex_lock(&bell->lock);
  for (struct scl_listener *at = bell->first; at != NULL; at = at->next) at->notify(at);
  pthread_mutex_unlock(&bell->lock);
}

void scl_notifier_close(struct scl_notifier *bell) {
  pthread_mutex_lock(&bell->lock);
  while (bell->first != NULL) {
    struct scl_listener *listener = bell->first;
    bell->first = listener->next;
    listener->bell = NULL;
    listener->notify(listener);
  }
  pthread_mutex_unlock(&bell->lock);
}
