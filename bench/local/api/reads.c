/* GetShardIterator, GetRecords. */
#include <inttypes.h>
#include <time.h>

#include "bench/local/api/limits.h"
#include "bench/local/api/start.h"
#include "bench/local/faults/faults.h"

/* ---- GetShardIterator ---- */

enum { ITERATOR_SHARD = SCL_VALUE_REST, ITERATOR_TYPE, ITERATOR_SEQUENCE, ITERATOR_TIME, ITERATOR_MEMBERS };

static const struct scl_member iterator_members[ITERATOR_MEMBERS] = {
    SCL_STREAM_MEMBERS,
    {"ShardId", SCL_MEMBER_TEXT, true, 1, 128, SCL_PATTERN_NAME, NULL, NULL, 0},
    {"ShardIteratorType", SCL_MEMBER_TEXT, true, 0, 0, SCL_PATTERN_NONE, SCL_START_TYPES, NULL, 0},
    {"StartingSequenceNumber", SCL_MEMBER_TEXT, false, 0, 0, SCL_PATTERN_SEQUENCE, NULL, NULL, 0},
    {"Timestamp", SCL_MEMBER_TIME, false, 0, 0, SCL_PATTERN_NONE, NULL, NULL, 0}};

static void add_iterator(struct scl_writer *w, const char *name, const struct scl_call *call,
                         const struct scl_store_stream *stream, uint32_t shard, uint64_t position, int64_t time_ms) {
  char text[SCL_TOKEN_TEXT];
  struct scl_token token = scl_call_token(call, SCL_TOKEN_ITERATOR, stream);
  token.shard = shard;
  token.position = position;
  token.time_ms = time_ms;
  scl_token_write(&token, text);
  scl_writer_str(w, name, text);
}

/* The time at which reading begins; 0 when it begins at a sequence number. A timestamp before the trim horizon, or
 * before the shard was created, means TRIM_HORIZON (API Reference, GetShardIterator). */
static int64_t start_ms(const struct scl_call *call, const struct scl_store_stream *stream,
                        const struct scl_store_shard *shard) {
  struct sc_slice type = call->values[ITERATOR_TYPE].text;
  int64_t horizon_ms = scl_stream_horizon_ms(stream, call->now_ms), timestamp_ms = call->values[ITERATOR_TIME].number;
  if (horizon_ms < shard->created_ms) horizon_ms = shard->created_ms;
  if (sc_slice_is(type, "LATEST")) return call->now_ms;
  if (sc_slice_is(type, "TRIM_HORIZON")) return horizon_ms;
  if (!sc_slice_is(type, "AT_TIMESTAMP")) return 0;
  return timestamp_ms > horizon_ms ? timestamp_ms : horizon_ms;
}

static void get_shard_iterator(struct scl_call *call) {
  const struct scl_value *v = call->values;
  uint64_t position;
  struct scl_store_stream *stream = scl_call_ready_stream(call);
  if (stream == NULL) return;
  struct scl_store_shard *shard = scl_call_shard(call, stream, v[ITERATOR_SHARD].text);
  if (shard == NULL || !scl_limits_check_iterator(call, stream, shard)) return;
  struct scl_start start = {"GetShardIterator", v[ITERATOR_TYPE].text, &v[ITERATOR_SEQUENCE], &v[ITERATOR_TIME]};
  if (!scl_call_start(call, &start, stream, shard, &position)) return;
  scl_writer_open_map(&call->out, NULL);
  add_iterator(&call->out, "ShardIterator", call, stream, shard->index, position, start_ms(call, stream, shard));
  scl_writer_close_map(&call->out);
}

/* ---- GetRecords ---- */

enum { GET_ITERATOR, GET_LIMIT, GET_ARN, GET_STREAM_ID, GET_MEMBERS };

static const struct scl_member get_members[GET_MEMBERS] = {
    {"ShardIterator", SCL_MEMBER_TEXT, true, 1, 512, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"Limit", SCL_MEMBER_INTEGER, false, 1, SCL_SERVICE_PAGE_RECORDS, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"StreamARN", SCL_MEMBER_TEXT, false, 1, 2048, SCL_PATTERN_STREAM_ARN, NULL, NULL, 0},
    {"StreamId", SCL_MEMBER_TEXT, false, 1, 24, SCL_PATTERN_NONE, NULL, NULL, 0}};

/* "Thu Jan 22 01:22:02 UTC 2015", as the service writes times in its errors. */
static void format_time(int64_t ms, char out[40]) {
  time_t seconds = (time_t)(ms / 1000);
  struct tm utc;
  out[0] = '\0';
  if (gmtime_r(&seconds, &utc) != NULL) strftime(out, 40, "%a %b %d %H:%M:%S UTC %Y", &utc);
}

static void fail_expired(struct scl_call *call, const struct scl_token *token) {
  char then[40], now[40];
  format_time(token->issued_ms, then);
  format_time(call->now_ms, now);
  scl_call_fail(
      call, "ExpiredIteratorException",
      "Iterator expired. The iterator was created at time %s while right now it is %s which is further in the "
      "future than the tolerated delay of %d milliseconds.",
      then, now, SCL_SERVICE_ITERATOR_MS);
}

static void fail_no_shard(struct scl_call *call, const struct scl_token *token) {
  scl_call_fail(call, "ResourceNotFoundException",
                "Shard shardId-%012" PRIu32 " in stream %s under account %s does not exist", token->shard,
                token->stream, SCL_SERVICE_ACCOUNT);
}

/* The shard of the iterator; NULL after failing the call. */
static struct scl_store_shard *open_iterator(struct scl_call *call, struct scl_token *token,
                                             struct scl_store_stream **stream) {
  if (!scl_token_read(call->values[GET_ITERATOR].text, SCL_TOKEN_ITERATOR, token)) {
    scl_call_fail(call, "InvalidArgumentException", "Invalid ShardIterator.");
    return NULL;
  }
  if (call->fault != NULL || scl_call_token_expired(call, token, SCL_SERVICE_ITERATOR_MS)) {
    fail_expired(call, token);
    return NULL;
  }
  *stream = scl_store_find(call->store, sc_slice_str(token->stream));
  if (*stream == NULL || (*stream)->id != token->stream_id || token->shard >= (*stream)->n_shards) {
    fail_no_shard(call, token);
    return NULL;
  }
  struct scl_store_shard *shard = &(*stream)->shards[token->shard];
  if (scl_shard_is_expired(*stream, shard, call->now_ms)) {
    fail_no_shard(call, token);
    return NULL;
  }
  if (token->position <= scl_shardlog_count(shard->log)) return shard;
  scl_call_fail(call, "InvalidArgumentException", "Invalid ShardIterator.");
  return NULL;
}

/* Writes children that do not exist, as if the shard had just been split. */
static void add_false_children(struct scl_writer *w, const struct scl_store_stream *stream,
                               const struct scl_store_shard *shard) {
  struct scl_store_shard parent = *shard, children[2] = {*shard, *shard};
  struct scl_store_stream as_if = {.shards = children};
  for (uint32_t i = 0; i < 2; i++) {
    parent.child[i] = i;
    children[i].index = stream->n_shards + i;
    children[i].parent = shard->index;
    children[i].adjacent_parent = SCL_STORE_NO_SHARD;
  }
  children[0].hash_end = shard->hash_start + (shard->hash_end - shard->hash_start) / 2;
  children[1].hash_start = children[0].hash_end + 1;
  scl_add_children(w, &as_if, &parent);
}

/* Cuts a page of the records that arrived within the span of time that one call looks at. The page is empty when the
 * next record lies beyond the span. */
static void cut_page(struct scl_call *call, const struct scl_store_shard *shard, const struct scl_token *token,
                     uint64_t max_records, struct scl_logpage *page) {
  /* The time in the token comes from the client: it is compared before anything is added to it. */
  int64_t span_ms = call->settings->page_span_ms;
  bool is_bounded = span_ms > 0 && token->time_ms > 0 && token->time_ms < call->now_ms - span_ms;
  int64_t until_ms = is_bounded ? token->time_ms + span_ms : call->now_ms;
  uint64_t end = is_bounded ? scl_shardlog_find_time(shard->log, until_ms + 1) : UINT64_MAX;
  if (end <= token->position) {
    *page = (struct scl_logpage){.first = token->position, .n_following = 1, .following_ms = until_ms};
    if (end == scl_shardlog_count(shard->log)) page->n_following = 0;
    return;
  }
  if (end - token->position < max_records) max_records = end - token->position;
  scl_shardlog_page(shard->log, call->reply->format, token->position, max_records, call->settings->page_bytes, page);
}

/* The time that reading has reached with this page. */
static int64_t reached_ms(const struct scl_logpage *page, int64_t now_ms) {
  if (page->n_following == 0) return now_ms;
  return page->count > 0 ? page->last_ms : page->following_ms;
}

/* The reply without its records. */
struct rest {
  int64_t behind_ms;
  uint64_t next; /* of NextShardIterator */
  int64_t next_ms;
  bool has_iterator, has_children, has_false_children;
};

/* Fills it with what is true, then changes it if a fault applies. */
static struct rest find_rest(struct scl_call *call, const struct scl_store_shard *shard) {
  const struct scl_logpage *page = &call->reply->content.page;
  bool is_end = shard->closed_ms != 0 && page->n_following == 0;
  struct rest rest = {.behind_ms = scl_logpage_behind_ms(page, call->now_ms),
                      .next = page->first + page->count,
                      .next_ms = reached_ms(page, call->now_ms),
                      .has_iterator = !is_end,
                      .has_children = is_end};
  struct scl_fault fault;
  unsigned at = (page->count > 0 ? SCL_FAULT_AT_RECORDS : 0) | (page->n_following > 0 ? SCL_FAULT_AT_BEHIND : 0) |
                (is_end ? SCL_FAULT_AT_END : 0) | (shard->closed_ms == 0 ? SCL_FAULT_AT_OPEN : 0);
  if (!scl_faults_take_page(call->faults, at, &fault)) return rest;
  scl_fault_apply(&fault, call->reply);
  if (fault.kind == SCL_FAULT_BEHIND_ZERO) rest.behind_ms = 0;
  if (fault.kind == SCL_FAULT_DUPLICATE) rest.next = page->first;
  if (fault.kind == SCL_FAULT_DUPLICATE || fault.kind == SCL_FAULT_END_LATE) rest.has_iterator = true;
  if (rest.has_iterator) rest.has_children = false;
  if (fault.kind == SCL_FAULT_END_FALSELY) rest.has_iterator = false;
  rest.has_false_children = fault.kind == SCL_FAULT_END_FALSELY && fault.children != 0;
  return rest;
}

static void add_rest(struct scl_writer *w, const struct scl_call *call, const struct scl_store_stream *stream,
                     const struct scl_store_shard *shard, const struct rest *rest) {
  scl_writer_int(w, "MillisBehindLatest", rest->behind_ms);
  if (rest->has_children) scl_add_children(w, stream, shard);
  if (rest->has_false_children) add_false_children(w, stream, shard);
  if (rest->has_iterator) add_iterator(w, "NextShardIterator", call, stream, shard->index, rest->next, rest->next_ms);
}

static void get_records(struct scl_call *call) {
  struct scl_token token;
  struct scl_store_stream *stream;
  struct scl_store_shard *shard = open_iterator(call, &token, &stream);
  if (shard == NULL || !scl_limits_check_read(call, stream, shard)) return;
  struct scl_reply *reply = call->reply;
  const struct scl_value *limit = &call->values[GET_LIMIT];
  scl_stream_trim(stream, shard, call->now_ms);
  cut_page(call, shard, &token, limit->is_set ? (uint64_t)limit->number : SCL_SERVICE_PAGE_RECORDS,
           &reply->content.page);
  scl_limits_count_read(call, shard, reply->content.page.bytes);
  struct rest rest = find_rest(call, shard);
  scl_writer_open_map(&call->out, NULL);
  if (!call->settings->iterator_is_last) add_rest(&call->out, call, stream, shard, &rest);
  scl_writer_open_list(&call->out, "Records");
  struct scl_writer tail = scl_writer_on(&call->out, &reply->content.tail);
  scl_writer_close_list(&tail);
  if (call->settings->iterator_is_last) add_rest(&tail, call, stream, shard, &rest);
  scl_writer_close_map(&tail);
}

const struct scl_operation scl_read_operations[] = {
    {"GetShardIterator", iterator_members, ITERATOR_MEMBERS, false, get_shard_iterator},
    {"GetRecords", get_members, GET_MEMBERS, false, get_records},
};
const int scl_read_operations_n = sizeof(scl_read_operations) / sizeof(*scl_read_operations);
