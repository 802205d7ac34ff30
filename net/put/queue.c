#include "net/put/queue.h"

#include <stdlib.h>

#include "codec/text/base64.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

#define BUCKETS ((size_t)1 << 16) /* of keys */
#define KEY_WORD 8
#define GROW_SHARE 8 /* once throttled, the window grows by one for so many entries put */
#define ATTEMPTS_MAX 30

LIST_HEAD(bucket, sc_put_entry);

struct sc_put_queue {
  struct sc_put_rules rules;
  TAILQ_HEAD(all, sc_put_entry) all; /* by line */
  struct sc_put_entries fresh;       /* ready, by line */
  struct sc_heap freed;              /* ready because its predecessor was confirmed; by line */
  struct sc_heap delayed;            /* by time */
  uint64_t held, sent;               /* entries in all; sent or delayed */
  uint64_t n_ready, ready_bytes;
  size_t bytes;  /* of memory */
  bool is_tight; /* an entry did not fit, and nothing was confirmed since */
  int64_t ready_since_ms;
  uint64_t highest_sent, cut; /* lines */
  uint64_t window, growth;
  bool was_throttled;
  int64_t calm_ms;        /* until then the window does not shrink again */
  struct bucket *buckets; /* ordered: the first entry of each key that is held */
  struct sc_buf key;      /* the key being written */
};

static const struct {
  int64_t base_ms, cap_ms;
} back_offs[SC_PUT_FAILURES] = {
    [SC_PUT_FAILED] = {50, 20000}, [SC_PUT_THROTTLED] = {200, 1000}, [SC_PUT_CALL_THROTTLED] = {1000, 20000}};

struct sc_put_queue *sc_put_queue_new(const struct sc_put_rules *rules) {
  SC_ASSERT(rules->call_records >= 1 && rules->call_records <= SC_PUT_CALL_RECORDS_MAX);
  SC_ASSERT(rules->most_sent >= SC_PUT_WINDOW_LEAST);
  struct sc_put_queue *q = sc_alloc_zero(1, sizeof(*q));
  q->rules = *rules;
  TAILQ_INIT(&q->all);
  STAILQ_INIT(&q->fresh);
  q->cut = UINT64_MAX;
  q->window = SC_PUT_WINDOW_LEAST;
  if (rules->ordered) q->buckets = sc_alloc_zero(BUCKETS, sizeof(*q->buckets));
  return q;
}

void sc_put_queue_free(struct sc_put_queue *q) {
  if (q == NULL) return;
  for (struct sc_put_entry *e; (e = TAILQ_FIRST(&q->all)) != NULL; free(e)) TAILQ_REMOVE(&q->all, e, by_line);
  sc_heap_fini(&q->freed);
  sc_heap_fini(&q->delayed);
  sc_buf_fini(&q->key);
  free(q->buckets);
  free(q);
}

static struct sc_put_entry *of_node(struct sc_heap_node *node) {
  return (struct sc_put_entry *)(void *)((char *)node - offsetof(struct sc_put_entry, node));
}

/* ---- an entry and its text ---- */

static const char before_data[] = "{\"Data\":\"", before_key[] = "\",\"PartitionKey\":";

static size_t text_len(size_t data_len, size_t key_json_len) {
  return sizeof(before_data) - 1 + sc_base64_encoded_len(data_len) + sizeof(before_key) - 1 + key_json_len + 1;
}

size_t sc_put_entry_cost(size_t data_len, size_t key_len) {
  return sizeof(struct sc_put_entry) + text_len(data_len, key_len + 2);
}

static size_t cost_of(const struct sc_put_entry *e) { return sizeof(*e) + e->text_len; }

static char *append(char *at, const void *from, size_t len) {
  memcpy(at, from, len);
  return at + len;
}

static struct sc_put_entry *write_entry(struct sc_slice data, size_t key_len, struct sc_slice key_json) {
  size_t len = text_len(data.len, key_json.len);
  SC_ASSERT(len <= UINT32_MAX);
  struct sc_put_entry *e = sc_alloc(sizeof(*e) + len);
  *e = (struct sc_put_entry){
      .bytes = (uint32_t)(data.len + key_len), .data_bytes = (uint32_t)data.len, .text_len = (uint32_t)len};
  STAILQ_INIT(&e->following);
  char *at = append(e->text, before_data, sizeof(before_data) - 1);
  at += sc_base64_encode(data.ptr, data.len, at);
  at = append(at, before_key, sizeof(before_key) - 1);
  e->key_at = (uint32_t)(at - e->text);
  at = append(at, key_json.ptr, key_json.len);
  *at = '}';
  return e;
}

/* The key as it is written: two keys are the same when that is. */
static struct sc_slice key_of(const struct sc_put_entry *e) {
  return sc_slice_of(e->text + e->key_at, e->text_len - 1 - e->key_at);
}

/* ---- lists ---- */

static void link_newest(struct sc_put_queue *q, struct sc_put_entry *e) {
  const struct sc_put_entry *newest = TAILQ_LAST(&q->all, all);
  SC_ASSERT(newest == NULL || newest->line < e->line);
  TAILQ_INSERT_TAIL(&q->all, e, by_line);
  q->held++;
  q->bytes += cost_of(e);
}

static void unlink_entry(struct sc_put_queue *q, struct sc_put_entry *e) {
  SC_ASSERT(q->held > 0 && q->bytes >= cost_of(e));
  TAILQ_REMOVE(&q->all, e, by_line);
  q->held--;
  q->bytes -= cost_of(e);
}

static void note_ready(struct sc_put_queue *q, const struct sc_put_entry *e, int64_t now_ms) {
  if (q->n_ready == 0) q->ready_since_ms = now_ms;
  q->n_ready++;
  q->ready_bytes += e->bytes;
}

/* ---- order per key ---- */

/* Multiply and fold, with a secret seed: partition keys from outside cannot be chosen to fall into one bucket. */
static uint64_t hash_key(const struct sc_put_queue *q, struct sc_slice key) {
  uint64_t h = q->rules.seed ^ key.len;
  for (size_t i = 0; i < key.len; i += KEY_WORD) {
    uint64_t word = 0;
    memcpy(&word, key.ptr + i, key.len - i < KEY_WORD ? key.len - i : KEY_WORD);
    __extension__ unsigned __int128 product =
        (unsigned __int128)(h ^ word) * ((q->rules.seed << 1 | 1) ^ UINT64_C(0x9e3779b97f4a7c16));
    h = (uint64_t)product ^ (uint64_t)(product >> 64) ^ UINT64_C(0xd6e8feb86659fd93);
  }
  return h ^ h >> 32;
}

static struct bucket *bucket_of(struct sc_put_queue *q, uint64_t hash) { return &q->buckets[hash & (BUCKETS - 1)]; }

static struct sc_put_entry *first_of_key(struct sc_put_queue *q, const struct sc_put_entry *like) {
  struct sc_put_entry *e;
  LIST_FOREACH(e, bucket_of(q, like->hash), in_bucket)
  if (e->hash == like->hash && sc_slice_equals(key_of(e), key_of(like))) break;
  return e;
}

/* True when no earlier entry of its key is held, so that it may go at once. */
static bool take_place(struct sc_put_queue *q, struct sc_put_entry *e) {
  e->hash = hash_key(q, key_of(e));
  struct sc_put_entry *first = first_of_key(q, e);
  if (first != NULL) STAILQ_INSERT_TAIL(&first->following, e, next);
  else LIST_INSERT_HEAD(bucket_of(q, e->hash), e, in_bucket);
  return first == NULL;
}

/* e is confirmed: the next entry of its key is ready, and the others follow that one. */
static void free_next(struct sc_put_queue *q, struct sc_put_entry *e, int64_t now_ms) {
  struct sc_put_entry *next = STAILQ_FIRST(&e->following);
  LIST_REMOVE(e, in_bucket);
  if (next == NULL) return;
  STAILQ_REMOVE_HEAD(&e->following, next);
  STAILQ_CONCAT(&next->following, &e->following);
  LIST_INSERT_HEAD(bucket_of(q, next->hash), next, in_bucket);
  sc_heap_set(&q->freed, &next->node, (int64_t)next->line);
  note_ready(q, next, now_ms);
}

/* ---- in ---- */

bool sc_put_queue_fits(struct sc_put_queue *q, size_t data_len, size_t key_len) {
  size_t cost = sc_put_entry_cost(data_len, key_len);
  bool fits = q->bytes == 0 || (q->bytes <= q->rules.most_bytes && cost <= q->rules.most_bytes - q->bytes);
  if (!fits) q->is_tight = true;
  return fits;
}

bool sc_put_queue_has_room(const struct sc_put_queue *q) {
  return q->n_ready < q->rules.call_records && q->ready_bytes < q->rules.call_bytes;
}

void sc_put_queue_add(struct sc_put_queue *q, uint64_t line, struct sc_slice data, struct sc_slice key,
                      int64_t now_ms) {
  SC_ASSERT(q->cut == UINT64_MAX && key.len > 0);
  sc_buf_clear(&q->key);
  sc_buf_add_json_string(&q->key, key);
  struct sc_put_entry *e = write_entry(data, key.len, sc_buf_view(&q->key));
  e->line = line;
  link_newest(q, e);
  if (q->rules.ordered && !take_place(q, e)) return;
  STAILQ_INSERT_TAIL(&q->fresh, e, next);
  note_ready(q, e, now_ms);
}

/* ---- out ---- */

static struct sc_put_entry *next_ready(const struct sc_put_queue *q) {
  struct sc_put_entry *fresh = STAILQ_FIRST(&q->fresh), *e = q->freed.n > 0 ? of_node(sc_heap_top(&q->freed)) : fresh;
  if (fresh != NULL && fresh->line < e->line) e = fresh;
  return e != NULL && e->line <= q->cut && q->sent < q->window ? e : NULL;
}

static struct sc_put_entry *next_due(const struct sc_put_queue *q, int64_t now_ms) {
  struct sc_heap_node *top = sc_heap_top(&q->delayed);
  return top != NULL && top->key <= now_ms ? of_node(top) : NULL;
}

static bool is_hurried(const struct sc_put_queue *q, bool end) {
  return end || q->freed.n > 0 || q->cut != UINT64_MAX || q->n_ready >= q->rules.call_records ||
         q->ready_bytes >= q->rules.call_bytes || q->is_tight;
}

static bool is_worth_a_call(const struct sc_put_queue *q, int64_t now_ms, bool end) {
  if (next_due(q, now_ms) != NULL) return true;
  if (next_ready(q) == NULL) return false;
  return is_hurried(q, end) || now_ms - q->ready_since_ms >= q->rules.linger_ms;
}

static void send_ready(struct sc_put_queue *q, struct sc_put_entry *e, int64_t now_ms) {
  SC_ASSERT(q->n_ready > 0 && !e->is_sent);
  if (e == STAILQ_FIRST(&q->fresh)) STAILQ_REMOVE_HEAD(&q->fresh, next);
  else sc_heap_remove(&q->freed, &e->node);
  q->n_ready--;
  q->ready_bytes -= e->bytes;
  q->ready_since_ms = now_ms;
  q->sent++;
  e->is_sent = true;
  if (e->line > q->highest_sent) q->highest_sent = e->line;
}

uint32_t sc_put_queue_take(struct sc_put_queue *q, int64_t now_ms, bool end, struct sc_put_entries *entries) {
  size_t bytes = 0;
  uint32_t n = 0;
  STAILQ_INIT(entries);
  if (!is_worth_a_call(q, now_ms, end)) return 0;
  for (; n < q->rules.call_records; n++) {
    struct sc_put_entry *due = next_due(q, now_ms), *e = due != NULL ? due : next_ready(q);
    if (e == NULL || (n > 0 && bytes + e->bytes > q->rules.call_bytes)) break;
    if (due != NULL) sc_heap_remove(&q->delayed, &e->node);
    else send_ready(q, e, now_ms);
    bytes += e->bytes;
    STAILQ_INSERT_TAIL(entries, e, next);
  }
  return n;
}

int64_t sc_put_queue_due_ms(const struct sc_put_queue *q, bool end) {
  const struct sc_heap_node *top = sc_heap_top(&q->delayed);
  int64_t due_ms = top != NULL ? top->key : INT64_MAX;
  if (next_ready(q) == NULL) return due_ms;
  int64_t ready_ms = is_hurried(q, end) ? q->ready_since_ms : q->ready_since_ms + q->rules.linger_ms;
  return ready_ms < due_ms ? ready_ms : due_ms;
}

/* ---- what became of it ---- */

void sc_put_queue_confirmed(struct sc_put_queue *q, struct sc_put_entry *entry, int64_t now_ms) {
  SC_ASSERT(entry->is_sent && entry->node.place == 0);
  if (q->rules.ordered) free_next(q, entry, now_ms);
  unlink_entry(q, entry);
  q->sent--;
  q->is_tight = false;
  free(entry);
}

void sc_put_queue_failed(struct sc_put_queue *q, struct sc_put_entry *entry, enum sc_put_failure failure, double unit,
                         int64_t now_ms) {
  SC_ASSERT(entry->is_sent && entry->node.place == 0 && unit >= 0 && unit < 1);
  int64_t most_ms = back_offs[failure].base_ms << entry->attempts;
  if (most_ms > back_offs[failure].cap_ms) most_ms = back_offs[failure].cap_ms;
  if (entry->attempts < ATTEMPTS_MAX) entry->attempts++;
  sc_heap_set(&q->delayed, &entry->node, now_ms + (int64_t)(unit * (double)most_ms));
}

static void widen(struct sc_put_queue *q, uint32_t put) {
  uint32_t share = q->was_throttled ? GROW_SHARE : 1;
  q->growth += put;
  q->window += q->growth / share;
  q->growth %= share;
  if (q->window > q->rules.most_sent) q->window = q->rules.most_sent;
}

void sc_put_queue_replied(struct sc_put_queue *q, uint32_t put, uint32_t throttled, int64_t now_ms) {
  widen(q, put);
  if (throttled > 0) q->was_throttled = true;
  if (throttled == 0 || now_ms < q->calm_ms) return;
  uint64_t in_use = q->sent < q->window ? q->sent : q->window;
  q->window = in_use - in_use * throttled / (2 * ((uint64_t)put + throttled));
  if (q->window < SC_PUT_WINDOW_LEAST) q->window = SC_PUT_WINDOW_LEAST;
  q->calm_ms = now_ms + SC_PUT_CALM_MS;
}

/* ---- the end ---- */

void sc_put_queue_cut(struct sc_put_queue *q) {
  if (q->cut == UINT64_MAX) q->cut = q->highest_sent;
}

bool sc_put_queue_is_done(const struct sc_put_queue *q) {
  return TAILQ_EMPTY(&q->all) || TAILQ_FIRST(&q->all)->line > q->cut;
}
uint64_t sc_put_queue_sent(const struct sc_put_queue *q) { return q->sent; }
uint64_t sc_put_queue_held(const struct sc_put_queue *q) { return q->held; }
uint64_t sc_put_queue_oldest(const struct sc_put_queue *q) {
  return TAILQ_EMPTY(&q->all) ? 0 : TAILQ_FIRST(&q->all)->line;
}
uint64_t sc_put_queue_window(const struct sc_put_queue *q) { return q->window; }
