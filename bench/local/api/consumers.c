/* RegisterStreamConsumer, DescribeStreamConsumer, ListStreamConsumers, DeregisterStreamConsumer. */
#include "bench/local/api/operation.h"

#define MAX_CONSUMERS 20
#define MAX_COMMITTED_CONSUMERS 50
#define MAX_CREATING 5
#define LIST_DEFAULT 100

#define NAME_MEMBER(required) \
  { "ConsumerName", SCL_MEMBER_TEXT, (required), 1, SCL_STORE_MAX_NAME, SCL_PATTERN_NAME, NULL, NULL, 0 }

/* ---- RegisterStreamConsumer ---- */

enum { REGISTER_STREAM, REGISTER_NAME, REGISTER_TAGS, REGISTER_MEMBERS };

static const struct scl_member register_members[REGISTER_MEMBERS] = {SCL_MEMBER_STREAM_ARN(true), NAME_MEMBER(true),
                                                                     SCL_MEMBER_TAGS(false)};

static uint32_t count_creating(const struct scl_store_stream *stream, int64_t now_ms) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < stream->n_consumers; i++)
    n += scl_consumer_status(stream->consumers[i], now_ms) == SCL_CONSUMER_CREATING;
  return n;
}

static bool check_room(struct scl_call *call, const struct scl_store_stream *stream) {
  bool is_committed = stream->is_on_demand && scl_account_is_committed(scl_store_account(call->store), call->now_ms);
  uint32_t most = is_committed ? MAX_COMMITTED_CONSUMERS : MAX_CONSUMERS;
  if (scl_stream_count_consumers(stream, call->now_ms) >= most) {
    scl_call_fail(call, "LimitExceededException", "Stream %s under account %s has %u consumers already.", stream->name,
                  SCL_SERVICE_ACCOUNT, most);
    return false;
  }
  if (count_creating(stream, call->now_ms) >= MAX_CREATING) {
    scl_call_fail(call, "LimitExceededException",
                  "Stream %s under account %s has %d consumers in CREATING status already.", stream->name,
                  SCL_SERVICE_ACCOUNT, MAX_CREATING);
    return false;
  }
  return true;
}

static bool check_name(struct scl_call *call, const struct scl_store_stream *stream, struct sc_slice name) {
  if (scl_stream_find_consumer(stream, name, call->now_ms) == NULL) return true;
  scl_call_fail(call, "ResourceInUseException", "Consumer %.*s under stream: %s, account %s already exists.",
                SC_SLICE_ARGS(name), stream->name, SCL_SERVICE_ACCOUNT);
  return false;
}

static void register_stream_consumer(struct scl_call *call) {
  const struct scl_value *v = call->values;
  struct sc_slice name = v[REGISTER_NAME].text;
  struct scl_store_stream *stream = scl_call_stream_of(call, v[REGISTER_STREAM].text);
  if (stream == NULL || !scl_call_check_active(call, stream)) return;
  if (!check_name(call, stream, name) || !check_room(call, stream)) return;
  if (!scl_call_check_tags(call, &v[REGISTER_TAGS], &(struct scl_tag_owner){"consumer", name, NULL})) return;
  struct scl_store_consumer *consumer = scl_store_register(call->store, stream, name, call->now_ms);
  scl_call_set_tags(&v[REGISTER_TAGS], &consumer->tags);
  scl_store_note_attributes(call->store, stream);
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_open_map(w, "Consumer");
  scl_add_consumer(w, call, stream, consumer);
  scl_writer_close_map(w);
  scl_writer_close_map(w);
}

/* ---- DescribeStreamConsumer, DeregisterStreamConsumer ---- */

enum { ONE_STREAM, ONE_NAME, ONE_ARN, ONE_MEMBERS };

static const struct scl_member one_members[ONE_MEMBERS] = {SCL_MEMBER_STREAM_ARN(false), NAME_MEMBER(false),
                                                           SCL_MEMBER_CONSUMER_ARN(false)};

static struct scl_store_consumer *find_by_name(struct scl_call *call, struct scl_store_stream **stream) {
  struct sc_slice name = call->values[ONE_NAME].text;
  *stream = scl_call_stream_of(call, call->values[ONE_STREAM].text);
  if (*stream == NULL) return NULL;
  struct scl_store_consumer *consumer = scl_stream_find_consumer(*stream, name, call->now_ms);
  if (consumer == NULL)
    scl_call_fail(call, "ResourceNotFoundException", "Consumer %.*s under stream: %s, account %s not found.",
                  SC_SLICE_ARGS(name), (*stream)->name, SCL_SERVICE_ACCOUNT);
  return consumer;
}

/* By its ARN, by stream and name, or by all three when they agree; NULL after failing the call. */
static struct scl_store_consumer *find_consumer(struct scl_call *call, struct scl_store_stream **stream) {
  const struct scl_value *v = call->values;
  bool has_both = v[ONE_STREAM].is_set && v[ONE_NAME].is_set;
  if (!v[ONE_ARN].is_set && has_both) return find_by_name(call, stream);
  if (!v[ONE_ARN].is_set || (!has_both && (v[ONE_STREAM].is_set || v[ONE_NAME].is_set))) {
    scl_call_fail(call, "InvalidArgumentException",
                  "Must specify either ConsumerARN, or both StreamARN and ConsumerName.");
    return NULL;
  }
  struct scl_store_consumer *consumer = scl_call_consumer(call, v[ONE_ARN].text, stream);
  if (consumer == NULL || !has_both) return consumer;
  struct scl_store_stream *named;
  struct scl_store_consumer *other = find_by_name(call, &named);
  if (other == NULL || other == consumer) return other;
  scl_call_fail(call, "InvalidArgumentException", "ConsumerARN and ConsumerName do not name the same consumer.");
  return NULL;
}

static void describe_stream_consumer(struct scl_call *call) {
  struct scl_store_stream *stream;
  struct scl_store_consumer *consumer = find_consumer(call, &stream);
  if (consumer == NULL) return;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_open_map(w, "ConsumerDescription");
  scl_add_consumer(w, call, stream, consumer);
  scl_add_stream_arn(w, call, stream);
  scl_writer_close_map(w);
  scl_writer_close_map(w);
}

static void deregister_stream_consumer(struct scl_call *call) {
  struct scl_store_stream *stream;
  struct scl_store_consumer *consumer = find_consumer(call, &stream);
  if (consumer == NULL) return;
  scl_store_deregister(call->store, stream, consumer, call->now_ms);
  scl_store_note_attributes(call->store, stream);
}

/* ---- ListStreamConsumers ---- */

enum { LIST_STREAM, LIST_TOKEN, LIST_MAX, LIST_CREATED, LIST_MEMBERS };

static const struct scl_member list_members[LIST_MEMBERS] = {
    SCL_MEMBER_STREAM_ARN(true),
    SCL_MEMBER_NEXT_TOKEN,
    {"MaxResults", SCL_MEMBER_INTEGER, false, 1, 10000, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"StreamCreationTimestamp", SCL_MEMBER_TIME, false, 0, 0, SCL_PATTERN_NONE, NULL, NULL, 0}};

/* Reads the id after which the list begins; false after failing the call. */
static bool list_start(struct scl_call *call, const struct scl_store_stream *stream, uint64_t *after) {
  struct scl_token token;
  *after = 0;
  if (!call->values[LIST_TOKEN].is_set) return scl_call_check_created(call, stream, &call->values[LIST_CREATED]);
  if (call->values[LIST_CREATED].is_set) {
    scl_call_fail(call, "InvalidArgumentException",
                  "NextToken and StreamCreationTimestamp cannot be provided together.");
    return false;
  }
  if (!scl_token_read(call->values[LIST_TOKEN].text, SCL_TOKEN_CONSUMERS, &token) || token.stream_id != stream->id) {
    scl_call_fail(call, "InvalidArgumentException", "NextToken is invalid.");
    return false;
  }
  if (scl_call_token_expired(call, &token, SCL_SERVICE_TOKEN_MS)) {
    scl_call_fail(call, "ExpiredNextTokenException", "NextToken has expired.");
    return false;
  }
  *after = token.position;
  return true;
}

static void add_next_token(struct scl_call *call, const struct scl_store_stream *stream, uint64_t last) {
  char text[SCL_TOKEN_TEXT];
  struct scl_token token = scl_call_token(call, SCL_TOKEN_CONSUMERS, stream);
  token.position = last;
  scl_token_write(&token, text);
  scl_writer_str(&call->out, "NextToken", text);
}

static void list_stream_consumers(struct scl_call *call) {
  uint64_t after, last = 0;
  struct scl_store_stream *stream = scl_call_stream_of(call, call->values[LIST_STREAM].text);
  if (stream == NULL || !list_start(call, stream, &after)) return;
  const struct scl_value *max = &call->values[LIST_MAX];
  int64_t room = max->is_set ? max->number : LIST_DEFAULT;
  bool has_more = false;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_open_list(w, "Consumers");
  for (uint32_t i = 0; i < stream->n_consumers && !has_more; i++) {
    const struct scl_store_consumer *consumer = stream->consumers[i];
    if (consumer->id <= after || scl_consumer_is_gone(consumer, call->now_ms)) continue;
    has_more = room-- == 0;
    if (has_more) break;
    scl_writer_open_map(w, NULL);
    scl_add_consumer(w, call, stream, consumer);
    scl_writer_close_map(w);
    last = consumer->id;
  }
  scl_writer_close_list(w);
  if (has_more) add_next_token(call, stream, last);
  scl_writer_close_map(w);
}

const struct scl_operation scl_consumer_operations[] = {
    {"RegisterStreamConsumer", register_members, REGISTER_MEMBERS, true, register_stream_consumer},
    {"DescribeStreamConsumer", one_members, ONE_MEMBERS, false, describe_stream_consumer},
    {"ListStreamConsumers", list_members, LIST_MEMBERS, false, list_stream_consumers},
    {"DeregisterStreamConsumer", one_members, ONE_MEMBERS, true, deregister_stream_consumer},
};
const int scl_consumer_operations_n = sizeof(scl_consumer_operations) / sizeof(*scl_consumer_operations);
