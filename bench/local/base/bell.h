/* Who wants to be told that something happened: records arrived, a journal reached the disk, the clock was moved.
 *
 * A listener is embedded in whoever listens, in at most one bell at a time. Its notify is called by the thread that rings, with the
 * bell's lock held: it must be short, must not block, and must not call the bell. After sc_bell_leave returns, notify is
 * not running and is not called again. Listening before looking misses nothing, when what is looked at is changed under a lock of
 * its own before the bell is rung. Ringing without listeners takes no lock. Any thread.
 */
#ifndef SC_LOCAL_BELL_H
#define SC_LOCAL_BELL_H

#include <pthread.h>
#include <stdatomic.h>

struct sc_bell;

struct sc_listener {
  void (*notify)(struct sc_listener *listener);
  struct sc_bell *bell; /* NULL: in none */
  struct sc_listener *prev, *next;
};

struct sc_bell {
  pthread_mutex_t lock;
  struct sc_listener *_Atomic first; /* changed under the lock */
};

void sc_bell_init(struct sc_bell *bell);
/* There must be no listeners left. */
void sc_bell_fini(struct sc_bell *bell);

/* The listener's notify is set; it leaves the bell it is in. */
void sc_bell_listen(struct sc_bell *bell, struct sc_listener *listener);
void sc_bell_leave(struct sc_listener *listener);
void sc_bell_ring(struct sc_bell *bell);
/* Rings for the last time, and lets all listeners go. None may be listening or leaving meanwhile: a lock of the caller's sees to it. */
void sc_bell_dismiss(struct sc_bell *bell);

#endif
