/* Threads: named, with one stack size, deaf to signals, joined with a deadline.
 *
 * All signals are blocked in a started thread: control alone hears them, through a signalfd. The caller's mask is left
 * as it was. The struct is the caller's and stays in place until the thread is joined.
 */
#ifndef SC_BASE_THREAD_H
#define SC_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

struct sc_thread {
  pthread_t id;
  char name[16]; /* what ps and gdb show; cut to 15 characters */
  void (*run)(void *arg);
  void *arg;
  bool started; /* and not joined */
};

/* Runs run(arg) in a new thread with a stack of 1 MiB. SC_E_INTERNAL when the system refuses. */
int sc_thread_start(struct sc_thread *t, const char *name, void (*run)(void *arg), void *arg, struct sc_error *err);
/* Blocks until the thread has returned, at most timeout_ms of real time (the injected clock has no say); < 0: for ever.
 * SC_E_DEADLINE when it is still running: it may be joined again. A thread that was not started is joined. */
int sc_thread_join(struct sc_thread *t, int64_t timeout_ms, struct sc_error *err);

#endif
