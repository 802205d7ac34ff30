/* Wakes that threads post to each other: which of a thread's connections somebody has news for.
 *
 * Each serving thread owns a waker, whose fd it polls for input; each of its connections has a wake. Posting a wake any
 * number of times before it is taken is once; the fd is written to for the first wake only. sc_wake_post is called by any
 * thread, the rest by the owner. Whoever posts must have stopped before sc_wake_cancel. Neither blocks nor allocates.
 */
#ifndef SC_LOCAL_WAKER_H
#define SC_LOCAL_WAKER_H

#include <pthread.h>
#include <stdbool.h>

struct sc_waker;

/* Zero but for waker and owner. */
struct sc_wake {
  struct sc_waker *waker;
  void *owner; /* what sc_waker_take gives */
  bool is_posted;
  struct sc_wake *prev, *next;
};

struct sc_waker {
  int fd; /* an eventfd */
  pthread_mutex_t lock;
  struct sc_wake *first, *last;
};

/* False when the system has no descriptor for it (errno). */
bool sc_waker_init(struct sc_waker *waker);
void sc_waker_fini(struct sc_waker *waker);

void sc_wake_post(struct sc_wake *wake);
/* Not posted any more. */
void sc_wake_cancel(struct sc_wake *wake);
/* Makes the fd readable though nobody posted: the thread is to look up. Any thread. */
void sc_waker_nudge(struct sc_waker *waker);

/* Makes the fd unreadable until the next post; called before taking. */
void sc_waker_clear(struct sc_waker *waker);
/* The owner of the oldest wake posted, which is taken; NULL when there is none. */
void *sc_waker_take(struct sc_waker *waker);
bool sc_waker_is_empty(struct sc_waker *waker);

#endif
