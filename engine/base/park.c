#include "engine/base/park.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/base/buf.h"

/* No wake-up is lost, because of the two fences: the owner stores SLEEPS, then looks for work; the waker stores work,
 * then looks for SLEEPS. Fences are totally ordered, so at least one of the two sees what the other stored.
 *
 * Of several wakers the one whose exchange finds SLEEPS writes to the eventfd. Its write may come after the owner has
 * gone on (cancel, or a socket was ready): that makes the next sleep end at once, which costs a turn and loses nothing.
 */
enum { AWAKE, SLEEPS };

struct sc_park {
  _Atomic int state;
  int fd;
};

static void full_fence(void) {
#ifdef __SANITIZE_THREAD__ /* gcc warns that TSAN ignores fences; the rings' own acquire and release is what it checks \
                            */
#pragma GCC diagnostic ignored "-Wtsan"
#endif
  atomic_thread_fence(memory_order_seq_cst);
}

struct sc_park *sc_park_new(struct sc_error *err) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) {
    sc_error_errno(err, SC_E_IO, errno, "cannot make an eventfd");
    return NULL;
  }
  struct sc_park *park = sc_alloc_aligned(64, 64);
  atomic_init(&park->state, AWAKE);
  park->fd = fd;
  return park;
}

void sc_park_free(struct sc_park *park) {
  if (park == NULL) return;
  close(park->fd);
  free(park);
}

int sc_park_fd(const struct sc_park *park) { return park->fd; }

void sc_park_prepare(struct sc_park *park) {
  atomic_store_explicit(&park->state, SLEEPS, memory_order_relaxed);
  full_fence();
}

void sc_park_cancel(struct sc_park *park) { atomic_store_explicit(&park->state, AWAKE, memory_order_relaxed); }

void sc_park_finish(struct sc_park *park) {
  uint64_t count;
  atomic_store_explicit(&park->state, AWAKE, memory_order_relaxed);
  ssize_t n = read(park->fd, &count, sizeof(count));
  (void)n; /* EAGAIN: something else ended the sleep */
}

bool sc_park_wait(struct sc_park *park, int timeout_ms) {
  struct pollfd p = {.fd = park->fd, .events = POLLIN};
  int n;
  do n = poll(&p, 1, timeout_ms);
  while (n < 0 && errno == EINTR);
  sc_park_finish(park);
  return n > 0;
}

void sc_park_wake(struct sc_park *park) {
  full_fence();
  if (atomic_load_explicit(&park->state, memory_order_relaxed) == AWAKE) return;
  if (atomic_exchange_explicit(&park->state, AWAKE, memory_order_acq_rel) == AWAKE) return;
  const uint64_t one = 1;
  int saved = errno; /* a signal handler may call this */
  ssize_t n = write(park->fd, &one, sizeof(one));
  (void)n; /* EAGAIN needs 2^64 wakes that nobody read */
  errno = saved;
}
