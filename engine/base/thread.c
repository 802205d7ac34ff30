#include "engine/base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

enum { STACK_BYTES = 1 << 20 };

static void *enter(void *arg) {
  struct sc_thread *t = arg;
  pthread_setname_np(pthread_self(), t->name);
  t->run(t->arg);
  return NULL;
}

static int create(struct sc_thread *t) {
  sigset_t all, before;
  pthread_attr_t attr;
  int rc = pthread_attr_init(&attr);
  if (rc != SC_OK) return rc;
  sigfillset(&all);
  pthread_attr_setstacksize(&attr, STACK_BYTES);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* a new thread has its maker's mask */
  rc = pthread_create(&t->id, &attr, enter, t);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attr);
  return rc;
}

int sc_thread_start(struct sc_thread *t, const char *name, void (*run)(void *arg), void *arg, struct sc_error *err) {
  *t = (struct sc_thread){.run = run, .arg = arg};
  snprintf(t->name, sizeof(t->name), "%s", name);
  int rc = create(t);
  if (rc != SC_OK) return sc_error_errno(err, SC_E_INTERNAL, rc, "cannot start thread %s", name);
  t->started = true;
  return SC_OK;
}

static int64_t now_ms(clockid_t id) {
  struct timespec ts;
  clock_gettime(id, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* pthread_timedjoin_np waits for a time of the wall clock, which may jump; the monotonic clock decides. TSAN does not
 * know pthread_clockjoin_np. */
static int join_until(pthread_t id, int64_t deadline_ms) {
  for (;;) {
    int64_t left_ms = deadline_ms - now_ms(CLOCK_MONOTONIC);
    int64_t until_ms = now_ms(CLOCK_REALTIME) + (left_ms > 0 ? left_ms : 0);
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    int rc = pthread_timedjoin_np(id, NULL, &until);
    if (rc != ETIMEDOUT || left_ms <= 0) return rc;
  }
}

int sc_thread_join(struct sc_thread *t, int64_t timeout_ms, struct sc_error *err) {
  if (!t->started) return SC_OK;
  int rc = timeout_ms < 0 ? pthread_join(t->id, NULL) : join_until(t->id, now_ms(CLOCK_MONOTONIC) + timeout_ms);
  if (rc == ETIMEDOUT)
    return sc_error_set(err, SC_E_DEADLINE, "thread %s did not end within %lld ms", t->name, (long long)timeout_ms);
  SC_ASSERT(rc == 0);
  t->started = false;
  return SC_OK;
}
