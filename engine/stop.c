#include "engine/stop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/park.h"
#include "engine/base/thread.h"

static _Atomic bool wanted, at_once, orderly, unread;
static _Atomic int64_t requested_ms;                     /* monotonic; 0 not yet */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* the park lives as long as it is held */
static struct sc_park *woken;

bool sc_stop_requested(void) { return atomic_load_explicit(&wanted, memory_order_relaxed); }
bool sc_stop_now(void) {
  if (atomic_load_explicit(&at_once, memory_order_relaxed)) return true;
  return sc_stop_requested() && !atomic_load_explicit(&orderly, memory_order_relaxed);
}

bool sc_stop_is_overdue(int64_t timeout_ms) {
  int64_t since_ms = atomic_load_explicit(&requested_ms, memory_order_relaxed);
  return since_ms != 0 && sc_clock_mono_ms() - since_ms >= timeout_ms;
}

static void wake(void) {
  pthread_mutex_lock(&lock);
  if (woken != NULL) sc_park_wake(woken);
  pthread_mutex_unlock(&lock);
}

void sc_stop_request(void) {
  int64_t never = 0;
  atomic_compare_exchange_strong(&requested_ms, &never, sc_clock_mono_ms());
  atomic_store(&wanted, true);
  wake();
}

void sc_stop_request_now(void) {
  atomic_store(&at_once, true);
  sc_stop_request();
}

void sc_stop_unread(void) {
  atomic_store(&unread, true);
  sc_stop_request();
}

bool sc_stop_is_unread(void) { return atomic_load(&unread); }

void sc_stop_in_order(bool on) { atomic_store(&orderly, on); }

void sc_stop_wakes(struct sc_park *park) {
  pthread_mutex_lock(&lock);
  woken = park;
  pthread_mutex_unlock(&lock);
}

static void signal_set(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGINT);
  sigaddset(set, SIGTERM);
}

static void listen_main(void *arg) {
  (void)arg;
  sigset_t set;
  signal_set(&set);
  for (;;) {
    int number = 0;
    if (sigwait(&set, &number) != 0) continue;
    if (!sc_stop_requested()) {
      sc_log(SC_INFO, "stopping in order; a second signal stops at once", "signal=%d", number);
      sc_stop_request();
    } else {
      sc_stop_request_now();
    }
  }
}

int sc_stop_listen(struct sc_error *err) {
  sigset_t set;
  signal_set(&set);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  static struct sc_thread thread;
  return sc_thread_start(&thread, "signals", listen_main, NULL, err);
}
