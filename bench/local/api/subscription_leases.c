#include "bench/local/api/subscription_leases.h"

#include <stdlib.h>
#include <uthash.h>

#include "bench/local/store/quota.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

/* Entries before the first sweep. */
#define FEW 64

struct entry {
  struct key {
    uint64_t consumer, shard;
  } key;
  struct scl_lease *holder; /* NULL: nobody */
  int64_t since_ms;
  struct scl_bucket calls;
  UT_hash_handle hh;
};

struct scl_leases {
  pthread_mutex_t lock;
  bool is_limited;
  struct entry *entries;
  unsigned sweep_at; /* as many entries are swept */
};

struct scl_leases *scl_leases_new(bool is_limited) {
  struct scl_leases *leases = sc_alloc_zero(1, sizeof(*leases));
  pthread_mutex_init(&leases->lock, NULL);
  leases->is_limited = is_limited;
  leases->sweep_at = FEW;
  return leases;
}

static void drop(struct scl_leases *leases, struct entry *entry) {
  HASH_DEL(leases->entries, entry);
  free(entry);
}

void scl_leases_free(struct scl_leases *leases) {
  if (leases == NULL) return;
  struct entry *entry = leases->entries, *next;
  HASH_CLEAR(hh, leases->entries); /* the entries stay linked */
  for (; entry != NULL; entry = next) {
    next = entry->hh.next;
    SC_ASSERT(entry->holder == NULL);
    free(entry);
  }
  pthread_mutex_destroy(&leases->lock);
  free(leases);
}

void scl_lease_init(struct scl_lease *lease, uint64_t consumer, uint32_t shard) {
  lease->consumer = consumer;
  lease->shard = shard;
  atomic_init(&lease->is_lost, false);
  scl_notifier_init(&lease->lost);
}

void scl_lease_fini(struct scl_lease *lease) { scl_notifier_fini(&lease->lost); }

static struct entry *find(const struct scl_leases *leases, const struct scl_lease *lease) {
  struct key key = {lease->consumer, lease->shard};
  struct entry *entry;
  /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): uthash reads the key by bytes */
  HASH_FIND(hh, leases->entries, &key, sizeof(key), entry);
  return entry;
}

/* Drops entries without a holder whose bucket is full again. It runs when the entries have doubled since the last time,
 * so that its cost is spread over the calls. */
static void sweep(struct scl_leases *leases, int64_t now_ms) {
  struct entry *entry, *next;
  HASH_ITER(hh, leases->entries, entry, next) {
    bool is_idle = scl_bucket_wait_ms(&entry->calls, SCL_RATE_SUBSCRIBE, 1, now_ms) == 0;
    if (entry->holder == NULL && is_idle) drop(leases, entry);
  }
  leases->sweep_at = FEW + 2 * HASH_COUNT(leases->entries);
}

static struct entry *entry_of(struct scl_leases *leases, const struct scl_lease *lease, int64_t now_ms) {
  struct entry *entry = find(leases, lease);
  if (entry != NULL) return entry;
  if (HASH_COUNT(leases->entries) >= leases->sweep_at) sweep(leases, now_ms);
  entry = sc_alloc_zero(1, sizeof(*entry));
  entry->key = (struct key){lease->consumer, lease->shard};
  HASH_ADD(hh, leases->entries, key, sizeof(entry->key), entry);
  return entry;
}

static void lose(struct scl_lease *lease) {
  atomic_store(&lease->is_lost, true);
  scl_notifier_notify(&lease->lost);
}

static enum scl_lease_answer take(struct scl_leases *leases, struct scl_lease *lease, int64_t now_ms) {
  struct entry *entry = entry_of(leases, lease, now_ms);
  if (leases->is_limited && !scl_bucket_take(&entry->calls, SCL_RATE_SUBSCRIBE, 1, now_ms)) return SCL_LEASE_TOO_FAST;
  if (entry->holder != NULL && now_ms - entry->since_ms < SCL_LEASE_SAFE_MS) return SCL_LEASE_HELD;
  if (entry->holder != NULL) lose(entry->holder);
  entry->holder = lease;
  entry->since_ms = now_ms;
  return SCL_LEASE_TAKEN;
}

enum scl_lease_answer scl_leases_take(struct scl_leases *leases, struct scl_lease *lease, int64_t now_ms) {
  pthread_mutex_lock(&leases->lock);
  enum scl_lease_answer answer = take(leases, lease, now_ms);
  pthread_mutex_unlock(&leases->lock);
  return answer;
}

void scl_leases_give(struct scl_leases *leases, struct scl_lease *lease) {
  pthread_mutex_lock(&leases->lock);
  struct entry *entry = find(leases, lease);
  if (entry != NULL && entry->holder == lease) entry->holder = NULL;
  pthread_mutex_unlock(&leases->lock);
}
