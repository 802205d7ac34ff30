#include "bench/local/disk/persist.h"

#include "bench/local/disk/persist_attributes.h"
#include "codec/wire/cbor.h"

#define MAX_HEADS 8

/* The items before a record's key, and before its data. */
struct heads {
  char bytes[MAX_HEADS * SC_CBOR_HEAD_MAX];
  size_t len;
};

static void put_head(struct heads *heads, enum sc_cbor_major major, uint64_t value) {
  heads->len = (size_t)(sc_cbor_put(heads->bytes + heads->len, major, value) - heads->bytes);
}

static struct sc_slice heads_view(const struct heads *heads) { return sc_slice_of(heads->bytes, heads->len); }

static void add(const struct scl_persist_sink *sink, enum scl_persist_kind kind, const struct sc_buf *payload) {
  struct sc_slice part = sc_buf_view(payload);
  sink->add(sink->context, (uint8_t)kind, &part, 1);
}

static void add_id(struct sc_buf *out, uint64_t id) { sc_cbor_add(out, SC_CBOR_UINT, id); }

static void add_hash(struct sc_buf *out, scl_hashkey_int hash) {
  char bytes[SCL_PERSIST_HASH_BYTES];
  for (int i = 0; i < SCL_PERSIST_HASH_BYTES; i++) bytes[i] = (char)(hash >> 8 * (SCL_PERSIST_HASH_BYTES - 1 - i));
  sc_cbor_add_bytes(out, sc_slice_of(bytes, sizeof(bytes)));
}

static void add_index(struct sc_buf *out, uint32_t index) {
  sc_cbor_add_int(out, index == SCL_STORE_NO_SHARD ? -1 : (int64_t)index);
}

/* ---- streams ---- */

/* The arrival of the record before the oldest one is not kept anywhere: any time between does. */
static int64_t start_ms(const struct scl_shardlog *log) {
  bool has_records = scl_shardlog_first(log) < scl_shardlog_end(log);
  return has_records ? scl_shardlog_arrived_ms(log, scl_shardlog_first(log)) : scl_shardlog_last_ms(log);
}

static void add_shard(struct sc_buf *out, const struct scl_store_shard *shard) {
  sc_cbor_add(out, SC_CBOR_ARRAY, 11);
  add_index(out, shard->parent);
  add_index(out, shard->adjacent_parent);
  add_index(out, shard->child[0]);
  add_index(out, shard->child[1]);
  add_hash(out, shard->hash_start);
  add_hash(out, shard->hash_end);
  sc_cbor_add_int(out, shard->created_ms);
  sc_cbor_add_int(out, shard->created_s);
  sc_cbor_add_int(out, shard->closed_ms);
  scl_shardlog_lock(shard->log);
  sc_cbor_add_int(out, (int64_t)scl_shardlog_first(shard->log));
  sc_cbor_add_int(out, start_ms(shard->log));
  scl_shardlog_unlock(shard->log);
}

static void add_stream(const struct scl_persist_sink *sink, const struct scl_store_stream *stream) {
  struct sc_buf out = SC_BUF_INIT;
  add_id(&out, stream->id);
  sc_cbor_add_text(&out, sc_slice_str(stream->name));
  sc_cbor_add_int(&out, stream->created_ms);
  scl_persist_add_attributes(&out, stream);
  sc_cbor_add(&out, SC_CBOR_ARRAY, stream->n_shards);
  for (uint32_t i = 0; i < stream->n_shards; i++) add_shard(&out, &stream->shards[i]);
  add(sink, SCL_PERSIST_STREAM, &out);
  sc_buf_fini(&out);
}

static void created(void *context, const struct scl_store_stream *stream) { add_stream(context, stream); }

static void deleted(void *context, uint64_t stream_id) {
  struct sc_buf out = SC_BUF_INIT;
  add_id(&out, stream_id);
  add(context, SCL_PERSIST_DELETE, &out);
  sc_buf_fini(&out);
}

static void split(void *context, const struct scl_store_stream *stream, uint32_t shard) {
  struct sc_buf out = SC_BUF_INIT;
  const struct scl_store_shard *high = &stream->shards[stream->shards[shard].child[1]];
  add_id(&out, stream->id);
  sc_cbor_add_int(&out, shard);
  add_hash(&out, high->hash_start);
  sc_cbor_add_int(&out, high->created_ms);
  sc_cbor_add_int(&out, stream->busy_until_ms);
  add(context, SCL_PERSIST_SPLIT, &out);
  sc_buf_fini(&out);
}

static void merged(void *context, const struct scl_store_stream *stream, uint32_t shard, uint32_t adjacent) {
  struct sc_buf out = SC_BUF_INIT;
  add_id(&out, stream->id);
  sc_cbor_add_int(&out, shard);
  sc_cbor_add_int(&out, adjacent);
  sc_cbor_add_int(&out, stream->shards[stream->shards[shard].child[0]].created_ms);
  sc_cbor_add_int(&out, stream->busy_until_ms);
  add(context, SCL_PERSIST_MERGE, &out);
  sc_buf_fini(&out);
}

static void attributes(void *context, const struct scl_store_stream *stream) {
  struct sc_buf out = SC_BUF_INIT;
  add_id(&out, stream->id);
  scl_persist_add_attributes(&out, stream);
  add(context, SCL_PERSIST_ATTRIBUTES, &out);
  sc_buf_fini(&out);
}

static void account(void *context, struct scl_store *store) {
  struct sc_buf out = SC_BUF_INIT;
  scl_persist_add_account(&out, store);
  add(context, SCL_PERSIST_ACCOUNT, &out);
  sc_buf_fini(&out);
}

/* ---- records ---- */

static void put(void *context, const struct scl_store_shard *shard, uint64_t number,
                const struct scl_logrecord *record) {
  const struct scl_persist_sink *sink = context;
  struct heads before_key = {.len = 0}, before_data = {.len = 0};
  put_head(&before_key, SC_CBOR_UINT, shard->stream_id);
  put_head(&before_key, SC_CBOR_UINT, shard->index);
  put_head(&before_key, SC_CBOR_UINT, number);
  put_head(&before_key, SC_CBOR_UINT, (uint64_t)record->arrived_ms);
  put_head(&before_key, SC_CBOR_UINT, record->is_base64 ? 1 : 0);
  put_head(&before_key, SC_CBOR_BYTES, record->key_json.len);
  put_head(&before_data, SC_CBOR_BYTES, record->data.len);
  struct sc_slice parts[] = {heads_view(&before_key), record->key_json, heads_view(&before_data), record->data};
  sink->add(sink->context, SCL_PERSIST_PUT, parts, 4);
}

static struct scl_ticket ticket(void *context) {
  const struct scl_persist_sink *sink = context;
  return sink->ticket(sink->context);
}

struct scl_store_recorder scl_persist_recorder(const struct scl_persist_sink *sink) {
  return (struct scl_store_recorder){.context = (void *)sink,
                                     .created = created,
                                     .deleted = deleted,
                                     .put = put,
                                     .split = split,
                                     .merged = merged,
                                     .attributes = attributes,
                                     .account = account,
                                     .ticket = ticket};
}

/* ---- all of it ---- */

static void add_records(const struct scl_persist_sink *sink, const struct scl_store_shard *shard) {
  const struct scl_shardlog *log = shard->log;
  scl_shardlog_lock(shard->log);
  for (uint64_t i = scl_shardlog_first(log); i < scl_shardlog_end(log); i++) {
    struct scl_logrecord record = scl_shardlog_record(log, i);
    put((void *)sink, shard, i, &record);
  }
  scl_shardlog_unlock(shard->log);
}

void scl_persist_all(struct scl_store *store, const struct scl_persist_sink *sink) {
  account((void *)sink, store);
  for (uint32_t i = 0; i < scl_store_n_streams(store); i++) {
    const struct scl_store_stream *stream = scl_store_at(store, i);
    add_stream(sink, stream);
    for (uint32_t j = 0; j < stream->n_shards; j++) add_records(sink, &stream->shards[j]);
  }
}
