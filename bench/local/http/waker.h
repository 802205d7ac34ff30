/* Wakes that threads post to each other: which of a thread's connections somebody has news for.
 *
 * Each serving thread owns a waker, whose fd it polls for input; each of its connections has a wake. Posting a wake any
 * number of times before it is taken is once; the fd is written to for the first wake only. scl_wake_post is called by
 * any thread, the rest by the owner. Whoever posts must have stopped before scl_wake_cancel. Neither blocks nor
 * allocates.
 */
#ifndef SCL_HTTP_WAKER_H
#define SCL_HTTP_WAKER_H

#include <pthread.h>
#include <stdbool.h>

struct scl_waker;

/* Zero but for waker and owner. */
struct scl_wake {
  struct scl_waker *waker;
  void *owner; /* what scl_waker_take gives */
  bool is_posted;
  struct scl_wake *prev, *next;
};

struct scl_waker {
  int fd; /* an eventfd */
  pthread_mutex_t lock;
  struct scl_wake *first, *last;
};

/* False when the system has no descriptor for it (errno). */
bool scl_waker_init(struct scl_waker *waker);
void scl_waker_fini(struct scl_waker *waker);

void scl_wake_post(struct scl_wake *wake);
/* Not posted any more. */
void scl_wake_cancel(struct scl_wake *wake);
/* Makes the fd readable though nobody posted: the thread is to look up. Any thread. */
void scl_waker_nudge(struct scl_waker *waker);

/* Makes the fd unreadable until the next post; called before taking. */
void scl_waker_clear(struct scl_waker *waker);
/* The owner of the oldest wake posted, which is taken; NULL when there is none. */
void *scl_waker_take(struct scl_waker *waker);
bool scl_waker_is_empty(struct scl_waker *waker);

#endif
