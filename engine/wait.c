#include "engine/wait.h"

#include <errno.h>
#include <poll.h>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/stop.h"
#include "engine/timings.h"

enum { SLICE_MS = 100 };

static int wait_for(int fd, short events, int timeout_ms, int64_t stop_timeout_ms) {
  int64_t deadline_ms = sc_clock_mono_ms() + timeout_ms;
  for (;;) {
    if (sc_stop_now() || sc_stop_is_overdue(stop_timeout_ms)) return SC_E_STOPPED;
    int64_t left_ms = deadline_ms - sc_clock_mono_ms();
    if (left_ms <= 0) return SC_E_DEADLINE;
    struct pollfd p = {.fd = fd, .events = events};
    int n = poll(&p, 1, left_ms < SLICE_MS ? (int)left_ms : SLICE_MS);
    if (n > 0) return SC_OK;
    if (n < 0 && errno != EINTR) return SC_E_IO;
  }
}

static int wait_timed(void *timings, int fd, short events, int timeout_ms) {
  sc_timings_sleep(timings);
  int rc = wait_for(fd, events, timeout_ms, INT64_MAX);
  sc_timings_wake(timings, SC_TIME_BLOCKED);
  return rc;
}

static int wait_untimed(void *arg, int fd, short events, int timeout_ms) {
  (void)arg;
  return wait_for(fd, events, timeout_ms, INT64_MAX);
}

static int wait_until_stop(void *arg, int fd, short events, int timeout_ms) {
  const int64_t *stop_timeout_ms = arg;
  return wait_for(fd, events, timeout_ms, *stop_timeout_ms);
}

const struct sc_wait sc_wait = {wait_untimed, NULL};

struct sc_wait sc_wait_until_stop(const int64_t *timeout_ms) {
  return (struct sc_wait){wait_until_stop, (void *)timeout_ms};
}

struct sc_wait sc_wait_timed(struct sc_timings *timings) {
  return (struct sc_wait){wait_timed, timings};
}
