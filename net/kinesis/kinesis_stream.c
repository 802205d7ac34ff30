#include "net/kinesis/kinesis_stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/text/base64.h"
#include "engine/base/array.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"

#define ACTIVE_LOOK_MS 500
#define PAGES_MAX 100000
#define LISTINGS_MAX 5       /* a listing begins again when its token expired */
#define REREAD_PAGES_MAX 100 /* empty pages on the way to the record */
#define HOUR_MS INT64_C(3600000)
#define RECORD_KIB_MAX (1 << 20)
#define EPOCH_SECONDS_MAX 253402300799.0 /* the year 9999 */

static int unexpected(struct sc_error *err, const char *operation, const char *what) {
  return sc_error_set(err, SC_E_PROTOCOL, "%s: %s", operation, what);
}

bool sc_kinesis_read_text(struct sc_json value, char *text, size_t size) {
  struct sc_slice s;
  if (!sc_json_str(value, &s) || s.len == 0 || s.len >= size || memchr(s.ptr, 0, s.len) != NULL) return false;
  memcpy(text, s.ptr, s.len);
  text[s.len] = '\0';
  return true;
}

int64_t sc_kinesis_read_time_ms(struct sc_json value) {
  double seconds;
  if (!sc_json_double(value, &seconds) || !(seconds >= 0 && seconds <= EPOCH_SECONDS_MAX)) return 0;
  return (int64_t)llround(seconds * 1000);
}

/* ---- describe ---- */

static int read_description(struct sc_json d, struct sc_stream_identity *out, char status[32], struct sc_error *err) {
  double hours = 24;
  int64_t kib = 0;
  *out = (struct sc_stream_identity){.created_ms = sc_kinesis_read_time_ms(sc_json_get(d, "StreamCreationTimestamp"))};
  if (!sc_kinesis_read_text(sc_json_get(d, "StreamName"), out->name, sizeof(out->name)) ||
      !sc_kinesis_read_text(sc_json_get(d, "StreamARN"), out->arn, sizeof(out->arn)) ||
      !sc_kinesis_read_text(sc_json_get(d, "StreamStatus"), status, 32))
    return unexpected(err, "DescribeStreamSummary", "a reply without name, ARN or status");
  sc_json_double(sc_json_get(d, "RetentionPeriodHours"), &hours);
  if (sc_json_i64(sc_json_get(d, "MaxRecordSizeInKiB"), &kib) && kib > 0 && kib <= RECORD_KIB_MAX)
    out->max_record_bytes = kib * 1024;
  out->retention_ms = hours > 0 && hours < 1e6 ? (int64_t)hours * HOUR_MS : 24 * HOUR_MS;
  return SC_OK;
}

static int describe_with(struct sc_kinesis_client *c, const char *operation, const char *member, struct sc_json *out,
                         struct sc_error *err) {
  struct sc_json root;
  sc_kinesis_write_stream(sc_kinesis_client_of(c), sc_kinesis_client_body(c));
  int rc = sc_kinesis_client_call(c, SC_ENDPOINT_CONTROL, operation, NULL, &root, err);
  if (rc == SC_OK) *out = sc_json_get(root, member);
  return rc;
}

int sc_kinesis_describe(struct sc_kinesis_client *c, struct sc_stream_identity *out, char status[32],
                        struct sc_error *err) {
  struct sc_json d;
  struct sc_error second;
  int rc = describe_with(c, "DescribeStreamSummary", "StreamDescriptionSummary", &d, err);
  if (rc == SC_E_REFUSED)
    if (describe_with(c, "DescribeStream", "StreamDescription", &d, &second) == SC_OK) rc = SC_OK;
  if (rc == SC_OK) rc = read_description(d, out, status, err);
  if (rc == SC_OK) out->service_ms = sc_kinesis_client_date_ms(c);
  return rc;
}

int sc_kinesis_describe_active(struct sc_kinesis_client *c, int64_t wait_ms, struct sc_stream_identity *out,
                               struct sc_error *err) {
  const char *name = sc_kinesis_client_of(c)->described;
  int64_t give_up_ms = sc_clock_mono_ms() + wait_ms;
  char status[32];
  int rc = sc_kinesis_describe(c, out, status, err);
  if (rc == SC_OK && strcmp(status, "CREATING") == 0 && wait_ms > 0)
    sc_log(SC_INFO, "the stream is being created; waiting for it", "most_s=%lld", (long long)wait_ms / 1000);
  while (rc == SC_OK && strcmp(status, "CREATING") == 0 && sc_clock_mono_ms() < give_up_ms) {
    rc = sc_kinesis_client_pause(c, ACTIVE_LOOK_MS, err);
    if (rc == SC_OK) rc = sc_kinesis_describe(c, out, status, err);
  }
  if (rc != SC_OK) return rc;
  if (strcmp(status, "DELETING") == 0) return sc_error_set(err, SC_E_NO_SOURCE, "stream %s is being deleted", name);
  if (strcmp(status, "CREATING") != 0) return SC_OK;
  return sc_error_fail(err, SC_E_NO_SOURCE,
                       "run again when the stream is ACTIVE; --wait says how long it is waited for",
                       "stream %s is still being created after %lld s", name, (long long)wait_ms / 1000);
}

/* ---- shards ---- */

static bool read_hash_key(struct sc_json value, struct sc_hash_key *out) {
  struct sc_slice text;
  return sc_json_str(value, &text) && sc_hash_key_parse(text, out);
}

bool sc_kinesis_read_shard(struct sc_json shard, struct sc_listed *out) {
  struct sc_json hashes = sc_json_get(shard, "HashKeyRange"), sequences = sc_json_get(shard, "SequenceNumberRange");
  struct sc_json parent = sc_json_get(shard, "ParentShardId"), adjacent = sc_json_get(shard, "AdjacentParentShardId");
  memset(out, 0, sizeof(*out));
  out->closed = !sc_json_absent(sc_json_get(sequences, "EndingSequenceNumber"));
  return sc_kinesis_read_text(sc_json_get(shard, "ShardId"), out->id, sizeof(out->id)) &&
         read_hash_key(sc_json_get(hashes, "StartingHashKey"), &out->hash_first) &&
         read_hash_key(sc_json_get(hashes, "EndingHashKey"), &out->hash_last) &&
         (sc_json_absent(parent) || sc_kinesis_read_text(parent, out->parents[0], sizeof(out->parents[0]))) &&
         (sc_json_absent(adjacent) || sc_kinesis_read_text(adjacent, out->parents[1], sizeof(out->parents[1])));
}

struct listing {
  struct sc_listed *shards;
  size_t n, cap;
};

static int add_page(struct listing *l, struct sc_json root, struct sc_error *err) {
  struct sc_json_iter it = sc_json_walk(sc_json_get(root, "Shards"));
  for (struct sc_json shard; sc_json_next(&it, NULL, &shard);) {
    if (l->n == SC_SHARDS_MAX) return unexpected(err, "ListShards", "more shards than a stream can have");
    SC_ARRAY_ROOM(l->shards, l->n, l->cap, 1);
    if (!sc_kinesis_read_shard(shard, &l->shards[l->n])) return unexpected(err, "ListShards", "a malformed shard");
    l->n++;
  }
  return SC_OK;
}

static int list_once(struct sc_kinesis_client *c, struct listing *l, struct sc_error *err) {
  struct sc_slice token, *next = NULL;
  l->n = 0;
  for (int page = 0; page < PAGES_MAX; page++) {
    struct sc_json root;
    sc_kinesis_write_list_shards(sc_kinesis_client_of(c), sc_kinesis_client_body(c), next);
    int rc = sc_kinesis_client_call(c, SC_ENDPOINT_CONTROL, "ListShards", NULL, &root, err);
    if (rc == SC_OK) rc = add_page(l, root, err);
    if (rc != SC_OK) return rc;
    next = sc_json_str(sc_json_get(root, "NextToken"), &token) && token.len ? &token : NULL;
    if (next == NULL) return SC_OK;
  }
  return unexpected(err, "ListShards", "pages without an end");
}

int sc_kinesis_list_shards(struct sc_kinesis_client *c, struct sc_listed **shards, size_t *n, struct sc_error *err) {
  struct listing l = {0};
  int rc = list_once(c, &l, err);
  for (int i = 1; rc != SC_OK && i < LISTINGS_MAX && strcmp(err->service, "ExpiredNextTokenException") == 0; i++)
    rc = list_once(c, &l, err);
  if (rc != SC_OK) {
    free(l.shards);
    l = (struct listing){0};
  }
  *shards = l.shards;
  *n = l.n;
  return rc;
}

/* ---- one record again ---- */

static int gone(struct sc_error *err, const char *shard_id, const struct sc_sequence *sequence) {
  sc_error_set(err, SC_E_GAP, "record %.*s of %s has left the stream", SC_SLICE_ARGS(sc_sequence_view(sequence)),
               shard_id);
  memcpy(err->shard, shard_id, strnlen(shard_id, sizeof(err->shard) - 1));
  memcpy(err->sequence, sequence->digits, sequence->len);
  return err->code;
}

static int decode_data(struct sc_json record, struct sc_buf *data, struct sc_error *err) {
  struct sc_slice text;
  size_t len = 0;
  sc_buf_clear(data);
  if (!sc_json_str(sc_json_get(record, "Data"), &text)) return unexpected(err, "GetRecords", "a record without Data");
  sc_buf_reserve(data, text.len);
  if (text.len && !sc_base64_decode(text.ptr, text.len, data->ptr, &len))
    return unexpected(err, "GetRecords", "Data is not base64");
  data->len = len;
  sc_buf_add(data, "", 0);
  return SC_OK;
}

static int get_iterator(struct sc_kinesis_client *c, const char *shard_id, const struct sc_sequence *sequence,
                        struct sc_buf *iterator, struct sc_error *err) {
  struct sc_position at = {.start = SC_START_AT, .sequence = *sequence};
  struct sc_json root;
  struct sc_slice text;
  sc_kinesis_write_get_iterator(sc_kinesis_client_of(c), sc_kinesis_client_body(c), shard_id, &at);
  int rc = sc_kinesis_client_call(c, SC_ENDPOINT_DATA, "GetShardIterator", shard_id, &root, err);
  if (rc != SC_OK) return rc;
  if (!sc_json_str(sc_json_get(root, "ShardIterator"), &text) || text.len == 0)
    return unexpected(err, "GetShardIterator", "a reply without a ShardIterator");
  sc_buf_add_slice(iterator, text);
  return SC_OK;
}

/* SC_AGAIN: not on this page; iterator has moved on. */
static int find_on_page(struct sc_kinesis_client *c, const char *shard_id, const struct sc_sequence *wanted,
                        struct sc_buf *iterator, struct sc_buf *data, struct sc_error *err) {
  struct sc_json root, record;
  struct sc_slice text;
  struct sc_sequence found;
  sc_kinesis_write_get_records(sc_kinesis_client_of(c), sc_kinesis_client_body(c), sc_buf_str(iterator), 1);
  int rc = sc_kinesis_client_call(c, SC_ENDPOINT_DATA, "GetRecords", shard_id, &root, err);
  if (rc != SC_OK) return rc;
  struct sc_json_iter it = sc_json_walk(sc_json_get(root, "Records"));
  if (sc_json_next(&it, NULL, &record)) {
    if (!sc_json_str(sc_json_get(record, "SequenceNumber"), &text) || !sc_sequence_parse(text, &found))
      return unexpected(err, "GetRecords", "a record without SequenceNumber");
    return sc_sequence_compare(&found, wanted) == 0 ? decode_data(record, data, err) : gone(err, shard_id, wanted);
  }
  if (!sc_json_str(sc_json_get(root, "NextShardIterator"), &text) || text.len == 0) return gone(err, shard_id, wanted);
  sc_buf_clear(iterator);
  sc_buf_add_slice(iterator, text);
  return SC_AGAIN;
}

int sc_kinesis_reread(struct sc_kinesis_client *c, const char *shard_id, const struct sc_sequence *sequence,
                      struct sc_buf *data, struct sc_error *err) {
  struct sc_buf iterator = SC_BUF_INIT;
  int rc = get_iterator(c, shard_id, sequence, &iterator, err);
  if (rc == SC_E_REFUSED || rc == SC_E_NO_SHARD) rc = gone(err, shard_id, sequence);
  if (rc == SC_OK) rc = SC_AGAIN;
  for (int page = 0; rc == SC_AGAIN && page < REREAD_PAGES_MAX; page++)
    rc = find_on_page(c, shard_id, sequence, &iterator, data, err);
  if (rc == SC_AGAIN) rc = gone(err, shard_id, sequence);
  sc_buf_fini(&iterator);
  return rc;
}

/* ---- streams of the account ---- */

static void read_summaries(struct sc_json summaries, struct sc_stream_summary *s) {
  struct sc_json_iter it = sc_json_walk(summaries);
  for (struct sc_json one; sc_json_next(&it, NULL, &one);) {
    struct sc_slice name;
    if (!sc_json_str(sc_json_get(one, "StreamName"), &name) || !sc_slice_is(name, s->name)) continue;
    sc_kinesis_read_text(sc_json_get(one, "StreamStatus"), s->status, sizeof(s->status));
    sc_kinesis_read_text(sc_json_get(sc_json_get(one, "StreamModeDetails"), "StreamMode"), s->mode, sizeof(s->mode));
    s->created_ms = sc_kinesis_read_time_ms(sc_json_get(one, "StreamCreationTimestamp"));
  }
}

struct streams {
  struct sc_stream_summary *items;
  size_t n, cap;
};

static int add_streams(struct streams *list, struct sc_json root, struct sc_error *err) {
  struct sc_json_iter it = sc_json_walk(sc_json_get(root, "StreamNames"));
  for (struct sc_json name; sc_json_next(&it, NULL, &name); list->n++) {
    SC_ARRAY_ROOM(list->items, list->n, list->cap, 1);
    struct sc_stream_summary *s = &list->items[list->n];
    memset(s, 0, sizeof(*s));
    if (!sc_kinesis_read_text(name, s->name, sizeof(s->name)))
      return unexpected(err, "ListStreams", "a malformed stream name");
    read_summaries(sc_json_get(root, "StreamSummaries"), s);
  }
  return SC_OK;
}

static int list_streams_page(struct sc_kinesis_client *c, struct streams *list, bool *more, struct sc_error *err) {
  struct sc_buf *body = sc_kinesis_client_body(c);
  struct sc_json root;
  size_t before = list->n;
  sc_buf_clear(body);
  sc_buf_add_str(body, "{\"Limit\":100");
  if (before) {
    sc_buf_add_str(body, ",\"ExclusiveStartStreamName\":");
    sc_buf_add_json_string(body, sc_slice_str(list->items[before - 1].name));
  }
  sc_buf_add_char(body, '}');
  int rc = sc_kinesis_client_call(c, SC_ENDPOINT_CONTROL, "ListStreams", NULL, &root, err);
  if (rc == SC_OK) rc = add_streams(list, root, err);
  *more = false;
  if (rc == SC_OK) sc_json_bool(sc_json_get(root, "HasMoreStreams"), more);
  if (*more && list->n == before) return unexpected(err, "ListStreams", "an empty page that promises more");
  return rc;
}

int sc_kinesis_list_streams(struct sc_kinesis_client *c, struct sc_stream_summary **streams, size_t *n,
                            struct sc_error *err) {
  struct streams list = {0};
  bool more = true;
  int rc = SC_OK;
  for (int page = 0; rc == SC_OK && more && page < PAGES_MAX; page++) rc = list_streams_page(c, &list, &more, err);
  if (rc != SC_OK) {
    free(list.items);
    list = (struct streams){0};
  }
  *streams = list.items;
  *n = list.n;
  return rc;
}

int sc_kinesis_create_stream(struct sc_kinesis_client *c, int64_t shards, struct sc_error *err) {
  struct sc_buf *body = sc_kinesis_client_body(c);
  struct sc_json root;
  sc_buf_clear(body);
  sc_buf_add_str(body, "{\"StreamName\":");
  sc_buf_add_json_string(body, sc_slice_str(sc_kinesis_client_of(c)->stream));
  sc_buf_printf(body, ",\"ShardCount\":%lld}", (long long)shards);
  return sc_kinesis_client_call(c, SC_ENDPOINT_CONTROL, "CreateStream", NULL, &root, err);
}

int sc_kinesis_delete_stream(struct sc_kinesis_client *c, struct sc_error *err) {
  struct sc_json root;
  sc_kinesis_write_stream(sc_kinesis_client_of(c), sc_kinesis_client_body(c));
  return sc_kinesis_client_call(c, SC_ENDPOINT_CONTROL, "DeleteStream", NULL, &root, err);
}
