#include "net/aws/credentials.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/random.h"
#include "engine/base/thread.h"
#include "net/aws/fetch.h"
#include "net/aws/provider.h"

#define EARLY_MS (INT64_C(15) * 60 * 1000)
#define EXPIRED_AGAIN_MS 60000
#define RETRY_BASE_MS 1000
#define RETRY_CAP_MS 60000
#define AT_MOST_EVERY_MS 1000 /* however often the service says that keys have expired */
#define LOOK_MS 60000         /* a clock that is set, or a machine that slept, is noticed within */

struct sc_credentials {
  struct sc_credentials_ask ask;
  struct sc_provider provider; /* the opening thread's, then the fetching thread's */
  size_t place;
  struct sc_buf origin;
  struct sc_random random;
  struct sc_thread thread; /* started only for keys that expire */
  atomic_bool closing;
  pthread_mutex_t lock; /* of all below */
  pthread_cond_t changed;
  struct sc_keys *keys;
  int64_t made_ms, due_ms; /* wall clock */
  unsigned failures;       /* in a row */
  struct sc_error failure; /* of the last, when failures > 0 */
};

int64_t sc_credentials_due_ms(int64_t now_ms, int64_t expires_ms, double unit) {
  int64_t left_ms = expires_ms - now_ms;
  if (expires_ms == SC_KEYS_FOREVER) return SC_KEYS_FOREVER;
  if (left_ms <= 0) return now_ms + EXPIRED_AGAIN_MS + (int64_t)(unit * EXPIRED_AGAIN_MS);
  int64_t early_ms = left_ms / 4 < EARLY_MS ? left_ms / 4 : EARLY_MS;
  return expires_ms - early_ms - (int64_t)(unit * (double)early_ms / 4);
}

/* ---- fetching ---- */

static void take_over(struct sc_credentials *c, struct sc_keys *keys) {
  sc_keys_release(c->keys);
  c->keys = keys;
  c->made_ms = sc_clock_wall_ms();
  c->due_ms = sc_credentials_due_ms(c->made_ms, keys->expires_ms, sc_random_unit(&c->random));
  c->failures = 0;
  if (keys->expires_ms <= c->made_ms)
    sc_log_often(SC_WARN, "expired AWS credentials were handed out: they are used until there are others",
                 "from=\"%s\"", sc_buf_str(&c->origin));
}

static void note_failure(struct sc_credentials *c, const struct sc_error *err) {
  int64_t wait_ms = sc_random_backoff_ms(&c->random, RETRY_BASE_MS, RETRY_CAP_MS, c->failures);
  c->due_ms = sc_clock_wall_ms() + RETRY_BASE_MS / 2 + wait_ms;
  c->failures++;
  c->failure = *err;
  sc_log_often(SC_WARN, "AWS credentials could not be renewed; going on with those there are",
               "again_in_ms=%lld reason=\"%s\"", (long long)wait_ms, err->text);
}

/* Waits with the lock held, given up meanwhile. The wait is by the monotonic clock, what is due by the wall clock. */
static void wait_due(struct sc_credentials *c) {
  struct timespec until;
  int64_t wait_ms = c->due_ms - sc_clock_wall_ms();
  if (wait_ms > LOOK_MS) wait_ms = LOOK_MS;
  if (wait_ms < 1) wait_ms = 1;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += wait_ms / 1000;
  until.tv_nsec += wait_ms % 1000 * 1000000;
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  pthread_cond_timedwait(&c->changed, &c->lock, &until);
}

/* The thread: the network is asked without the lock, so nobody who signs ever waits for it. */
static void keep_fresh(void *arg) {
  struct sc_credentials *c = arg;
  sc_aws_fetch_obey(&c->closing);
  pthread_mutex_lock(&c->lock);
  while (!atomic_load(&c->closing)) {
    struct sc_keys *keys;
    struct sc_error err;
    if (sc_clock_wall_ms() < c->due_ms) {
      wait_due(c);
      continue;
    }
    pthread_mutex_unlock(&c->lock);
    int rc = sc_chain_fetch(&c->provider, c->place, &keys, &err);
    pthread_mutex_lock(&c->lock);
    if (rc == SC_OK) {
      take_over(c, keys);
      sc_log(SC_DEBUG, "AWS credentials renewed", "from=\"%s\"", sc_buf_str(&c->origin));
    } else if (rc != SC_E_STOPPED) {
      note_failure(c, &err);
    }
  }
  pthread_mutex_unlock(&c->lock);
}

/* ---- open and close ---- */

static void init(struct sc_credentials *c) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&c->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  pthread_mutex_init(&c->lock, NULL);
  sc_random_init(&c->random, (uint64_t)sc_clock_wall_ms() ^ (uint64_t)(uintptr_t)c);
  c->provider = (struct sc_provider){.ask = &c->ask, .profile = c->ask.services.profile};
}

int sc_credentials_open(const struct sc_credentials_ask *ask, struct sc_credentials **out, struct sc_error *err) {
  struct sc_credentials *c = sc_alloc_zero(1, sizeof(*c));
  struct sc_keys *keys = NULL;
  *out = NULL;
  c->ask = *ask;
  init(c);
  int rc = sc_chain_find(&c->provider, &c->place, &keys, err);
  if (rc == SC_OK) {
    sc_chain_describe(&c->provider, c->place, &c->origin);
    take_over(c, keys);
    if (keys->expires_ms != SC_KEYS_FOREVER) rc = sc_thread_start(&c->thread, "credentials", keep_fresh, c, err);
  }
  if (rc == SC_OK) *out = c;
  else sc_credentials_close(c);
  return rc;
}

void sc_credentials_close(struct sc_credentials *c) {
  if (c == NULL) return;
  struct sc_error err;
  pthread_mutex_lock(&c->lock);
  atomic_store(&c->closing, true);
  pthread_cond_signal(&c->changed);
  pthread_mutex_unlock(&c->lock);
  sc_thread_join(&c->thread, -1, &err);
  sc_keys_release(c->keys);
  sc_buf_fini(&c->provider.passed);
  sc_buf_fini(&c->origin);
  pthread_cond_destroy(&c->changed);
  pthread_mutex_destroy(&c->lock);
  free(c);
}

/* ---- for those who sign ---- */

struct sc_keys *sc_credentials_keys(struct sc_credentials *c) {
  pthread_mutex_lock(&c->lock);
  struct sc_keys *keys = sc_keys_hold(c->keys);
  pthread_mutex_unlock(&c->lock);
  return keys;
}

const char *sc_credentials_origin(const struct sc_credentials *c) { return sc_buf_str(&c->origin); }

/* A failure that will pass is no reason to give up; one that will not (a login that has ended) is. */
bool sc_credentials_expired(struct sc_credentials *c, const struct sc_keys *keys, struct sc_error *err) {
  pthread_mutex_lock(&c->lock);
  bool is_old = keys != c->keys, can_renew = c->thread.started;
  bool is_lost = c->failures > 0 && c->failure.class != SC_CLASS_RETRY && c->failure.class != SC_CLASS_THROTTLE;
  if (!is_old && can_renew && is_lost) *err = c->failure;
  if (!is_old && can_renew && c->failures == 0 && c->due_ms > c->made_ms + AT_MOST_EVERY_MS) {
    c->due_ms = c->made_ms + AT_MOST_EVERY_MS;
    pthread_cond_signal(&c->changed);
  }
  pthread_mutex_unlock(&c->lock);
  return is_old || (can_renew && !is_lost);
}
