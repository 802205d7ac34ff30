/* What the service and its operations share: a table entry an operation, a call with its values and reply.
 *
 * The modules streams, shards, records, reads, consumers and others each hand out a table; the service looks operations up, reads
 * the body by the members, takes the store's lock as the entry says and runs the call.
 */
#ifndef SC_LOCAL_OPERATION_H
#define SC_LOCAL_OPERATION_H

#include "bench/local/api/arn.h"
#include "bench/local/api/members.h"
#include "bench/local/api/service.h"
#include "bench/local/api/token.h"
#include "bench/local/base/writer.h"
#include "bench/local/faults/faults.h"

struct sc_subscriptions;

struct sc_call {
  const struct sc_service_settings *settings;
  struct sc_store *store;
  struct sc_subscriptions *subscriptions;
  uint32_t generation; /* of tokens */
  int64_t now_ms;
  const struct sc_value *values; /* as the operation's members */
  const struct sc_fault *fault;  /* of a kind that is this operation's own (ENTRIES, EXPIRE_ITERATOR), else NULL */
  struct sc_faults *faults;      /* for what is found out while it runs */
  struct sc_reply *reply;
  struct sc_writer out; /* the reply's head */
};

struct sc_operation {
  const char *name;
  const struct sc_member *members;
  int n_members;
  bool writes; /* needs the store's lock for writing; putting records does not */
  void (*run)(struct sc_call *call);
};

extern const struct sc_operation sc_stream_operations[];
extern const int sc_stream_operations_n;
extern const struct sc_operation sc_shard_operations[];
extern const int sc_shard_operations_n;
extern const struct sc_operation sc_record_operations[];
extern const int sc_record_operations_n;
extern const struct sc_operation sc_read_operations[];
extern const int sc_read_operations_n;
extern const struct sc_operation sc_consumer_operations[];
extern const int sc_consumer_operations_n;
extern const struct sc_operation sc_tag_operations[];
extern const int sc_tag_operations_n;
extern const struct sc_operation sc_subscribe_operations[];
extern const int sc_subscribe_operations_n;
extern const struct sc_operation sc_attribute_operations[];
extern const int sc_attribute_operations_n;
extern const struct sc_operation sc_policy_operations[];
extern const int sc_policy_operations_n;
extern const struct sc_operation sc_account_operations[];
extern const int sc_account_operations_n;

/* The members by which nearly every operation names its stream; the first three of its table. StreamId is reserved by the
 * service and ignored. */
enum { SC_VALUE_STREAM_NAME, SC_VALUE_STREAM_ARN, SC_VALUE_STREAM_ID, SC_VALUE_REST };
#define SC_STREAM_MEMBERS                                                                      \
  {"StreamName", SC_MEMBER_TEXT, false, 1, SC_STORE_MAX_NAME, SC_PATTERN_NAME, NULL, NULL, 0}, \
      {"StreamARN", SC_MEMBER_TEXT, false, 1, 2048, SC_PATTERN_STREAM_ARN, NULL, NULL, 0}, {   \
    "StreamId", SC_MEMBER_TEXT, false, 1, 24, SC_PATTERN_NONE, NULL, NULL, 0                   \
  }

/* Members that several operations have. */
#define SC_MEMBER_STREAM_ARN(required) \
  { "StreamARN", SC_MEMBER_TEXT, (required), 1, 2048, SC_PATTERN_STREAM_ARN, NULL, NULL, 0 }
#define SC_MEMBER_CONSUMER_ARN(required) \
  { "ConsumerARN", SC_MEMBER_TEXT, (required), 1, 2048, SC_PATTERN_CONSUMER_ARN, NULL, NULL, 0 }
#define SC_MEMBER_RESOURCE_ARN \
  { "ResourceARN", SC_MEMBER_TEXT, true, 1, 2048, SC_PATTERN_RESOURCE_ARN, NULL, NULL, 0 }
#define SC_MEMBER_NEXT_TOKEN \
  { "NextToken", SC_MEMBER_TEXT, false, 1, 1048576, SC_PATTERN_NONE, NULL, NULL, 0 }
#define SC_MEMBER_TAGS(required) \
  { "Tags", SC_MEMBER_MAP, (required), 1, 200, SC_PATTERN_NONE, NULL, sc_tag_members, 2 }
extern const struct sc_member sc_tag_members[2]; /* key, value */
#define SC_MEMBER_MODE(required) \
  { "StreamModeDetails", SC_MEMBER_STRUCTURE, (required), 0, 0, SC_PATTERN_NONE, NULL, sc_mode_members, 1 }
extern const struct sc_member sc_mode_members[1];
#define SC_MEMBER_WARM(required) \
  { "WarmThroughputMiBps", SC_MEMBER_INTEGER, (required), 0, INT32_MAX, SC_PATTERN_NONE, NULL, NULL, 0 }
#define SC_MEMBER_RECORD_KIB(required) \
  { "MaxRecordSizeInKiB", SC_MEMBER_INTEGER, (required), 1024, 10240, SC_PATTERN_NONE, NULL, NULL, 0 }

/* Turns the reply into an error: status 400, {"__type": type, "message": text}. */
void sc_call_fail(struct sc_call *call, const char *type, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The stream's name, from StreamName or StreamARN; empty after failing the call when neither is there or they differ. */
struct sc_slice sc_call_stream_name(struct sc_call *call);
/* The stream the call names; NULL after failing it. */
struct sc_store_stream *sc_call_stream(struct sc_call *call);
/* The stream of that ARN; NULL after failing the call. */
struct sc_store_stream *sc_call_stream_of(struct sc_call *call, struct sc_slice arn);
/* As sc_call_stream, and not CREATING (the service says then that it does not exist). */
struct sc_store_stream *sc_call_ready_stream(struct sc_call *call);
/* Fails the call with ResourceInUseException unless the stream is ACTIVE. */
bool sc_call_check_active(struct sc_call *call, const struct sc_store_stream *stream);
/* The shard of that id; NULL after failing the call with ResourceNotFoundException. */
struct sc_store_shard *sc_call_shard(struct sc_call *call, struct sc_store_stream *stream, struct sc_slice id);

/* The consumer of that ARN, and its stream; NULL after failing the call with ResourceNotFoundException: for another account or
 * region too, and when the consumer was registered at another second. */
struct sc_store_consumer *sc_call_consumer(struct sc_call *call, struct sc_slice arn, struct sc_store_stream **stream);
/* Fails the call with ResourceInUseException unless the consumer is ACTIVE. */
bool sc_call_check_consumer(struct sc_call *call, const struct sc_store_stream *stream,
                            const struct sc_store_consumer *consumer);

/* A stream or a consumer, by its ARN. */
struct sc_resource {
  struct sc_store_stream *stream;
  struct sc_store_consumer *consumer; /* NULL: the stream itself */
};
/* False after failing the call. */
bool sc_call_resource(struct sc_call *call, struct sc_slice arn, struct sc_resource *resource);

/* Fails the call with ResourceNotFoundException when a StreamCreationTimestamp is given and is not this stream's. */
bool sc_call_check_created(struct sc_call *call, const struct sc_store_stream *stream, const struct sc_value *created);

/* Whether StreamModeDetails say ON_DEMAND. */
bool sc_mode_is_on_demand(const struct sc_value *mode);
/* Fails the call with ValidationException when WarmThroughputMiBps is given and is not for such a stream, or LimitExceededException
 * when it is beyond what one may have. */
bool sc_call_check_warm(struct sc_call *call, const struct sc_value *warm, bool is_on_demand);
/* Whether the account pays for a minimum, and so may have warm throughput and more consumers. */
bool sc_account_is_committed(const struct sc_store_account *account, int64_t now_ms);

/* Who tags are for, as errors name it, and the tags it has already. */
struct sc_tag_owner {
  const char *kind; /* "stream", "consumer" */
  struct sc_slice name;
  const struct sc_tagset *tags; /* NULL: none yet */
};
/* Fails the call with InvalidArgumentException when the tags hold characters the service refuses, or are too many. */
bool sc_call_check_tags(struct sc_call *call, const struct sc_value *tags, const struct sc_tag_owner *owner);
void sc_call_set_tags(const struct sc_value *tags, struct sc_tagset *set);

/* "shardId-000000000007", or just digits; false on anything else. */
bool sc_shard_id_parse(struct sc_slice id, uint32_t *index);
void sc_add_shard_id(struct sc_writer *w, const char *name, uint32_t index);
void sc_add_stream_arn(struct sc_writer *w, const struct sc_call *call, const struct sc_store_stream *stream);
void sc_add_shard(struct sc_writer *w, const struct sc_store_shard *shard);      /* a Shard, as an element */
void sc_add_hash_range(struct sc_writer *w, const struct sc_store_shard *shard); /* HashKeyRange */
/* ChildShards, of a closed shard. */
void sc_add_children(struct sc_writer *w, const struct sc_store_stream *stream, const struct sc_store_shard *shard);
const char *sc_stream_status_text(enum sc_stream_status status);
void sc_add_metrics(struct sc_writer *w, const char *name, uint32_t metrics); /* a list of names */
/* The members of a Consumer, in the map that is open. */
void sc_add_consumer(struct sc_writer *w, const struct sc_call *call, const struct sc_store_stream *stream,
                     const struct sc_store_consumer *consumer);

/* A token of the stream, issued now. */
struct sc_token sc_call_token(const struct sc_call *call, enum sc_token_kind kind,
                              const struct sc_store_stream *stream);
bool sc_call_token_expired(const struct sc_call *call, const struct sc_token *token, int64_t life_ms);

#endif
