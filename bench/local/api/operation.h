/* What the service and its operations share: a table entry an operation, a call with its values and reply.
 *
 * The modules streams, shards, records, reads, consumers and others each hand out a table; the service looks operations
 * up, reads the body by the members, takes the store's lock as the entry says and runs the call.
 */
#ifndef SCL_API_OPERATION_H
#define SCL_API_OPERATION_H

#include "bench/local/api/arn.h"
#include "bench/local/api/members.h"
#include "bench/local/api/settings.h"
#include "bench/local/api/token.h"
#include "bench/local/base/writer.h"
#include "bench/local/http/exchange.h"
#include "bench/local/store/store.h"

struct scl_subscriptions;
struct scl_fault;
struct scl_faults;

struct scl_call {
  const struct scl_service_settings *settings;
  struct scl_store *store;
  struct scl_subscriptions *subscriptions;
  uint32_t generation; /* of tokens */
  int64_t now_ms;
  const struct scl_value *values; /* as the operation's members */
  const struct scl_fault *fault;  /* of a kind that is this operation's own (ENTRIES, EXPIRE_ITERATOR), else NULL */
  struct scl_faults *faults;      /* for what is found out while it runs */
  struct scl_reply *reply;
  struct scl_writer out; /* the reply's head */
};

struct scl_operation {
  const char *name;
  const struct scl_member *members;
  int n_members;
  bool writes; /* needs the store's lock for writing; putting records does not */
  void (*run)(struct scl_call *call);
};

extern const struct scl_operation scl_stream_operations[];
extern const int scl_stream_operations_n;
extern const struct scl_operation scl_shard_operations[];
extern const int scl_shard_operations_n;
extern const struct scl_operation scl_record_operations[];
extern const int scl_record_operations_n;
extern const struct scl_operation scl_read_operations[];
extern const int scl_read_operations_n;
extern const struct scl_operation scl_consumer_operations[];
extern const int scl_consumer_operations_n;
extern const struct scl_operation scl_tag_operations[];
extern const int scl_tag_operations_n;
extern const struct scl_operation scl_subscribe_operations[];
extern const int scl_subscribe_operations_n;
extern const struct scl_operation scl_attribute_operations[];
extern const int scl_attribute_operations_n;
extern const struct scl_operation scl_policy_operations[];
extern const int scl_policy_operations_n;
extern const struct scl_operation scl_account_operations[];
extern const int scl_account_operations_n;

/* The members by which nearly every operation names its stream; the first three of its table. StreamId is reserved by
 * the service and ignored. */
enum { SCL_VALUE_STREAM_NAME, SCL_VALUE_STREAM_ARN, SCL_VALUE_STREAM_ID, SCL_VALUE_REST };
#define SCL_STREAM_MEMBERS                                                                        \
  {"StreamName", SCL_MEMBER_TEXT, false, 1, SCL_STORE_MAX_NAME, SCL_PATTERN_NAME, NULL, NULL, 0}, \
      {"StreamARN", SCL_MEMBER_TEXT, false, 1, 2048, SCL_PATTERN_STREAM_ARN, NULL, NULL, 0}, {    \
    "StreamId", SCL_MEMBER_TEXT, false, 1, 24, SCL_PATTERN_NONE, NULL, NULL, 0                    \
  }

/* Members that several operations have. */
#define SCL_MEMBER_STREAM_ARN(required) \
  { "StreamARN", SCL_MEMBER_TEXT, (required), 1, 2048, SCL_PATTERN_STREAM_ARN, NULL, NULL, 0 }
#define SCL_MEMBER_CONSUMER_ARN(required) \
  { "ConsumerARN", SCL_MEMBER_TEXT, (required), 1, 2048, SCL_PATTERN_CONSUMER_ARN, NULL, NULL, 0 }
#define SCL_MEMBER_RESOURCE_ARN \
  { "ResourceARN", SCL_MEMBER_TEXT, true, 1, 2048, SCL_PATTERN_RESOURCE_ARN, NULL, NULL, 0 }
#define SCL_MEMBER_NEXT_TOKEN \
  { "NextToken", SCL_MEMBER_TEXT, false, 1, 1048576, SCL_PATTERN_NONE, NULL, NULL, 0 }
#define SCL_MEMBER_TAGS(required) \
  { "Tags", SCL_MEMBER_MAP, (required), 1, 200, SCL_PATTERN_NONE, NULL, scl_tag_members, 2 }
extern const struct scl_member scl_tag_members[2]; /* key, value */
#define SCL_MEMBER_MODE(required) \
  { "StreamModeDetails", SCL_MEMBER_STRUCTURE, (required), 0, 0, SCL_PATTERN_NONE, NULL, scl_mode_members, 1 }
extern const struct scl_member scl_mode_members[1];
#define SCL_MEMBER_WARM(required) \
  { "WarmThroughputMiBps", SCL_MEMBER_INTEGER, (required), 0, INT32_MAX, SCL_PATTERN_NONE, NULL, NULL, 0 }
#define SCL_MEMBER_RECORD_KIB(required) \
  { "MaxRecordSizeInKiB", SCL_MEMBER_INTEGER, (required), 1024, 10240, SCL_PATTERN_NONE, NULL, NULL, 0 }

/* Turns the reply into an error: status 400, {"__type": type, "message": text}. */
void scl_call_fail(struct scl_call *call, const char *type, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The stream's name, from StreamName or StreamARN; empty after failing the call when neither is there or they
 * differ. */
struct sc_slice scl_call_stream_name(struct scl_call *call);
/* The stream the call names; NULL after failing it. */
struct scl_store_stream *scl_call_stream(struct scl_call *call);
/* The stream of that ARN; NULL after failing the call. */
struct scl_store_stream *scl_call_stream_of(struct scl_call *call, struct sc_slice arn);
/* As scl_call_stream, and not CREATING (the service says then that it does not exist). */
struct scl_store_stream *scl_call_ready_stream(struct scl_call *call);
/* Fails the call with ResourceInUseException unless the stream is ACTIVE. */
bool scl_call_check_active(struct scl_call *call, const struct scl_store_stream *stream);
/* The shard of that id; NULL after failing the call with ResourceNotFoundException. */
struct scl_store_shard *scl_call_shard(struct scl_call *call, struct scl_store_stream *stream, struct sc_slice id);

/* The consumer of that ARN, and its stream; NULL after failing the call with ResourceNotFoundException: for another
 * account or region too, and when the consumer was registered at another second. */
struct scl_store_consumer *scl_call_consumer(struct scl_call *call, struct sc_slice arn,
                                             struct scl_store_stream **stream);
/* Fails the call with ResourceInUseException unless the consumer is ACTIVE. */
bool scl_call_check_consumer(struct scl_call *call, const struct scl_store_stream *stream,
                             const struct scl_store_consumer *consumer);

/* A stream or a consumer, by its ARN. */
struct scl_resource {
  struct scl_store_stream *stream;
  struct scl_store_consumer *consumer; /* NULL: the stream itself */
};
/* False after failing the call. */
bool scl_call_resource(struct scl_call *call, struct sc_slice arn, struct scl_resource *resource);

/* Fails the call with ResourceNotFoundException when a StreamCreationTimestamp is given and is not this stream's. */
bool scl_call_check_created(struct scl_call *call, const struct scl_store_stream *stream,
                            const struct scl_value *created);

/* Whether StreamModeDetails say ON_DEMAND. */
bool scl_mode_is_on_demand(const struct scl_value *mode);
/* Fails the call with ValidationException when WarmThroughputMiBps is given and is not for such a stream, or
 * LimitExceededException when it is beyond what one may have. */
bool scl_call_check_warm(struct scl_call *call, const struct scl_value *warm, bool is_on_demand);
/* Whether the account pays for a minimum, and so may have warm throughput and more consumers. */
bool scl_account_is_committed(const struct scl_store_account *account, int64_t now_ms);

/* Who tags are for, as errors name it, and the tags it has already. */
struct scl_tag_owner {
  const char *kind; /* "stream", "consumer" */
  struct sc_slice name;
  const struct scl_tagset *tags; /* NULL: none yet */
};
/* Fails the call with InvalidArgumentException when the tags hold characters the service refuses, or are too many. */
bool scl_call_check_tags(struct scl_call *call, const struct scl_value *tags, const struct scl_tag_owner *owner);
void scl_call_set_tags(const struct scl_value *tags, struct scl_tagset *set);

/* "shardId-000000000007", or just digits; false on anything else. */
bool scl_shard_id_parse(struct sc_slice id, uint32_t *index);
void scl_add_shard_id(struct scl_writer *w, const char *name, uint32_t index);
void scl_add_stream_arn(struct scl_writer *w, const struct scl_call *call, const struct scl_store_stream *stream);
void scl_add_shard(struct scl_writer *w, const struct scl_store_shard *shard);      /* a Shard, as an element */
void scl_add_hash_range(struct scl_writer *w, const struct scl_store_shard *shard); /* HashKeyRange */
/* ChildShards, of a closed shard. */
void scl_add_children(struct scl_writer *w, const struct scl_store_stream *stream, const struct scl_store_shard *shard);
const char *scl_stream_status_text(enum scl_stream_status status);
void scl_add_metrics(struct scl_writer *w, const char *name, uint32_t metrics); /* a list of names */
/* The members of a Consumer, in the map that is open. */
void scl_add_consumer(struct scl_writer *w, const struct scl_call *call, const struct scl_store_stream *stream,
                      const struct scl_store_consumer *consumer);

/* A token of the stream, issued now. */
struct scl_token scl_call_token(const struct scl_call *call, enum scl_token_kind kind,
                                const struct scl_store_stream *stream);
bool scl_call_token_expired(const struct scl_call *call, const struct scl_token *token, int64_t life_ms);

#endif
