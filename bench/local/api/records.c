/* PutRecord, PutRecords. */
#include <inttypes.h>

#include "bench/local/api/limits.h"
#include "bench/local/faults/fault.h"

#define MAX_RECORD_BYTES (10 << 20)
#define MAX_REQUEST_BYTES (10u << 20)
#define MAX_RECORDS 500

/* One record of a request, routed. */
struct incoming {
  struct sc_slice key, data;
  bool is_base64;
  uint64_t bytes;
  scl_hashkey_int hash;
  struct scl_store_shard *shard; /* NULL: not to be put */
  bool is_throttled;
};

/* The explicit hash key, or that of the partition key. False after failing the call when it is out of range. */
static bool find_hash(struct scl_call *call, const struct scl_value *explicit_key, struct incoming *record) {
  if (!explicit_key->is_set) {
    record->hash = scl_hashkey_of(record->key);
    return true;
  }
  if (scl_hashkey_parse(explicit_key->text, &record->hash)) return true;
  scl_call_fail(call, "InvalidArgumentException",
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was %.*s",
                SC_SLICE_ARGS(explicit_key->text));
  return false;
}

static bool check_size(struct scl_call *call, const struct scl_store_stream *stream, uint64_t bytes) {
  if (bytes <= stream->max_record_bytes) return true;
  scl_call_fail(call, "ValidationException",
                "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=%" PRIu64 " cap=%" PRIu64
                "]' at 'data' failed to satisfy constraint: Member must have length less than or equal to %" PRIu64,
                bytes, bytes, stream->max_record_bytes);
  return false;
}

/* Finds the record's shard, and whether its limits allow the record. */
static void route(const struct scl_call *call, struct scl_store_stream *stream, struct incoming *record) {
  record->shard = scl_stream_route(stream, record->hash);
  record->is_throttled = !scl_limits_put(call, record->shard, record->bytes);
}

/* Appends the record to its shard, and writes ShardId and SequenceNumber. */
static void put(struct scl_call *call, const struct incoming *record, struct sc_buf *key_json) {
  char sequence[SCL_SEQLAYOUT_DIGITS + 1];
  SC_ASSERT(record->shard != NULL);
  sc_buf_clear(key_json);
  sc_buf_add_json_string(key_json, record->key);
  struct scl_store_put what = {sc_buf_view(key_json), record->data, record->is_base64, record->bytes, call->now_ms};
  scl_shard_put(record->shard, &what, sequence);
  scl_add_shard_id(&call->out, "ShardId", record->shard->index);
  scl_writer_str(&call->out, "SequenceNumber", sequence);
}

static void add_encryption(struct scl_call *call, const struct scl_store_stream *stream) {
  if (stream->key_id != NULL) scl_writer_str(&call->out, "EncryptionType", "KMS");
}

/* ---- PutRecord ---- */

enum { PUT_DATA = SCL_VALUE_REST, PUT_KEY, PUT_HASH_KEY, PUT_ORDERING, PUT_MEMBERS };

static const struct scl_member put_members[PUT_MEMBERS] = {
    SCL_STREAM_MEMBERS,
    {"Data", SCL_MEMBER_BLOB, true, 0, MAX_RECORD_BYTES, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"PartitionKey", SCL_MEMBER_TEXT, true, 1, 256, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"ExplicitHashKey", SCL_MEMBER_TEXT, false, 0, 0, SCL_PATTERN_HASH_KEY, NULL, NULL, 0},
    {"SequenceNumberForOrdering", SCL_MEMBER_TEXT, false, 0, 0, SCL_PATTERN_SEQUENCE, NULL, NULL, 0}};

static bool check_ordering(struct scl_call *call, const struct scl_store_stream *stream) {
  const struct scl_value *ordering = &call->values[PUT_ORDERING];
  struct scl_seqlayout seq;
  if (!ordering->is_set || scl_seqlayout_parse(ordering->text, &seq)) return true;
  scl_call_fail(call, "InvalidArgumentException",
                "ExclusiveMinimumSequenceNumber %.*s used in PutRecord on stream %s under account %s is invalid.",
                SC_SLICE_ARGS(ordering->text), stream->name, SCL_SERVICE_ACCOUNT);
  return false;
}

static void put_record(struct scl_call *call) {
  const struct scl_value *v = call->values;
  struct scl_store_stream *stream = scl_call_ready_stream(call);
  if (stream == NULL) return;
  struct incoming record = {.key = v[PUT_KEY].text, .data = v[PUT_DATA].text};
  record.is_base64 = v[PUT_DATA].is_base64;
  record.bytes = v[PUT_DATA].bytes + record.key.len;
  if (!check_size(call, stream, record.bytes) || !find_hash(call, &v[PUT_HASH_KEY], &record)) return;
  if (!check_ordering(call, stream)) return;
  route(call, stream, &record);
  struct sc_buf text = SC_BUF_INIT;
  if (record.is_throttled) {
    scl_limits_add_text(&text, stream, record.shard);
    scl_call_fail(call, SCL_LIMITS_EXCEEDED, "%s", sc_buf_str(&text));
  } else {
    scl_writer_open_map(&call->out, NULL);
    put(call, &record, &text);
    add_encryption(call, stream);
    scl_writer_close_map(&call->out);
  }
  sc_buf_fini(&text);
}

/* ---- PutRecords ---- */

enum { ENTRY_DATA, ENTRY_KEY, ENTRY_HASH_KEY, ENTRY_MEMBERS };
enum { PUTS_RECORDS = SCL_VALUE_REST, PUTS_MEMBERS };

static const struct scl_member entry_members[ENTRY_MEMBERS] = {
    {"Data", SCL_MEMBER_BLOB, true, 0, MAX_RECORD_BYTES, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"PartitionKey", SCL_MEMBER_TEXT, true, 1, 256, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"ExplicitHashKey", SCL_MEMBER_TEXT, false, 0, 0, SCL_PATTERN_HASH_KEY, NULL, NULL, 0}};

static const struct scl_member puts_members[PUTS_MEMBERS] = {
    SCL_STREAM_MEMBERS,
    {"Records", SCL_MEMBER_LIST, true, 1, MAX_RECORDS, SCL_PATTERN_NONE, NULL, entry_members, ENTRY_MEMBERS}};

/* Reads and checks all records before any is put. */
static bool gather(struct scl_call *call, const struct scl_store_stream *stream, struct incoming *records) {
  const struct scl_value *list = &call->values[PUTS_RECORDS];
  uint64_t total = 0;
  for (size_t i = 0; i < list->n; i++) {
    const struct scl_value *entry = list->items + i * ENTRY_MEMBERS;
    records[i] = (struct incoming){.key = entry[ENTRY_KEY].text, .data = entry[ENTRY_DATA].text};
    records[i].is_base64 = entry[ENTRY_DATA].is_base64;
    records[i].bytes = entry[ENTRY_DATA].bytes + records[i].key.len;
    total += records[i].bytes;
    if (!check_size(call, stream, records[i].bytes)) return false;
    if (!find_hash(call, &entry[ENTRY_HASH_KEY], &records[i])) return false;
  }
  if (total <= MAX_REQUEST_BYTES) return true;
  scl_call_fail(call, "InvalidArgumentException", "Records size exceeds 10 MB limit");
  return false;
}

static bool is_to_fail(const struct scl_call *call, size_t i) {
  return call->fault != NULL && i % (uint64_t)call->fault->every == 0;
}

static void add_failed_entry(struct scl_call *call) {
  scl_writer_str(&call->out, "ErrorCode", call->fault->code);
  scl_writer_str(&call->out, "ErrorMessage", call->fault->message);
}

static void add_throttled_entry(struct scl_call *call, const struct scl_store_stream *stream,
                                const struct incoming *record, struct sc_buf *text) {
  sc_buf_clear(text);
  scl_limits_add_text(text, stream, record->shard);
  scl_writer_str(&call->out, "ErrorCode", SCL_LIMITS_EXCEEDED);
  scl_writer_text(&call->out, "ErrorMessage", sc_buf_view(text));
}

/* Returns how many of the records will not be put. */
static size_t route_all(const struct scl_call *call, struct scl_store_stream *stream, struct incoming *records,
                        size_t n) {
  size_t n_failed = 0;
  for (size_t i = 0; i < n; i++) {
    bool is_faulty = is_to_fail(call, i);
    if (!is_faulty) route(call, stream, &records[i]);
    if (is_faulty || records[i].is_throttled) n_failed++;
  }
  return n_failed;
}

static void put_records(struct scl_call *call) {
  struct incoming records[MAX_RECORDS] = {0};
  size_t n = call->values[PUTS_RECORDS].n;
  struct scl_store_stream *stream = scl_call_ready_stream(call);
  if (stream == NULL || !gather(call, stream, records)) return;
  size_t n_failed = route_all(call, stream, records, n);
  struct sc_buf text = SC_BUF_INIT;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_int(w, "FailedRecordCount", (int64_t)n_failed);
  scl_writer_open_list(w, "Records");
  for (size_t i = 0; i < n; i++) {
    scl_writer_open_map(w, NULL);
    if (is_to_fail(call, i)) add_failed_entry(call);
    else if (records[i].is_throttled) add_throttled_entry(call, stream, &records[i], &text);
    else put(call, &records[i], &text);
    scl_writer_close_map(w);
  }
  scl_writer_close_list(w);
  add_encryption(call, stream);
  scl_writer_close_map(w);
  sc_buf_fini(&text);
}

const struct scl_operation scl_record_operations[] = {
    {"PutRecord", put_members, PUT_MEMBERS, false, put_record},
    {"PutRecords", puts_members, PUTS_MEMBERS, false, put_records},
};
const int scl_record_operations_n = sizeof(scl_record_operations) / sizeof(*scl_record_operations);
