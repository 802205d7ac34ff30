/* GetShardIterator, GetRecords. */
#include <inttypes.h>
#include <time.h>

#include "bench/local/api/limits.h"
#include "bench/local/api/start.h"

/* --- GetShardIterator ---------------------------------------------------------------------------------------------- */

enum { ITERATOR_SHARD = SC_VALUE_REST, ITERATOR_TYPE, ITERATOR_SEQUENCE, ITERATOR_TIME, ITERATOR_MEMBERS };

static const struct sc_member ITERATOR[ITERATOR_MEMBERS] = {
    SC_STREAM_MEMBERS,
    {"ShardId", SC_MEMBER_TEXT, true, 1, 128, SC_PATTERN_NAME, NULL, NULL, 0},
    {"ShardIteratorType", SC_MEMBER_TEXT, true, 0, 0, SC_PATTERN_NONE, SC_START_TYPES, NULL, 0},
    {"StartingSequenceNumber", SC_MEMBER_TEXT, false, 0, 0, SC_PATTERN_SEQUENCE, NULL, NULL, 0},
    {"Timestamp", SC_MEMBER_TIME, false, 0, 0, SC_PATTERN_NONE, NULL, NULL, 0}};

static void add_iterator(struct sc_writer *w, const char *name, const struct sc_call *call,
                         const struct sc_store_stream *stream, uint32_t shard, uint64_t position, int64_t time_ms) {
  char text[SC_TOKEN_TEXT];
  struct sc_token token = sc_call_token(call, SC_TOKEN_ITERATOR, stream);
  token.shard = shard;
  token.position = position;
  token.time_ms = time_ms;
  sc_token_write(&token, text);
  sc_writer_str(w, name, text);
}

/* The time at which reading begins; 0 when it begins at a record. */
static int64_t start_ms(const struct sc_call *call, const struct sc_store_stream *stream,
                        const struct sc_store_shard *shard) {
  struct sc_slice type = call->values[ITERATOR_TYPE].text;
  if (sc_slice_is(type, "LATEST")) return call->now_ms;
  if (sc_slice_is(type, "AT_TIMESTAMP")) return call->values[ITERATOR_TIME].number;
  if (!sc_slice_is(type, "TRIM_HORIZON")) return 0;
  int64_t horizon_ms = call->now_ms - stream->retention_hours * SC_STORE_HOUR_MS;
  return horizon_ms > shard->created_ms ? horizon_ms : shard->created_ms;
}

static void get_shard_iterator(struct sc_call *call) {
  const struct sc_value *v = call->values;
  uint64_t position;
  struct sc_store_stream *stream = sc_call_ready_stream(call);
  if (stream == NULL) return;
  struct sc_store_shard *shard = sc_call_shard(call, stream, v[ITERATOR_SHARD].text);
  if (shard == NULL || !sc_limits_check_iterator(call, stream, shard)) return;
  struct sc_start start = {"GetShardIterator", v[ITERATOR_TYPE].text, &v[ITERATOR_SEQUENCE], &v[ITERATOR_TIME]};
  if (!sc_call_start(call, &start, stream, shard, &position)) return;
  sc_writer_open_map(&call->out, NULL);
  add_iterator(&call->out, "ShardIterator", call, stream, shard->index, position, start_ms(call, stream, shard));
  sc_writer_close_map(&call->out);
}

/* --- GetRecords ---------------------------------------------------------------------------------------------------- */

enum { GET_ITERATOR, GET_LIMIT, GET_ARN, GET_STREAM_ID, GET_MEMBERS };

static const struct sc_member GET[GET_MEMBERS] = {
    {"ShardIterator", SC_MEMBER_TEXT, true, 1, 512, SC_PATTERN_NONE, NULL, NULL, 0},
    {"Limit", SC_MEMBER_INTEGER, false, 1, SC_SERVICE_PAGE_RECORDS, SC_PATTERN_NONE, NULL, NULL, 0},
    {"StreamARN", SC_MEMBER_TEXT, false, 1, 2048, SC_PATTERN_STREAM_ARN, NULL, NULL, 0},
    {"StreamId", SC_MEMBER_TEXT, false, 1, 24, SC_PATTERN_NONE, NULL, NULL, 0}};

/* "Thu Jan 22 01:22:02 UTC 2015", as the service writes times in its errors. */
static void format_time(int64_t ms, char out[40]) {
  time_t seconds = (time_t)(ms / 1000);
  struct tm utc;
  out[0] = '\0';
  if (gmtime_r(&seconds, &utc) != NULL) strftime(out, 40, "%a %b %d %H:%M:%S UTC %Y", &utc);
}

static void fail_expired(struct sc_call *call, const struct sc_token *token) {
  char then[40], now[40];
  format_time(token->issued_ms, then);
  format_time(call->now_ms, now);
  sc_call_fail(call, "ExpiredIteratorException",
               "Iterator expired. The iterator was created at time %s while right now it is %s which is further in the "
               "future than the tolerated delay of %d milliseconds.",
               then, now, SC_SERVICE_ITERATOR_MS);
}

static void fail_no_shard(struct sc_call *call, const struct sc_token *token) {
  sc_call_fail(call, "ResourceNotFoundException",
               "Shard shardId-%012" PRIu32 " in stream %s under account %s does not exist", token->shard, token->stream,
               SC_SERVICE_ACCOUNT);
}

/* The shard the iterator points into; NULL after failing the call. */
static struct sc_store_shard *open_iterator(struct sc_call *call, struct sc_token *token,
                                            struct sc_store_stream **stream) {
  if (!sc_token_read(call->values[GET_ITERATOR].text, SC_TOKEN_ITERATOR, token)) {
    sc_call_fail(call, "InvalidArgumentException", "Invalid ShardIterator.");
    return NULL;
  }
  if (call->fault != NULL || sc_call_token_expired(call, token, SC_SERVICE_ITERATOR_MS)) {
    fail_expired(call, token);
    return NULL;
  }
  *stream = sc_store_find(call->store, sc_slice_str(token->stream));
  if (*stream == NULL || (*stream)->id != token->stream_id || token->shard >= (*stream)->n_shards) {
    fail_no_shard(call, token);
    return NULL;
  }
  struct sc_store_shard *shard = &(*stream)->shards[token->shard];
  if (sc_shard_is_expired(*stream, shard, call->now_ms)) {
    fail_no_shard(call, token);
    return NULL;
  }
  if (token->position <= sc_shardlog_count(shard->log)) return shard;
  sc_call_fail(call, "InvalidArgumentException", "Invalid ShardIterator.");
  return NULL;
}

/* As if the shard had just been split: its next two children, which nobody else hears of. */
static void add_false_children(struct sc_writer *w, const struct sc_store_stream *stream,
                               const struct sc_store_shard *shard) {
  struct sc_store_shard parent = *shard, children[2] = {*shard, *shard};
  struct sc_store_stream as_if = {.shards = children};
  for (uint32_t i = 0; i < 2; i++) {
    parent.child[i] = i;
    children[i].index = stream->n_shards + i;
    children[i].parent = shard->index;
    children[i].adjacent_parent = SC_STORE_NO_SHARD;
  }
  children[0].hash_end = shard->hash_start + (shard->hash_end - shard->hash_start) / 2;
  children[1].hash_start = children[0].hash_end + 1;
  sc_add_children(w, &as_if, &parent);
}

/* Cuts a page of the records that arrived within the span of time one call looks at; none when the next is further away. */
static void cut_page(struct sc_call *call, const struct sc_store_shard *shard, const struct sc_token *token,
                     uint64_t max_records, struct sc_logpage *page) {
  int64_t span_ms =
      call->settings->page_span_ms; /* the token is the client's: compared before anything is added to it */
  bool is_bounded = span_ms > 0 && token->time_ms > 0 && token->time_ms < call->now_ms - span_ms;
  int64_t until_ms = is_bounded ? token->time_ms + span_ms : call->now_ms;
  uint64_t end = is_bounded ? sc_shardlog_find_time(shard->log, until_ms + 1) : UINT64_MAX;
  if (end <= token->position) {
    *page = (struct sc_logpage){.first = token->position, .n_following = 1, .following_ms = until_ms};
    if (end == sc_shardlog_count(shard->log)) page->n_following = 0;
    return;
  }
  if (end - token->position < max_records) max_records = end - token->position;
  sc_shardlog_page(shard->log, call->reply->format, token->position, max_records, call->settings->page_bytes, page);
}

/* As far as a page has come. */
static int64_t reached_ms(const struct sc_logpage *page, int64_t now_ms) {
  if (page->n_following == 0) return now_ms;
  return page->count > 0 ? page->last_ms : page->following_ms;
}

/* What a reply says besides its records. */
struct rest {
  int64_t behind_ms;
  uint64_t next; /* of NextShardIterator */
  int64_t next_ms;
  bool has_iterator, has_children, has_false_children;
};

/* What is true, and as a fault would have it. */
static struct rest find_rest(struct sc_call *call, const struct sc_store_shard *shard) {
  const struct sc_logpage *page = &call->reply->content.page;
  bool is_end = shard->closed_ms != 0 && page->n_following == 0;
  struct rest rest = {.behind_ms = sc_logpage_behind_ms(page, call->now_ms),
                      .next = page->first + page->count,
                      .next_ms = reached_ms(page, call->now_ms),
                      .has_iterator = !is_end,
                      .has_children = is_end};
  struct sc_fault fault;
  unsigned at = (page->count > 0 ? SC_FAULT_AT_RECORDS : 0) | (page->n_following > 0 ? SC_FAULT_AT_BEHIND : 0) |
                (is_end ? SC_FAULT_AT_END : 0) | (shard->closed_ms == 0 ? SC_FAULT_AT_OPEN : 0);
  if (!sc_faults_take_page(call->faults, at, &fault)) return rest;
  sc_fault_bend(&fault, call->reply);
  if (fault.kind == SC_FAULT_BEHIND_ZERO) rest.behind_ms = 0;
  if (fault.kind == SC_FAULT_DUPLICATE) rest.next = page->first;
  if (fault.kind == SC_FAULT_DUPLICATE || fault.kind == SC_FAULT_END_LATE) rest.has_iterator = true;
  if (rest.has_iterator) rest.has_children = false;
  if (fault.kind == SC_FAULT_END_FALSELY) rest.has_iterator = false;
  rest.has_false_children = fault.kind == SC_FAULT_END_FALSELY && fault.children != 0;
  return rest;
}

static void add_rest(struct sc_writer *w, const struct sc_call *call, const struct sc_store_stream *stream,
                     const struct sc_store_shard *shard, const struct rest *rest) {
  sc_writer_int(w, "MillisBehindLatest", rest->behind_ms);
  if (rest->has_children) sc_add_children(w, stream, shard);
  if (rest->has_false_children) add_false_children(w, stream, shard);
  if (rest->has_iterator) add_iterator(w, "NextShardIterator", call, stream, shard->index, rest->next, rest->next_ms);
}

static void get_records(struct sc_call *call) {
  struct sc_token token;
  struct sc_store_stream *stream;
  struct sc_store_shard *shard = open_iterator(call, &token, &stream);
  if (shard == NULL || !sc_limits_check_read(call, stream, shard)) return;
  struct sc_reply *reply = call->reply;
  const struct sc_value *limit = &call->values[GET_LIMIT];
  sc_stream_trim(stream, shard, call->now_ms);
  cut_page(call, shard, &token, limit->is_set ? (uint64_t)limit->number : SC_SERVICE_PAGE_RECORDS,
           &reply->content.page);
  sc_limits_count_read(call, shard, reply->content.page.bytes);
  struct rest rest = find_rest(call, shard);
  sc_writer_open_map(&call->out, NULL);
  if (!call->settings->iterator_is_last) add_rest(&call->out, call, stream, shard, &rest);
  sc_writer_open_list(&call->out, "Records");
  struct sc_writer tail = sc_writer_on(&call->out, &reply->content.tail);
  sc_writer_close_list(&tail);
  if (call->settings->iterator_is_last) add_rest(&tail, call, stream, shard, &rest);
  sc_writer_close_map(&tail);
}

const struct sc_operation sc_read_operations[] = {
    {"GetShardIterator", ITERATOR, ITERATOR_MEMBERS, false, get_shard_iterator},
    {"GetRecords", GET, GET_MEMBERS, false, get_records},
};
const int sc_read_operations_n = sizeof sc_read_operations / sizeof *sc_read_operations;
