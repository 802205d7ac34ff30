#include "bench/local/http/waker.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/base/error.h"

bool scl_waker_init(struct scl_waker *waker) {
  *waker = (struct scl_waker){.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  pthread_mutex_init(&waker->lock, NULL);
  TAILQ_INIT(&waker->posted);
  return waker->fd >= 0;
}

void scl_waker_fini(struct scl_waker *waker) {
  SC_ASSERT(TAILQ_EMPTY(&waker->posted));
  if (waker->fd >= 0) close(waker->fd);
  pthread_mutex_destroy(&waker->lock);
}

void scl_waker_signal(struct scl_waker *waker) {
  uint64_t one = 1;
  ssize_t n = write(waker->fd, &one, sizeof(one));
  SC_ASSERT(n == sizeof(one) || errno == EAGAIN);
}

void scl_wake_post(struct scl_wake *wake) {
  struct scl_waker *waker = wake->waker;
  pthread_mutex_lock(&waker->lock);
  bool is_first = TAILQ_EMPTY(&waker->posted);
  if (!wake->is_posted) TAILQ_INSERT_TAIL(&waker->posted, wake, entry);
  wake->is_posted = true;
  pthread_mutex_unlock(&waker->lock);
  if (is_first) scl_waker_signal(waker);
}

/* The waker is locked. */
static void take_out(struct scl_waker *waker, struct scl_wake *wake) {
  TAILQ_REMOVE(&waker->posted, wake, entry);
  wake->is_posted = false;
}

void scl_wake_cancel(struct scl_wake *wake) {
  pthread_mutex_lock(&wake->waker->lock);
  if (wake->is_posted) take_out(wake->waker, wake);
  pthread_mutex_unlock(&wake->waker->lock);
}

void scl_waker_clear(struct scl_waker *waker) {
  uint64_t times;
  ssize_t n = read(waker->fd, &times, sizeof(times));
  SC_ASSERT(n == sizeof(times) || errno == EAGAIN);
}

void *scl_waker_take(struct scl_waker *waker) {
  pthread_mutex_lock(&waker->lock);
  struct scl_wake *wake = TAILQ_FIRST(&waker->posted);
  if (wake != NULL) take_out(waker, wake);
  pthread_mutex_unlock(&waker->lock);
  return wake == NULL ? NULL : wake->owner;
}

bool scl_waker_is_empty(struct scl_waker *waker) {
  pthread_mutex_lock(&waker->lock);
  bool is_empty = TAILQ_EMPTY(&waker->posted);
  pthread_mutex_unlock(&waker->lock);
  return is_empty;
}
