/* Wakes: how any thread tells a serving thread which of its connections to work on.
 *
 * Each serving thread owns a waker, whose fd it polls for input; each of its connections has a wake. A wake that is
 * posted several times before it is taken counts once; the fd is written to only when no wake was posted before.
 * scl_wake_post and scl_waker_signal are called by any thread, the rest by the owner. Who posts a wake must have
 * stopped before scl_wake_cancel. Nothing here blocks or allocates.
 */
#ifndef SCL_HTTP_WAKER_H
#define SCL_HTTP_WAKER_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

struct scl_waker;

/* Zero but for waker and owner. */
struct scl_wake {
  struct scl_waker *waker;
  void *owner; /* what scl_waker_take returns */
  bool is_posted;
  TAILQ_ENTRY(scl_wake) entry;
};

struct scl_waker {
  int fd; /* an eventfd */
  pthread_mutex_t lock;
  TAILQ_HEAD(, scl_wake) posted; /* oldest first */
};

/* False when the system has no descriptor for it (errno). */
bool scl_waker_init(struct scl_waker *waker);
void scl_waker_fini(struct scl_waker *waker);

void scl_wake_post(struct scl_wake *wake);
/* The wake is not posted any more. */
void scl_wake_cancel(struct scl_wake *wake);
/* Makes the fd readable though no wake is posted. */
void scl_waker_signal(struct scl_waker *waker);

/* Makes the fd unreadable until the next post. Called before taking. */
void scl_waker_clear(struct scl_waker *waker);
/* Takes the oldest wake and returns its owner; NULL when none is posted. */
void *scl_waker_take(struct scl_waker *waker);
bool scl_waker_is_empty(struct scl_waker *waker);

#endif
