/* What the service and its operations share: a table entry per operation; a call with its values and its reply.
 *
 * Each module of operations (streams, shards, records, reads, consumers and others) has a table of them. The service
 * looks the operation up, reads the body by its members, takes the store's lock as the entry says, and runs the call.
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
  const struct scl_value *values; /* in the order of the operation's members */
  const struct scl_fault *fault;  /* of a kind that the operation applies itself (ENTRIES, EXPIRE_ITERATOR), or NULL */
  struct scl_faults *faults;      /* for faults that depend on the reply */
  struct scl_reply *reply;
  struct scl_writer out; /* writes the head of the reply's content */
};

struct scl_operation {
  const char *name;
  const struct scl_member *members;
  int n_members;
  bool writes; /* needs the store's lock for writing; putting records needs it for reading only */
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

/* The members by which nearly every operation names its stream: the first three of its table. StreamId is ignored. */
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

/* The stream's name, from StreamName or StreamARN. Empty after failing the call, when neither is given or they differ.
 */
struct sc_slice scl_call_stream_name(struct scl_call *call);
/* The stream the call names; NULL after failing it. */
struct scl_store_stream *scl_call_stream(struct scl_call *call);
/* The stream of that ARN; NULL after failing the call. */
struct scl_store_stream *scl_call_stream_of(struct scl_call *call, struct sc_slice arn);
/* As scl_call_stream, but a stream that is CREATING is not found. */
struct scl_store_stream *scl_call_ready_stream(struct scl_call *call);
/* Fails the call with ResourceInUseException unless the stream is ACTIVE. */
bool scl_call_check_active(struct scl_call *call, const struct scl_store_stream *stream);
/* The shard of that id; NULL after failing the call with ResourceNotFoundException. */
struct scl_store_shard *scl_call_shard(struct scl_call *call, struct scl_store_stream *stream, struct sc_slice id);

/* The consumer of that ARN, and its stream. NULL after failing the call with ResourceNotFoundException, also for
 * another account or region, and when a consumer of that name was registered at another second. */
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

/* Fails the call with ResourceNotFoundException when a StreamCreationTimestamp is given that is not the stream's. */
bool scl_call_check_created(struct scl_call *call, const struct scl_store_stream *stream,
                            const struct scl_value *created);

/* Whether StreamModeDetails say ON_DEMAND. */
bool scl_mode_is_on_demand(const struct scl_value *mode);
/* Fails the call when WarmThroughputMiBps is given: with ValidationException when the stream cannot have it, with
 * LimitExceededException when it is too high. */
bool scl_call_check_warm(struct scl_call *call, const struct scl_value *warm, bool is_on_demand);
/* Whether MinimumThroughputBillingCommitment is on, which allows warm throughput and more consumers. */
bool scl_account_is_committed(const struct scl_store_account *account, int64_t now_ms);

/* The resource that tags are for, as errors name it, and the tags that it has already. */
struct scl_tag_owner {
  const char *kind; /* "stream", "consumer" */
  struct sc_slice name;
  const struct scl_tagset *tags; /* NULL: none yet */
};
/* Fails the call with InvalidArgumentException when a tag has a character that the service refuses, or there are too
 * many. */
bool scl_call_check_tags(struct scl_call *call, const struct scl_value *tags, const struct scl_tag_owner *owner);
void scl_call_set_tags(const struct scl_value *tags, struct scl_tagset *set);

/* "shardId-000000000007", or just digits; false on anything else. */
bool scl_shard_id_parse(struct sc_slice id, uint32_t *index);
void scl_add_shard_id(struct scl_writer *w, const char *name, uint32_t index);
void scl_add_stream_arn(struct scl_writer *w, const struct scl_call *call, const struct scl_store_stream *stream);
void scl_add_shard(struct scl_writer *w, const struct scl_store_shard *shard);      /* Shard, as a list's element */
void scl_add_hash_range(struct scl_writer *w, const struct scl_store_shard *shard); /* HashKeyRange */
/* ChildShards, of a closed shard. */
void scl_add_children(struct scl_writer *w, const struct scl_store_stream *stream, const struct scl_store_shard *shard);
const char *scl_stream_status_text(enum scl_stream_status status);
void scl_add_metrics(struct scl_writer *w, const char *name, uint32_t metrics); /* a list of names */
/* Writes the members of a Consumer into the open map. */
void scl_add_consumer(struct scl_writer *w, const struct scl_call *call, const struct scl_store_stream *stream,
                      const struct scl_store_consumer *consumer);

/* A new token of the stream. */
struct scl_token scl_call_token(const struct scl_call *call, enum scl_token_kind kind,
                                const struct scl_store_stream *stream);
bool scl_call_token_expired(const struct scl_call *call, const struct scl_token *token, int64_t life_ms);

#endif
