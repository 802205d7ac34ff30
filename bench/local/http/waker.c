#include "bench/local/http/waker.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/base/error.h"

bool scl_waker_init(struct scl_waker *waker) {
  *waker = (struct scl_waker){.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  pthread_mutex_init(&waker->lock, NULL);
  return waker->fd >= 0;
}

void scl_waker_fini(struct scl_waker *waker) {
  SC_ASSERT(waker->first == NULL);
  if (waker->fd >= 0) close(waker->fd);
  pthread_mutex_destroy(&waker->lock);
}

void scl_waker_nudge(struct scl_waker *waker) {
  uint64_t one = 1;
  ssize_t n = write(waker->fd, &one, sizeof(one));
  SC_ASSERT(n == sizeof(one) || errno == EAGAIN);
}

void scl_wake_post(struct scl_wake *wake) {
  struct scl_waker *waker = wake->waker;
  pthread_mutex_lock(&waker->lock);
  bool is_first = !wake->is_posted && waker->first == NULL;
  if (!wake->is_posted) {
    wake->is_posted = true;
    wake->prev = waker->last;
    wake->next = NULL;
    if (waker->last != NULL) waker->last->next = wake;
    else waker->first = wake;
    waker->last = wake;
  }
  pthread_mutex_unlock(&waker->lock);
  if (is_first) scl_waker_nudge(waker);
}

/* (locked) */
static void unlink_wake(struct scl_waker *waker, struct scl_wake *wake) {
  if (wake->prev != NULL) wake->prev->next = wake->next;
  else waker->first = wake->next;
  if (wake->next != NULL) wake->next->prev = wake->prev;
  else waker->last = wake->prev;
  wake->is_posted = false;
}

void scl_wake_cancel(struct scl_wake *wake) {
  pthread_mutex_lock(&wake->waker->lock);
  if (wake->is_posted) unlink_wake(wake->waker, wake);
  pthread_mutex_unlock(&wake->waker->lock);
}

void scl_waker_clear(struct scl_waker *waker) {
  uint64_t times;
  ssize_t n = read(waker->fd, &times, sizeof(times));
  SC_ASSERT(n == sizeof(times) || errno == EAGAIN);
}

void *scl_waker_take(struct scl_waker *waker) {
  pthread_mutex_lock(&waker->lock);
  struct scl_wake *wake = waker->first;
  if (wake != NULL) unlink_wake(waker, wake);
  pthread_mutex_unlock(&waker->lock);
  return wake == NULL ? NULL : wake->owner;
}

bool scl_waker_is_empty(struct scl_waker *waker) {
  pthread_mutex_lock(&waker->lock);
  bool is_empty = waker->first == NULL;
  pthread_mutex_unlock(&waker->lock);
  return is_empty;
}
