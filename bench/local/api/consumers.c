/* RegisterStreamConsumer, DescribeStreamConsumer, ListStreamConsumers, DeregisterStreamConsumer. */
#include <inttypes.h>

#include "bench/local/api/operation.h"
#include "engine/base/error.h"

#define MAX_CONSUMERS 20
#define MAX_COMMITTED_CONSUMERS 50
#define MAX_CREATING 5
#define LIST_DEFAULT 100

#define NAME_MEMBER(required) \
  { "ConsumerName", SC_MEMBER_TEXT, (required), 1, SC_STORE_MAX_NAME, SC_PATTERN_NAME, NULL, NULL, 0 }

static const char *status_text(enum sc_consumer_status status) {
  static const char *const texts[] = {"CREATING", "ACTIVE", "DELETING"};
  return texts[status];
}

void sc_add_consumer(struct sc_writer *w, const struct sc_call *call, const struct sc_store_stream *stream,
                     const struct sc_store_consumer *consumer) {
  struct sc_buf arn = SC_BUF_INIT;
  sc_buf_printf(&arn, "arn:aws:kinesis:%s:%s:stream/%s/consumer/%s:%" PRId64, call->settings->region,
                SC_SERVICE_ACCOUNT, stream->name, consumer->name, consumer->created_ms / 1000);
  sc_writer_str(w, "ConsumerName", consumer->name);
  sc_writer_text(w, "ConsumerARN", sc_buf_view(&arn));
  sc_writer_str(w, "ConsumerStatus", status_text(sc_consumer_status(consumer, call->now_ms)));
  sc_writer_time(w, "ConsumerCreationTimestamp", consumer->created_ms);
  sc_buf_fini(&arn);
}

bool sc_call_check_consumer(struct sc_call *call, const struct sc_store_stream *stream,
                            const struct sc_store_consumer *consumer) {
  if (sc_consumer_status(consumer, call->now_ms) == SC_CONSUMER_ACTIVE) return true;
  sc_call_fail(call, "ResourceInUseException",
               "Consumer %s with creation timestamp %" PRId64 " under stream: %s, account %s is not in ACTIVE status.",
               consumer->name, consumer->created_ms / 1000, stream->name, SC_SERVICE_ACCOUNT);
  return false;
}

struct sc_store_consumer *sc_call_consumer(struct sc_call *call, struct sc_slice text,
                                           struct sc_store_stream **stream) {
  struct sc_arn arn;
  struct sc_store_consumer *consumer = NULL;
  bool is_arn = sc_arn_read(text, &arn);
  SC_ASSERT(is_arn);
  *stream = sc_store_find(call->store, arn.stream);
  if (*stream != NULL) consumer = sc_stream_find_consumer(*stream, arn.consumer, call->now_ms);
  bool is_ours = sc_slice_is(arn.account, SC_SERVICE_ACCOUNT) && sc_slice_is(arn.region, call->settings->region);
  if (consumer != NULL && is_ours && consumer->created_ms / 1000 == arn.created_s) return consumer;
  sc_call_fail(call, "ResourceNotFoundException",
               "Consumer %.*s with creation timestamp %" PRId64 " under stream: %.*s, account %.*s not found.",
               SC_SLICE_ARGS(arn.consumer), arn.created_s, SC_SLICE_ARGS(arn.stream), SC_SLICE_ARGS(arn.account));
  return NULL;
}

/* --- RegisterStreamConsumer ---------------------------------------------------------------------------------------- */

enum { REGISTER_STREAM, REGISTER_NAME, REGISTER_TAGS, REGISTER_MEMBERS };

static const struct sc_member REGISTER[REGISTER_MEMBERS] = {SC_MEMBER_STREAM_ARN(true), NAME_MEMBER(true),
                                                            SC_MEMBER_TAGS(false)};

static uint32_t count_creating(const struct sc_store_stream *stream, int64_t now_ms) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < stream->n_consumers; i++)
    n += sc_consumer_status(stream->consumers[i], now_ms) == SC_CONSUMER_CREATING;
  return n;
}

static bool check_room(struct sc_call *call, const struct sc_store_stream *stream) {
  bool is_committed = stream->is_on_demand && sc_account_is_committed(sc_store_account(call->store), call->now_ms);
  uint32_t most = is_committed ? MAX_COMMITTED_CONSUMERS : MAX_CONSUMERS;
  if (sc_stream_count_consumers(stream, call->now_ms) >= most) {
    sc_call_fail(call, "LimitExceededException", "Stream %s under account %s has %u consumers already.", stream->name,
                 SC_SERVICE_ACCOUNT, most);
    return false;
  }
  if (count_creating(stream, call->now_ms) >= MAX_CREATING) {
    sc_call_fail(call, "LimitExceededException",
                 "Stream %s under account %s has %d consumers in CREATING status already.", stream->name,
                 SC_SERVICE_ACCOUNT, MAX_CREATING);
    return false;
  }
  return true;
}

static bool check_name(struct sc_call *call, const struct sc_store_stream *stream, struct sc_slice name) {
  if (sc_stream_find_consumer(stream, name, call->now_ms) == NULL) return true;
  sc_call_fail(call, "ResourceInUseException", "Consumer %.*s under stream: %s, account %s already exists.",
               SC_SLICE_ARGS(name), stream->name, SC_SERVICE_ACCOUNT);
  return false;
}

static void register_stream_consumer(struct sc_call *call) {
  const struct sc_value *v = call->values;
  struct sc_slice name = v[REGISTER_NAME].text;
  struct sc_store_stream *stream = sc_call_stream_of(call, v[REGISTER_STREAM].text);
  if (stream == NULL || !sc_call_check_active(call, stream)) return;
  if (!check_name(call, stream, name) || !check_room(call, stream)) return;
  if (!sc_call_check_tags(call, &v[REGISTER_TAGS], &(struct sc_tag_owner){"consumer", name, NULL})) return;
  struct sc_store_consumer *consumer = sc_store_register(call->store, stream, name, call->now_ms);
  sc_call_set_tags(&v[REGISTER_TAGS], &consumer->tags);
  sc_store_note_attributes(call->store, stream);
  struct sc_writer *w = &call->out;
  sc_writer_open_map(w, NULL);
  sc_writer_open_map(w, "Consumer");
  sc_add_consumer(w, call, stream, consumer);
  sc_writer_close_map(w);
  sc_writer_close_map(w);
}

/* --- DescribeStreamConsumer, DeregisterStreamConsumer ---------------------------------------------------------------- */

enum { ONE_STREAM, ONE_NAME, ONE_ARN, ONE_MEMBERS };

static const struct sc_member ONE[ONE_MEMBERS] = {SC_MEMBER_STREAM_ARN(false), NAME_MEMBER(false),
                                                  SC_MEMBER_CONSUMER_ARN(false)};

static struct sc_store_consumer *find_by_name(struct sc_call *call, struct sc_store_stream **stream) {
  struct sc_slice name = call->values[ONE_NAME].text;
  *stream = sc_call_stream_of(call, call->values[ONE_STREAM].text);
  if (*stream == NULL) return NULL;
  struct sc_store_consumer *consumer = sc_stream_find_consumer(*stream, name, call->now_ms);
  if (consumer == NULL)
    sc_call_fail(call, "ResourceNotFoundException", "Consumer %.*s under stream: %s, account %s not found.",
                 SC_SLICE_ARGS(name), (*stream)->name, SC_SERVICE_ACCOUNT);
  return consumer;
}

/* By its ARN, by stream and name, or by all three when they agree; NULL after failing the call. */
static struct sc_store_consumer *find_consumer(struct sc_call *call, struct sc_store_stream **stream) {
  const struct sc_value *v = call->values;
  bool has_both = v[ONE_STREAM].is_set && v[ONE_NAME].is_set;
  if (!v[ONE_ARN].is_set && has_both) return find_by_name(call, stream);
  if (!v[ONE_ARN].is_set || (!has_both && (v[ONE_STREAM].is_set || v[ONE_NAME].is_set))) {
    sc_call_fail(call, "InvalidArgumentException",
                 "Must specify either ConsumerARN, or both StreamARN and ConsumerName.");
    return NULL;
  }
  struct sc_store_consumer *consumer = sc_call_consumer(call, v[ONE_ARN].text, stream);
  if (consumer == NULL || !has_both) return consumer;
  struct sc_store_stream *named;
  struct sc_store_consumer *other = find_by_name(call, &named);
  if (other == NULL || other == consumer) return other;
  sc_call_fail(call, "InvalidArgumentException", "ConsumerARN and ConsumerName do not name the same consumer.");
  return NULL;
}

static void describe_stream_consumer(struct sc_call *call) {
  struct sc_store_stream *stream;
  struct sc_store_consumer *consumer = find_consumer(call, &stream);
  if (consumer == NULL) return;
  struct sc_writer *w = &call->out;
  sc_writer_open_map(w, NULL);
  sc_writer_open_map(w, "ConsumerDescription");
  sc_add_consumer(w, call, stream, consumer);
  sc_add_stream_arn(w, call, stream);
  sc_writer_close_map(w);
  sc_writer_close_map(w);
}

static void deregister_stream_consumer(struct sc_call *call) {
  struct sc_store_stream *stream;
  struct sc_store_consumer *consumer = find_consumer(call, &stream);
  if (consumer == NULL) return;
  sc_store_deregister(call->store, stream, consumer, call->now_ms);
  sc_store_note_attributes(call->store, stream);
}

/* --- ListStreamConsumers --------------------------------------------------------------------------------------------- */

enum { LIST_STREAM, LIST_TOKEN, LIST_MAX, LIST_CREATED, LIST_MEMBERS };

static const struct sc_member LIST[LIST_MEMBERS] = {
    SC_MEMBER_STREAM_ARN(true),
    SC_MEMBER_NEXT_TOKEN,
    {"MaxResults", SC_MEMBER_INTEGER, false, 1, 10000, SC_PATTERN_NONE, NULL, NULL, 0},
    {"StreamCreationTimestamp", SC_MEMBER_TIME, false, 0, 0, SC_PATTERN_NONE, NULL, NULL, 0}};

/* Reads from which id on to list; false after failing the call. */
static bool list_start(struct sc_call *call, const struct sc_store_stream *stream, uint64_t *after) {
  struct sc_token token;
  *after = 0;
  if (!call->values[LIST_TOKEN].is_set) return sc_call_check_created(call, stream, &call->values[LIST_CREATED]);
  if (call->values[LIST_CREATED].is_set) {
    sc_call_fail(call, "InvalidArgumentException",
                 "NextToken and StreamCreationTimestamp cannot be provided together.");
    return false;
  }
  if (!sc_token_read(call->values[LIST_TOKEN].text, SC_TOKEN_CONSUMERS, &token) || token.stream_id != stream->id) {
    sc_call_fail(call, "InvalidArgumentException", "NextToken is invalid.");
    return false;
  }
  if (sc_call_token_expired(call, &token, SC_SERVICE_TOKEN_MS)) {
    sc_call_fail(call, "ExpiredNextTokenException", "NextToken has expired.");
    return false;
  }
  *after = token.position;
  return true;
}

static void add_next_token(struct sc_call *call, const struct sc_store_stream *stream, uint64_t last) {
  char text[SC_TOKEN_TEXT];
  struct sc_token token = sc_call_token(call, SC_TOKEN_CONSUMERS, stream);
  token.position = last;
  sc_token_write(&token, text);
  sc_writer_str(&call->out, "NextToken", text);
}

static void list_stream_consumers(struct sc_call *call) {
  uint64_t after, last = 0;
  struct sc_store_stream *stream = sc_call_stream_of(call, call->values[LIST_STREAM].text);
  if (stream == NULL || !list_start(call, stream, &after)) return;
  const struct sc_value *max = &call->values[LIST_MAX];
  int64_t room = max->is_set ? max->number : LIST_DEFAULT;
  bool has_more = false;
  struct sc_writer *w = &call->out;
  sc_writer_open_map(w, NULL);
  sc_writer_open_list(w, "Consumers");
  for (uint32_t i = 0; i < stream->n_consumers && !has_more; i++) {
    const struct sc_store_consumer *consumer = stream->consumers[i];
    if (consumer->id <= after || sc_consumer_is_gone(consumer, call->now_ms)) continue;
    has_more = room-- == 0;
    if (has_more) break;
    sc_writer_open_map(w, NULL);
    sc_add_consumer(w, call, stream, consumer);
    sc_writer_close_map(w);
    last = consumer->id;
  }
  sc_writer_close_list(w);
  if (has_more) add_next_token(call, stream, last);
  sc_writer_close_map(w);
}

const struct sc_operation sc_consumer_operations[] = {
    {"RegisterStreamConsumer", REGISTER, REGISTER_MEMBERS, true, register_stream_consumer},
    {"DescribeStreamConsumer", ONE, ONE_MEMBERS, false, describe_stream_consumer},
    {"ListStreamConsumers", LIST, LIST_MEMBERS, false, list_stream_consumers},
    {"DeregisterStreamConsumer", ONE, ONE_MEMBERS, true, deregister_stream_consumer},
};
const int sc_consumer_operations_n = sizeof sc_consumer_operations / sizeof *sc_consumer_operations;
