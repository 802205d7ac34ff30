#include "bench/local/store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/array.h"

struct scl_store {
  pthread_rwlock_t lock;
  int64_t create_ms, update_ms, consumer_ms, delete_ms;
  struct scl_store_account account;
  const struct scl_store_recorder *recorder; /* NULL: none */
  _Atomic int64_t purge_ms;                  /* when the first DELETING stream is due */
  uint64_t next_id;
  uint32_t n_streams, cap_streams;
  struct scl_store_stream **streams; /* by name */
};

static int64_t at_least(int64_t value, int64_t least) { return value < least ? least : value; }

struct scl_store *scl_store_new(int64_t create_ms, int64_t update_ms) {
  struct scl_store *store = sc_alloc_zero(1, sizeof(*store));
  pthread_rwlock_init(&store->lock, NULL);
  store->create_ms = create_ms;
  store->update_ms = update_ms;
  store->next_id = 1;
  atomic_init(&store->purge_ms, INT64_MAX);
  return store;
}

void scl_store_set_delays(struct scl_store *store, int64_t consumer_ms, int64_t delete_ms) {
  store->consumer_ms = consumer_ms;
  store->delete_ms = delete_ms;
}

static void free_consumer(struct scl_store_consumer *consumer) {
  scl_tagset_fini(&consumer->tags);
  free(consumer->policy);
  free(consumer);
}

void scl_stream_free(struct scl_store_stream *stream) {
  for (uint32_t i = 0; i < stream->n_consumers; i++) free_consumer(stream->consumers[i]);
  free(stream->consumers);
  scl_tagset_fini(&stream->tags);
  free(stream->key_id);
  free(stream->policy);
  for (uint32_t i = 0; i < stream->n_shards; i++) scl_shardlog_free(stream->shards[i].log);
  free(stream->shards);
  free(stream->open);
  free(stream);
}

void scl_store_free(struct scl_store *store) {
  if (store == NULL) return;
  for (uint32_t i = 0; i < store->n_streams; i++) scl_stream_free(store->streams[i]);
  free(store->streams);
  pthread_rwlock_destroy(&store->lock);
  free(store);
}

void scl_store_lock_read(struct scl_store *store) {
  int failed = pthread_rwlock_rdlock(&store->lock);
  SC_ASSERT(!failed);
}

void scl_store_lock_write(struct scl_store *store) {
  int failed = pthread_rwlock_wrlock(&store->lock);
  SC_ASSERT(!failed);
}

void scl_store_unlock(struct scl_store *store) {
  int failed = pthread_rwlock_unlock(&store->lock);
  SC_ASSERT(!failed);
}

void scl_store_set_recorder(struct scl_store *store, const struct scl_store_recorder *recorder) {
  store->recorder = recorder;
}

struct scl_ticket scl_store_ticket(const struct scl_store *store) {
  const struct scl_store_recorder *recorder = store->recorder;
  return recorder == NULL ? (struct scl_ticket){NULL, 0} : recorder->ticket(recorder->context);
}

bool scl_store_is_name(struct sc_slice text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    bool is_letter = (c | 32) >= 'a' && (c | 32) <= 'z', is_digit = c >= '0' && c <= '9';
    if (!is_letter && !is_digit && c != '_' && c != '.' && c != '-') return false;
  }
  return text.len > 0;
}

uint32_t scl_store_first_after(const struct scl_store *store, struct sc_slice after) {
  uint32_t low = 0, high = store->n_streams;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (sc_slice_compare(after, sc_slice_str(store->streams[middle]->name)) >= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

struct scl_store_stream *scl_store_find(struct scl_store *store, struct sc_slice name) {
  uint32_t i = scl_store_first_after(store, name);
  if (i == 0 || !sc_slice_is(name, store->streams[i - 1]->name)) return NULL;
  return store->streams[i - 1];
}

uint32_t scl_store_n_streams(const struct scl_store *store) { return store->n_streams; }

struct scl_store_stream *scl_store_at(struct scl_store *store, uint32_t i) {
  SC_ASSERT(i < store->n_streams);
  return store->streams[i];
}

static struct scl_store_shard *add_shard(struct scl_store *store, struct scl_store_stream *stream) {
  SC_ARRAY_ROOM(stream->shards, stream->n_shards, stream->cap_shards, 1);
  SC_ARRAY_ROOM(stream->open, stream->n_open, stream->cap_open, 1);
  struct scl_store_shard *shard = &stream->shards[stream->n_shards];
  *shard = (struct scl_store_shard){.index = stream->n_shards++,
                                    .parent = SCL_STORE_NO_SHARD,
                                    .adjacent_parent = SCL_STORE_NO_SHARD,
                                    .child = {SCL_STORE_NO_SHARD, SCL_STORE_NO_SHARD},
                                    .log = scl_shardlog_new(),
                                    .store = store,
                                    .stream_id = stream->id};
  return shard;
}

static void set_busy(struct scl_store_stream *stream, enum scl_stream_status status, int64_t until_ms) {
  stream->busy_status = status;
  stream->busy_until_ms = until_ms;
}

static void insert_stream(struct scl_store *store, struct scl_store_stream *stream) {
  SC_ARRAY_ROOM(store->streams, store->n_streams, store->cap_streams, 1);
  uint32_t i = scl_store_first_after(store, sc_slice_str(stream->name));
  memmove(&store->streams[i + 1], &store->streams[i], (store->n_streams - i) * sizeof(struct scl_store_stream *));
  store->streams[i] = stream;
  store->n_streams++;
}

struct scl_store_stream *scl_store_create(struct scl_store *store, struct sc_slice name, uint32_t n_shards,
                                          int64_t now_ms) {
  SC_ASSERT(n_shards > 0 && n_shards <= SCL_STORE_MAX_SHARDS);
  SC_ASSERT(name.len > 0 && name.len <= SCL_STORE_MAX_NAME && scl_store_find(store, name) == NULL);
  struct scl_store_stream *stream = sc_alloc_zero(1, sizeof(*stream));
  memcpy(stream->name, name.ptr, name.len);
  stream->id = store->next_id++;
  stream->max_record_bytes = SCL_STORE_RECORD_BYTES;
  stream->retention_hours = SCL_STORE_RETENTION_HOURS;
  stream->created_ms = now_ms;
  set_busy(stream, SCL_STREAM_CREATING, now_ms + store->create_ms);
  for (uint32_t i = 0; i < n_shards; i++) {
    struct scl_store_shard *shard = add_shard(store, stream);
    shard->hash_start = scl_hashkey_even_start(i, n_shards);
    shard->hash_end = i + 1 < n_shards ? scl_hashkey_even_start(i + 1, n_shards) - 1 : SCL_HASHKEY_MAX;
    shard->created_ms = now_ms;
    shard->created_s = now_ms / 1000;
    stream->open[stream->n_open++] = i;
  }
  insert_stream(store, stream);
  if (store->recorder != NULL) store->recorder->created(store->recorder->context, stream);
  return stream;
}

static int compare_starts(const void *a, const void *b, void *context) {
  const struct scl_store_shard *shards = context;
  scl_hashkey_int left = shards[*(const uint32_t *)a].hash_start, right = shards[*(const uint32_t *)b].hash_start;
  return (left > right) - (left < right);
}

static void purge_at(struct scl_store *store, int64_t ms) {
  if (ms < atomic_load(&store->purge_ms)) atomic_store(&store->purge_ms, ms);
}

void scl_store_restore(struct scl_store *store, struct scl_store_stream *stream) {
  SC_ASSERT(stream->n_shards > 0 && scl_store_find(store, sc_slice_str(stream->name)) == NULL);
  SC_ARRAY_ROOM(stream->open, 0, stream->cap_open, stream->n_shards);
  for (uint32_t i = 0; i < stream->n_shards; i++) {
    struct scl_store_shard *shard = &stream->shards[i];
    shard->log = scl_shardlog_new();
    shard->store = store;
    if (shard->closed_ms == 0) stream->open[stream->n_open++] = i;
  }
  qsort_r(stream->open, stream->n_open, sizeof(*stream->open), compare_starts, stream->shards);
  insert_stream(store, stream);
  if (stream->gone_ms != 0) purge_at(store, stream->gone_ms);
  scl_store_raise_next_id(store, stream->id + 1);
  if (stream->n_consumers > 0) scl_store_raise_next_id(store, stream->consumers[stream->n_consumers - 1]->id + 1);
}

uint64_t scl_store_next_id(const struct scl_store *store) { return store->next_id; }

void scl_store_raise_next_id(struct scl_store *store, uint64_t next_id) {
  if (store->next_id < next_id) store->next_id = next_id;
}

void scl_store_delete(struct scl_store *store, struct scl_store_stream *stream) {
  uint32_t i = scl_store_first_after(store, sc_slice_str(stream->name)) - 1;
  SC_ASSERT(i < store->n_streams && store->streams[i] == stream);
  store->n_streams--;
  memmove(&store->streams[i], &store->streams[i + 1], (store->n_streams - i) * sizeof(struct scl_store_stream *));
  if (store->recorder != NULL) store->recorder->deleted(store->recorder->context, stream->id);
  scl_stream_free(stream);
}

static void notify_all(const struct scl_store_stream *stream) {
  for (uint32_t i = 0; i < stream->n_shards; i++) scl_notifier_notify(scl_shardlog_notifier(stream->shards[i].log));
}

void scl_store_delete_later(struct scl_store *store, struct scl_store_stream *stream, int64_t now_ms) {
  stream->gone_ms = at_least(now_ms + store->delete_ms, 1);
  purge_at(store, stream->gone_ms);
  notify_all(stream);
}

bool scl_store_is_purge_due(struct scl_store *store, int64_t now_ms) {
  return now_ms >= atomic_load_explicit(&store->purge_ms, memory_order_relaxed);
}

void scl_store_purge(struct scl_store *store, int64_t now_ms) {
  atomic_store(&store->purge_ms, INT64_MAX);
  for (uint32_t i = store->n_streams; i-- > 0;) {
    struct scl_store_stream *stream = store->streams[i];
    if (stream->gone_ms == 0) continue;
    if (stream->gone_ms <= now_ms) scl_store_delete(store, stream);
    else purge_at(store, stream->gone_ms);
  }
}

void scl_store_set_updating(struct scl_store *store, struct scl_store_stream *stream, int64_t now_ms) {
  set_busy(stream, SCL_STREAM_UPDATING, now_ms + store->update_ms);
}

enum scl_stream_status scl_stream_status(const struct scl_store_stream *stream, int64_t now_ms) {
  if (stream->gone_ms != 0) return SCL_STREAM_DELETING;
  return now_ms < stream->busy_until_ms ? stream->busy_status : SCL_STREAM_ACTIVE;
}

/* The place of the open shard that holds the key, in stream->open. */
static uint32_t open_place(const struct scl_store_stream *stream, scl_hashkey_int key) {
  uint32_t low = 0, high = stream->n_open - 1;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (stream->shards[stream->open[middle]].hash_start <= key) low = middle;
    else high = middle - 1;
  }
  return low;
}

struct scl_store_shard *scl_stream_route(struct scl_store_stream *stream, scl_hashkey_int key) {
  struct scl_store_shard *shard = &stream->shards[stream->open[open_place(stream, key)]];
  SC_ASSERT(shard->hash_start <= key && key <= shard->hash_end);
  return shard;
}

static struct scl_seqlayout record_sequence(const struct scl_store_shard *shard, uint64_t position,
                                            int64_t arrived_ms) {
  return (struct scl_seqlayout){.created_s = shard->created_s,
                                .index = position + 1,
                                .arrived_s = at_least(arrived_ms / 1000, shard->created_s),
                                .shard = shard->index};
}

/* The recorder is told before the log is unlocked: puts reach it in the order of their numbers. Listeners are notified
 * after that, when they can read the record. */
static void append(struct scl_store_shard *shard, const struct scl_store_put *put,
                   char sequence[SCL_SEQLAYOUT_DIGITS + 1]) {
  struct scl_shardlog *log = shard->log;
  scl_shardlog_lock(log);
  int64_t arrived_ms = at_least(put->arrived_ms, scl_shardlog_last_ms(log));
  uint64_t number = scl_shardlog_end(log);
  struct scl_seqlayout seq = record_sequence(shard, number, arrived_ms);
  scl_seqlayout_format(&seq, sequence);
  struct scl_logrecord record = {sequence, arrived_ms, put->key_json, put->data, put->is_base64, put->bytes};
  scl_shardlog_append(log, &record);
  const struct scl_store_recorder *recorder = shard->store->recorder;
  if (recorder != NULL) recorder->put(recorder->context, shard, number, &record);
  scl_shardlog_unlock(log);
  scl_notifier_notify(scl_shardlog_notifier(log));
}

void scl_shard_put(struct scl_store_shard *shard, const struct scl_store_put *put,
                   char sequence[SCL_SEQLAYOUT_DIGITS + 1]) {
  SC_ASSERT(shard->closed_ms == 0);
  append(shard, put, sequence);
}

void scl_shard_restore(struct scl_store_shard *shard, const struct scl_store_put *put) {
  char sequence[SCL_SEQLAYOUT_DIGITS + 1];
  append(shard, put, sequence);
}

int64_t scl_stream_horizon_ms(const struct scl_store_stream *stream, int64_t now_ms) {
  return at_least(now_ms - stream->retention_hours * SCL_STORE_HOUR_MS, stream->floor_ms);
}

/* The floor is the horizon of the old retention or of the new one, whichever is later. */
void scl_store_set_retention(struct scl_store_stream *stream, int32_t hours, int64_t now_ms) {
  int64_t before_ms = scl_stream_horizon_ms(stream, now_ms);
  stream->retention_hours = hours;
  stream->floor_ms = before_ms;
  stream->floor_ms = scl_stream_horizon_ms(stream, now_ms);
  for (uint32_t i = 0; i < stream->n_shards; i++) scl_shardlog_trim(stream->shards[i].log, stream->floor_ms);
}

void scl_stream_trim(const struct scl_store_stream *stream, const struct scl_store_shard *shard, int64_t now_ms) {
  scl_shardlog_trim(shard->log, scl_stream_horizon_ms(stream, now_ms));
}

bool scl_shard_is_expired(const struct scl_store_stream *stream, const struct scl_store_shard *shard, int64_t now_ms) {
  return shard->closed_ms != 0 && shard->closed_ms < scl_stream_horizon_ms(stream, now_ms);
}

bool scl_consumer_is_gone(const struct scl_store_consumer *consumer, int64_t now_ms) {
  return consumer->gone_ms != 0 && consumer->gone_ms <= now_ms;
}

enum scl_consumer_status scl_consumer_status(const struct scl_store_consumer *consumer, int64_t now_ms) {
  if (consumer->gone_ms != 0) return SCL_CONSUMER_DELETING;
  return now_ms < consumer->ready_ms ? SCL_CONSUMER_CREATING : SCL_CONSUMER_ACTIVE;
}

struct scl_store_consumer *scl_stream_find_consumer(const struct scl_store_stream *stream, struct sc_slice name,
                                                    int64_t now_ms) {
  for (uint32_t i = 0; i < stream->n_consumers; i++) {
    struct scl_store_consumer *consumer = stream->consumers[i];
    if (!scl_consumer_is_gone(consumer, now_ms) && sc_slice_is(name, consumer->name)) return consumer;
  }
  return NULL;
}

uint32_t scl_stream_count_consumers(const struct scl_store_stream *stream, int64_t now_ms) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < stream->n_consumers; i++) n += !scl_consumer_is_gone(stream->consumers[i], now_ms);
  return n;
}

static void drop_gone(struct scl_store_stream *stream, int64_t now_ms) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < stream->n_consumers; i++) {
    if (scl_consumer_is_gone(stream->consumers[i], now_ms)) free_consumer(stream->consumers[i]);
    else stream->consumers[kept++] = stream->consumers[i];
  }
  stream->n_consumers = kept;
}

struct scl_store_consumer *scl_store_register(struct scl_store *store, struct scl_store_stream *stream,
                                              struct sc_slice name, int64_t now_ms) {
  SC_ASSERT(name.len > 0 && name.len <= SCL_STORE_MAX_NAME);
  SC_ASSERT(scl_stream_find_consumer(stream, name, now_ms) == NULL);
  drop_gone(stream, now_ms);
  struct scl_store_consumer *consumer = sc_alloc_zero(1, sizeof(*consumer));
  memcpy(consumer->name, name.ptr, name.len);
  consumer->id = store->next_id++;
  consumer->stream_id = stream->id;
  consumer->created_ms = now_ms;
  consumer->ready_ms = now_ms + store->consumer_ms;
  stream->consumers = sc_realloc(stream->consumers, (stream->n_consumers + 1) * sizeof(struct scl_store_consumer *));
  stream->consumers[stream->n_consumers++] = consumer;
  return consumer;
}

void scl_store_deregister(struct scl_store *store, struct scl_store_stream *stream, struct scl_store_consumer *consumer,
                          int64_t now_ms) {
  SC_ASSERT(!scl_consumer_is_gone(consumer, now_ms));
  if (consumer->gone_ms == 0) consumer->gone_ms = at_least(now_ms + store->consumer_ms, 1);
  drop_gone(stream, now_ms);
  notify_all(stream);
}

void scl_store_note_attributes(struct scl_store *store, struct scl_store_stream *stream) {
  if (store->recorder != NULL) store->recorder->attributes(store->recorder->context, stream);
}

struct scl_store_account *scl_store_account(struct scl_store *store) {
  return &store->account;
}

void scl_store_note_account(struct scl_store *store) {
  if (store->recorder != NULL) store->recorder->account(store->recorder->context, store);
}

static void close_shard(struct scl_store_shard *shard, int64_t now_ms, uint32_t child, uint32_t other_child) {
  SC_ASSERT(shard->closed_ms == 0);
  shard->closed_ms = at_least(now_ms, 1);
  shard->child[0] = child;
  shard->child[1] = other_child;
  scl_notifier_notify(scl_shardlog_notifier(shard->log));
}

static void start_child(struct scl_store_stream *stream, struct scl_store_shard *child, uint32_t parent,
                        int64_t now_ms) {
  child->parent = parent;
  child->created_ms = now_ms;
  child->created_s = at_least(now_ms / 1000, stream->shards[parent].created_s + 1);
}

bool scl_shard_can_split(const struct scl_store_shard *shard, scl_hashkey_int new_start) {
  return new_start > shard->hash_start && new_start - shard->hash_start > 1 && new_start < shard->hash_end;
}

/* Both children are added before pointers to shards are taken, since adding may move the array. */
void scl_store_split(struct scl_store *store, struct scl_store_stream *stream, uint32_t shard,
                     scl_hashkey_int new_start, int64_t now_ms) {
  SC_ASSERT(shard < stream->n_shards && stream->n_shards + 2 <= SCL_STORE_MAX_SHARDS);
  uint32_t place = open_place(stream, stream->shards[shard].hash_start);
  uint32_t low = add_shard(store, stream)->index, high = add_shard(store, stream)->index;
  struct scl_store_shard *parent = &stream->shards[shard];
  SC_ASSERT(scl_shard_can_split(parent, new_start));
  close_shard(parent, now_ms, low, high);
  start_child(stream, &stream->shards[low], shard, now_ms);
  start_child(stream, &stream->shards[high], shard, now_ms);
  stream->shards[low].hash_start = parent->hash_start;
  stream->shards[low].hash_end = new_start - 1;
  stream->shards[high].hash_start = new_start;
  stream->shards[high].hash_end = parent->hash_end;
  memmove(&stream->open[place + 1], &stream->open[place], (stream->n_open - place) * sizeof(*stream->open));
  stream->open[place] = low;
  stream->open[place + 1] = high;
  stream->n_open++;
  set_busy(stream, SCL_STREAM_UPDATING, now_ms + store->update_ms);
  if (store->recorder != NULL) store->recorder->split(store->recorder->context, stream, shard);
}

void scl_store_merge(struct scl_store *store, struct scl_store_stream *stream, uint32_t shard, uint32_t adjacent,
                     int64_t now_ms) {
  SC_ASSERT(shard < stream->n_shards && adjacent < stream->n_shards && stream->n_shards < SCL_STORE_MAX_SHARDS);
  uint32_t place = open_place(stream, stream->shards[shard].hash_start);
  struct scl_store_shard *child = add_shard(store, stream);
  struct scl_store_shard *left = &stream->shards[shard], *right = &stream->shards[adjacent];
  SC_ASSERT(left->hash_end + 1 == right->hash_start && stream->open[place + 1] == adjacent);
  close_shard(left, now_ms, child->index, SCL_STORE_NO_SHARD);
  close_shard(right, now_ms, child->index, SCL_STORE_NO_SHARD);
  start_child(stream, child, shard, now_ms);
  child->created_s = at_least(child->created_s, right->created_s + 1);
  child->adjacent_parent = adjacent;
  child->hash_start = left->hash_start;
  child->hash_end = right->hash_end;
  stream->n_open--;
  memmove(&stream->open[place + 1], &stream->open[place + 2], (stream->n_open - place - 1) * sizeof(*stream->open));
  stream->open[place] = child->index;
  set_busy(stream, SCL_STREAM_UPDATING, now_ms + store->update_ms);
  if (store->recorder != NULL) store->recorder->merged(store->recorder->context, stream, shard, adjacent);
}

void scl_shard_starting_sequence(const struct scl_store_shard *shard, char out[SCL_SEQLAYOUT_DIGITS + 1]) {
  struct scl_seqlayout seq = {.created_s = shard->created_s, .arrived_s = shard->created_s, .shard = shard->index};
  scl_seqlayout_format(&seq, out);
}

void scl_shard_ending_sequence(const struct scl_store_shard *shard, char out[SCL_SEQLAYOUT_DIGITS + 1]) {
  SC_ASSERT(shard->closed_ms != 0);
  struct scl_seqlayout seq = {.created_s = shard->created_s,
                              .index = SCL_SEQLAYOUT_LAST_INDEX,
                              .arrived_s = at_least(shard->closed_ms / 1000, shard->created_s),
                              .shard = shard->index};
  scl_seqlayout_format(&seq, out);
}

void scl_shard_sequence_before(const struct scl_store_shard *shard, uint64_t position, int64_t now_ms,
                               char out[SCL_SEQLAYOUT_DIGITS + 1]) {
  int64_t arrived_ms = 0;
  scl_shardlog_lock(shard->log);
  if (position > scl_shardlog_first(shard->log)) arrived_ms = scl_shardlog_arrived_ms(shard->log, position - 1);
  scl_shardlog_unlock(shard->log);
  struct scl_seqlayout seq = record_sequence(shard, position, at_least(arrived_ms, now_ms));
  seq.index = position;
  scl_seqlayout_format(&seq, out);
}

/* A number names a record by its index, but may lie between two records by its second (scl_shard_sequence_before). */
static uint64_t find_sequence(const struct scl_store_shard *shard, const struct scl_seqlayout *seq, bool after) {
  uint64_t end = scl_shardlog_end(shard->log), first = scl_shardlog_first(shard->log);
  if (seq->index == 0) return first;
  if (seq->index > end) return end;
  uint64_t position = seq->index - 1;
  if (position < first) return first;
  struct scl_seqlayout there = record_sequence(shard, position, scl_shardlog_arrived_ms(shard->log, position));
  bool is_past = seq->arrived_s > there.arrived_s || (after && seq->arrived_s == there.arrived_s);
  return is_past ? position + 1 : position;
}

uint64_t scl_shard_find_sequence(const struct scl_store_shard *shard, const struct scl_seqlayout *seq, bool after) {
  SC_ASSERT(seq->shard == shard->index && seq->created_s == shard->created_s);
  scl_shardlog_lock(shard->log);
  uint64_t position = find_sequence(shard, seq, after);
  scl_shardlog_unlock(shard->log);
  return position;
}
