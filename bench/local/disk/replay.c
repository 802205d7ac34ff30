#include "bench/local/disk/replay.h"

#include <stdlib.h>

#include "bench/local/disk/frames.h"
#include "bench/local/disk/persist.h"
#include "bench/local/disk/persist_attributes.h"
#include "codec/json/string.h"
#include "codec/text/base64.h"

#define MAX_KEY_JSON 8192 /* bytes; 256 characters of which each is escaped are fewer */
#define MAX_CREATED_S (INT64_C(1) << 35)
#define SHARD_ITEMS 11
#define FEW_STREAMS 8
/* What a shard takes in an entry of kind STREAM, and what such an entry takes besides. */
#define SHARD_BYTES 90
#define STREAM_BYTES 300

/* A stream that is there, and the bytes of its entries so far. */
struct known {
  uint64_t id;
  struct scl_store_stream *stream;
  uint64_t put_bytes;    /* of PUT frames */
  uint64_t record_bytes; /* of data and keys in them */
};

struct replayer {
  struct scl_store *store;
  struct scl_replay *result;
  uint32_t n, cap;
  struct known *known; /* by id */
  struct sc_buf scratch;
};

/* ---- streams by id ---- */

static uint32_t place_of(const struct replayer *r, uint64_t id) {
  uint32_t low = 0, high = r->n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (r->known[middle].id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

static struct known *find(const struct replayer *r, uint64_t id) {
  uint32_t place = place_of(r, id);
  return place < r->n && r->known[place].id == id ? &r->known[place] : NULL;
}

static void learn(struct replayer *r, struct scl_store_stream *stream) {
  uint32_t place = place_of(r, stream->id);
  if (r->n == r->cap) {
    r->cap *= 2;
    r->known = sc_realloc(r->known, r->cap * sizeof(*r->known));
  }
  memmove(&r->known[place + 1], &r->known[place], (r->n - place) * sizeof(*r->known));
  r->known[place] = (struct known){.id = stream->id, .stream = stream};
  r->n++;
}

static void forget(struct replayer *r, struct known *known) {
  r->n--;
  for (const struct known *last = r->known + r->n; known < last; known++) *known = known[1];
}

/* ---- items ---- */

static bool take_ms(struct sc_cbor *in, int64_t *out) { return scl_persist_take_int(in, 0, SCL_PERSIST_MAX_MS, out); }

static bool take_known(struct replayer *r, struct sc_cbor *in, struct known **out) {
  int64_t id;
  if (!scl_persist_take_int(in, 1, SCL_PERSIST_MAX_NUMBER, &id)) return false;
  *out = find(r, (uint64_t)id);
  return *out != NULL || sc_cbor_fail(in, "a stream that is not there");
}

/* Of a shard the stream has. */
static bool take_shard(struct sc_cbor *in, const struct scl_store_stream *stream, uint32_t *out) {
  int64_t index;
  if (!scl_persist_take_int(in, 0, (int64_t)stream->n_shards - 1, &index)) return false;
  *out = (uint32_t)index;
  return true;
}

static bool take_open_shard(struct sc_cbor *in, const struct scl_store_stream *stream, uint32_t *out) {
  if (!take_shard(in, stream, out)) return false;
  return stream->shards[*out].closed_ms == 0 || sc_cbor_fail(in, "a shard that is closed");
}

/* -1 is none. */
static bool take_relative(struct sc_cbor *in, uint32_t n_shards, uint32_t *out) {
  int64_t index;
  if (!scl_persist_take_int(in, -1, (int64_t)n_shards - 1, &index)) return false;
  *out = index < 0 ? SCL_STORE_NO_SHARD : (uint32_t)index;
  return true;
}

static bool take_hash(struct sc_cbor *in, scl_hashkey_int *out) {
  struct sc_slice bytes;
  if (!scl_persist_take_bytes(in, SCL_PERSIST_HASH_BYTES, &bytes)) return false;
  if (bytes.len != SCL_PERSIST_HASH_BYTES) return sc_cbor_fail(in, "a hash key that is too short");
  *out = 0;
  for (size_t i = 0; i < bytes.len; i++) *out = *out << 8 | (unsigned char)bytes.ptr[i];
  return true;
}

static bool at_end(struct sc_cbor *in) { return in->p == in->end || sc_cbor_fail(in, "more than belongs there"); }

/* ---- STREAM ---- */

/* A shard as it stands in an entry, and where its log begins. */
struct told {
  uint64_t first;
  int64_t last_ms;
};

static bool take_told(struct sc_cbor *in, uint32_t n_shards, struct scl_store_shard *shard, struct told *told) {
  struct sc_cbor_head head;
  struct sc_cbor_list list;
  int64_t first = 0;
  if (!sc_cbor_take(in, &head) || !sc_cbor_enter(in, &head, SC_CBOR_ARRAY, &list)) return false;
  if (list.is_indefinite || list.left != SHARD_ITEMS) return sc_cbor_fail(in, "a shard of another length");
  bool is_good = take_relative(in, n_shards, &shard->parent) && take_relative(in, n_shards, &shard->adjacent_parent) &&
                 take_relative(in, n_shards, &shard->child[0]) && take_relative(in, n_shards, &shard->child[1]) &&
                 take_hash(in, &shard->hash_start) && take_hash(in, &shard->hash_end) &&
                 take_ms(in, &shard->created_ms) && scl_persist_take_int(in, 0, MAX_CREATED_S, &shard->created_s) &&
                 take_ms(in, &shard->closed_ms) && scl_persist_take_int(in, 0, SCL_PERSIST_MAX_NUMBER, &first) &&
                 take_ms(in, &told->last_ms);
  told->first = (uint64_t)first;
  return is_good;
}

/* Parents come before their children and are closed, children after: so nobody is their own ancestor. */
static bool fits_family(const struct scl_store_shard *shards, const struct scl_store_shard *shard) {
  uint32_t parent = shard->parent, adjacent = shard->adjacent_parent;
  bool is_open = shard->closed_ms == 0;
  if (shard->hash_start > shard->hash_end || is_open != (shard->child[0] == SCL_STORE_NO_SHARD)) return false;
  for (int i = 0; i < 2; i++)
    if (shard->child[i] != SCL_STORE_NO_SHARD && (is_open || shard->child[i] <= shard->index)) return false;
  if (parent == SCL_STORE_NO_SHARD) return adjacent == SCL_STORE_NO_SHARD;
  if (parent >= shard->index || shards[parent].closed_ms == 0) return false;
  if (shards[parent].created_s >= shard->created_s) return false;
  if (adjacent == SCL_STORE_NO_SHARD) return true;
  return adjacent < shard->index && shards[adjacent].closed_ms != 0 && shards[adjacent].created_s < shard->created_s;
}

static int compare_starts(const void *a, const void *b) {
  scl_hashkey_int left = ((const scl_hashkey_int *)a)[0], right = ((const scl_hashkey_int *)b)[0];
  return (left > right) - (left < right);
}

/* Whether the open shards divide the hash keys between them: none twice, none left out. */
static bool fits_keys(const struct scl_store_shard *shards, uint32_t n) {
  scl_hashkey_int(*ranges)[2] = sc_alloc((size_t)n * sizeof(*ranges)), next = 0;
  uint32_t n_open = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (shards[i].closed_ms != 0) continue;
    ranges[n_open][0] = shards[i].hash_start;
    ranges[n_open++][1] = shards[i].hash_end;
  }
  qsort(ranges, n_open, sizeof(*ranges), compare_starts);
  bool fits = n_open > 0;
  for (uint32_t i = 0; i < n_open && fits; i++) {
    fits = ranges[i][0] == next && (next > 0 || i == 0);
    next = ranges[i][1] + 1;
  }
  free(ranges);
  return fits && next == 0;
}

static bool take_shards(struct sc_cbor *in, struct scl_store_shard *shards, struct told *told, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    shards[i].index = i;
    if (!take_told(in, n, &shards[i], &told[i])) return false;
    if (!fits_family(shards, &shards[i])) return sc_cbor_fail(in, "a shard that does not fit its parents and children");
  }
  return fits_keys(shards, n) || sc_cbor_fail(in, "shards that do not divide the hash keys between them");
}

/* What comes before the shards of a stream. */
struct opening {
  char name[SCL_STORE_MAX_NAME + 1];
  int64_t id, created_ms;
  struct sc_cbor attributes; /* where they begin */
  uint32_t n_shards;
};

static bool take_opening(struct replayer *r, struct sc_cbor *in, struct opening *opening) {
  struct sc_cbor_head head;
  struct sc_cbor_list list;
  if (!scl_persist_take_int(in, 1, SCL_PERSIST_MAX_NUMBER, &opening->id)) return false;
  if (!scl_persist_take_name(in, opening->name) || !take_ms(in, &opening->created_ms)) return false;
  if (find(r, (uint64_t)opening->id) != NULL || scl_store_find(r->store, sc_slice_str(opening->name)) != NULL)
    return sc_cbor_fail(in, "a stream that is there already");
  opening->attributes = *in;
  if (!sc_cbor_skip(in) || !sc_cbor_take(in, &head) || !sc_cbor_enter(in, &head, SC_CBOR_ARRAY, &list)) return false;
  if (list.is_indefinite || list.left < 1 || list.left > SCL_STORE_MAX_SHARDS)
    return sc_cbor_fail(in, "too few or too many shards");
  opening->n_shards = (uint32_t)list.left;
  return true;
}

static bool replay_stream(struct replayer *r, struct sc_cbor *in) {
  struct opening opening;
  if (!take_opening(r, in, &opening)) return false;
  uint32_t n = opening.n_shards;
  struct scl_store_shard *shards = sc_alloc_zero(n, sizeof(*shards));
  struct told *told = sc_alloc_zero(n, sizeof(*told));
  bool is_good = take_shards(in, shards, told, n) && at_end(in);
  if (is_good) {
    struct scl_store_stream *stream =
        scl_store_restore(r->store, sc_slice_str(opening.name), (uint64_t)opening.id, shards, n);
    stream->created_ms = opening.created_ms;
    for (uint32_t i = 0; i < n; i++) scl_shardlog_start(stream->shards[i].log, told[i].first, told[i].last_ms);
    learn(r, stream);
    is_good = scl_persist_read_attributes(&opening.attributes, r->store, stream);
    if (!is_good) *in = opening.attributes;
  }
  free(shards);
  free(told);
  return is_good;
}

/* ---- the other kinds ---- */

static bool replay_attributes(struct replayer *r, struct sc_cbor *in) {
  struct known *known;
  return take_known(r, in, &known) && scl_persist_read_attributes(in, r->store, known->stream) && at_end(in);
}

static bool replay_delete(struct replayer *r, struct sc_cbor *in) {
  struct known *known;
  if (!take_known(r, in, &known) || !at_end(in)) return false;
  scl_store_delete(r->store, known->stream);
  forget(r, known);
  return true;
}

/* The key's bytes; false when it is no JSON string as ours are written. */
static bool unescape(struct replayer *r, struct sc_slice key_json, size_t *len) {
  if (key_json.len < 2) return false;
  struct sc_buf again = SC_BUF_INIT;
  sc_buf_clear(&r->scratch);
  sc_buf_reserve(&r->scratch, key_json.len);
  bool is_string = sc_json_string_unescape(key_json.ptr + 1, key_json.len - 2, r->scratch.ptr, len);
  if (is_string) sc_buf_add_json_string(&again, sc_slice_of(r->scratch.ptr, *len));
  is_string = is_string && sc_slice_equals(sc_buf_view(&again), key_json);
  sc_buf_fini(&again);
  return is_string;
}

/* Sets put->bytes; false when the key or the data is not what it says. */
static bool measure(struct replayer *r, struct scl_store_put *put) {
  size_t key_len = 0, data_len = put->data.len;
  if (!unescape(r, put->key_json, &key_len)) return false;
  if (put->is_base64) {
    sc_buf_clear(&r->scratch);
    sc_buf_reserve(&r->scratch, put->data.len + 4);
    if (!sc_base64_decode(put->data.ptr, put->data.len, r->scratch.ptr, &data_len)) return false;
  }
  put->bytes = key_len + data_len;
  return true;
}

static bool take_put(struct replayer *r, struct sc_cbor *in, struct scl_store_put *put) {
  int64_t is_base64 = 0;
  if (!take_ms(in, &put->arrived_ms) || !scl_persist_take_int(in, 0, 1, &is_base64)) return false;
  put->is_base64 = is_base64 == 1;
  if (!scl_persist_take_bytes(in, MAX_KEY_JSON, &put->key_json)) return false;
  if (!scl_persist_take_bytes(in, SCL_PERSIST_MAX_DATA, &put->data) || !at_end(in)) return false;
  return measure(r, put) || sc_cbor_fail(in, "a record whose key or data is none");
}

/* Whether a record of that number and time is the next one. */
static bool is_next(const struct scl_store_shard *shard, uint64_t number, int64_t arrived_ms) {
  scl_shardlog_lock(shard->log);
  bool is_next = scl_shardlog_end(shard->log) == number && scl_shardlog_last_ms(shard->log) <= arrived_ms;
  scl_shardlog_unlock(shard->log);
  return is_next;
}

static bool replay_put(struct replayer *r, struct sc_cbor *in) {
  struct known *known;
  struct scl_store_put put;
  uint32_t index;
  int64_t number;
  size_t frame_bytes = (size_t)(in->end - in->p) + SCL_FRAME_OVERHEAD;
  if (!take_known(r, in, &known) || !take_shard(in, known->stream, &index)) return false;
  if (!scl_persist_take_int(in, 0, SCL_PERSIST_MAX_NUMBER, &number) || !take_put(r, in, &put)) return false;
  struct scl_store_shard *shard = &known->stream->shards[index];
  if (!is_next(shard, (uint64_t)number, put.arrived_ms)) return sc_cbor_fail(in, "a record out of order");
  scl_shard_restore(shard, &put);
  known->put_bytes += frame_bytes;
  known->record_bytes += put.bytes;
  r->result->records++;
  return true;
}

static bool replay_split(struct replayer *r, struct sc_cbor *in) {
  struct known *known;
  uint32_t index;
  scl_hashkey_int start;
  int64_t now_ms, busy_until_ms;
  if (!take_known(r, in, &known) || !take_open_shard(in, known->stream, &index)) return false;
  if (!take_hash(in, &start) || !take_ms(in, &now_ms) || !take_ms(in, &busy_until_ms) || !at_end(in)) return false;
  const struct scl_store_shard *shard = &known->stream->shards[index];
  if (start <= shard->hash_start || start > shard->hash_end || known->stream->n_shards + 2 > SCL_STORE_MAX_SHARDS)
    return sc_cbor_fail(in, "a split that cannot be");
  scl_store_split(r->store, known->stream, index, start, now_ms);
  known->stream->busy_until_ms = busy_until_ms;
  return true;
}

static bool replay_merge(struct replayer *r, struct sc_cbor *in) {
  struct known *known;
  uint32_t index, adjacent;
  int64_t now_ms, busy_until_ms;
  if (!take_known(r, in, &known) || !take_open_shard(in, known->stream, &index)) return false;
  if (!take_open_shard(in, known->stream, &adjacent) || !take_ms(in, &now_ms) || !take_ms(in, &busy_until_ms))
    return false;
  if (!at_end(in)) return false;
  const struct scl_store_shard *left = &known->stream->shards[index], *right = &known->stream->shards[adjacent];
  bool is_adjacent = left->hash_end != SCL_HASHKEY_MAX && left->hash_end + 1 == right->hash_start;
  if (!is_adjacent || known->stream->n_shards >= SCL_STORE_MAX_SHARDS)
    return sc_cbor_fail(in, "a merge that cannot be");
  scl_store_merge(r->store, known->stream, index, adjacent, now_ms);
  known->stream->busy_until_ms = busy_until_ms;
  return true;
}

static bool replay_entry(struct replayer *r, uint8_t kind, struct sc_cbor *in) {
  switch (kind) {
    case SCL_PERSIST_STREAM:
      return replay_stream(r, in);
    case SCL_PERSIST_ATTRIBUTES:
      return replay_attributes(r, in);
    case SCL_PERSIST_DELETE:
      return replay_delete(r, in);
    case SCL_PERSIST_PUT:
      return replay_put(r, in);
    case SCL_PERSIST_SPLIT:
      return replay_split(r, in);
    case SCL_PERSIST_MERGE:
      return replay_merge(r, in);
    case SCL_PERSIST_ACCOUNT:
      return scl_persist_read_account(in, r->store) && at_end(in);
    default:
      return sc_cbor_fail(in, "an entry of unknown kind");
  }
}

/* ---- all of it ---- */

/* Drops what is too old, and adds up what is left. */
static void take_stock(struct replayer *r, int64_t now_ms) {
  for (uint32_t i = 0; i < r->n; i++) {
    const struct known *known = &r->known[i];
    uint64_t live = 0;
    for (uint32_t j = 0; j < known->stream->n_shards; j++) {
      struct scl_store_shard *shard = &known->stream->shards[j];
      scl_stream_trim(known->stream, shard, now_ms);
      scl_shardlog_lock(shard->log);
      live += scl_shardlog_bytes(shard->log);
      r->result->live_records += scl_shardlog_end(shard->log) - scl_shardlog_first(shard->log);
      scl_shardlog_unlock(shard->log);
    }
    double share = known->record_bytes == 0 ? 0 : (double)live / (double)known->record_bytes;
    r->result->live_bytes += (uint64_t)(share * (double)known->put_bytes);
    r->result->live_bytes += STREAM_BYTES + (uint64_t)known->stream->n_shards * SHARD_BYTES;
  }
}

static int refuse(const char *name, uint64_t offset, const char *why, struct sc_error *err) {
  sc_error_set(err, SC_E_IO, "the journal %s is broken at byte %llu: %s", name, (unsigned long long)offset, why);
  sc_error_hint(err, "move it away to begin anew, or give up what is from there on: truncate -s %llu %s",
                (unsigned long long)offset, name);
  return err->code;
}

static int replay_frames(struct replayer *r, struct scl_frames *frames, const char *name, struct sc_error *err) {
  struct scl_frame frame;
  enum scl_frames_state state;
  while ((state = scl_frames_next(frames, &frame)) == SCL_FRAMES_FRAME) {
    struct sc_cbor in = sc_cbor_of(frame.payload);
    if (!replay_entry(r, frame.kind, &in)) return refuse(name, frame.offset, in.fault, err);
    r->result->entries++;
  }
  if (state == SCL_FRAMES_BROKEN) return refuse(name, frames->at, "what is there is not what was written", err);
  r->result->good_bytes = frames->at;
  r->result->torn_bytes = frames->bytes.len - frames->at;
  return SC_OK;
}

int scl_replay_run(struct scl_store *store, struct sc_slice file, const char *name, int64_t now_ms,
                   struct scl_replay *result, struct sc_error *err) {
  struct scl_frames frames;
  *result = (struct scl_replay){0};
  const char *wrong = scl_frames_init(&frames, file);
  if (wrong != NULL) {
    sc_error_set(err, SC_E_IO, "the file %s %s", name, wrong);
    sc_error_hint(err, "move it away to begin anew");
    return err->code;
  }
  struct replayer r = {.store = store, .result = result, .cap = FEW_STREAMS};
  r.known = sc_alloc(FEW_STREAMS * sizeof(*r.known));
  int rc = replay_frames(&r, &frames, name, err);
  if (rc == SC_OK) take_stock(&r, now_ms);
  free(r.known);
  sc_buf_fini(&r.scratch);
  return rc;
}
