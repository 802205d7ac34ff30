/* Operations that change one attribute of a stream: IncreaseStreamRetentionPeriod, DecreaseStreamRetentionPeriod,
 * UpdateStreamMode, UpdateMaxRecordSize, UpdateStreamWarmThroughput, EnableEnhancedMonitoring,
 * DisableEnhancedMonitoring, StartStreamEncryption, StopStreamEncryption. Each needs an ACTIVE stream and makes it
 * UPDATING. */
#include <inttypes.h>
#include <stdlib.h>

#include "bench/local/api/operation.h"

#define MIN_HOURS 24
#define MAX_HOURS 8760
#define MAX_WARM_MIBPS 10240

/* Called at the end of each change. */
static void note_change(struct scl_call *call, struct scl_store_stream *stream) {
  scl_store_set_updating(call->store, stream, call->now_ms);
  scl_store_note_attributes(call->store, stream);
}

/* The stream if it is ACTIVE; NULL after failing the call. */
static struct scl_store_stream *active(struct scl_call *call, struct scl_store_stream *stream) {
  return stream != NULL && scl_call_check_active(call, stream) ? stream : NULL;
}

/* ---- retention ---- */

static const struct scl_member retention_members[] = {
    SCL_STREAM_MEMBERS, {"RetentionPeriodHours", SCL_MEMBER_INTEGER, true, 0, 0, SCL_PATTERN_NONE, NULL, NULL, 0}};

static bool check_hours(struct scl_call *call, int64_t hours) {
  bool is_short = hours < MIN_HOURS;
  if (!is_short && hours <= MAX_HOURS) return true;
  scl_call_fail(call, "InvalidArgumentException",
                "%s allowed retention period is %d hours. Requested retention period (%" PRId64 " hours) is too %s.",
                is_short ? "Minimum" : "Maximum", is_short ? MIN_HOURS : MAX_HOURS, hours, is_short ? "short" : "long");
  return false;
}

static void set_retention(struct scl_call *call, bool is_increase) {
  int64_t hours = call->values[SCL_VALUE_REST].number;
  struct scl_store_stream *stream = scl_call_stream(call);
  if (stream == NULL || !check_hours(call, hours)) return;
  if (is_increase ? hours < stream->retention_hours : hours > stream->retention_hours) {
    scl_call_fail(call, "InvalidArgumentException",
                  "Requested retention period (%" PRId64
                  " hours) for stream %s can not be %s than existing retention period (%d hours). Use %s API.",
                  hours, stream->name, is_increase ? "shorter" : "longer", stream->retention_hours,
                  is_increase ? "DecreaseRetentionPeriod" : "IncreaseRetentionPeriod");
    return;
  }
  if (active(call, stream) == NULL) return;
  scl_store_set_retention(stream, (int32_t)hours, call->now_ms);
  note_change(call, stream);
}

static void increase_retention(struct scl_call *call) { set_retention(call, true); }
static void decrease_retention(struct scl_call *call) { set_retention(call, false); }

/* ---- mode, size of records, warm throughput ---- */

const struct scl_member scl_mode_members[1] = {
    {"StreamMode", SCL_MEMBER_TEXT, true, 0, 0, SCL_PATTERN_NONE, "PROVISIONED, ON_DEMAND", NULL, 0}};

enum { MODE_STREAM, MODE_DETAILS, MODE_WARM, MODE_MEMBERS };

static const struct scl_member mode_members[MODE_MEMBERS] = {SCL_MEMBER_STREAM_ARN(true), SCL_MEMBER_MODE(true),
                                                             SCL_MEMBER_WARM(false)};
static const struct scl_member record_size_members[] = {SCL_MEMBER_STREAM_ARN(true), SCL_MEMBER_RECORD_KIB(true)};
static const struct scl_member warm_members[] = {SCL_STREAM_MEMBERS, SCL_MEMBER_WARM(true)};

bool scl_mode_is_on_demand(const struct scl_value *mode) {
  return mode->is_set && sc_slice_is(mode->items[0].text, "ON_DEMAND");
}

bool scl_call_check_warm(struct scl_call *call, const struct scl_value *warm, bool is_on_demand) {
  if (!warm->is_set) return true;
  if (!is_on_demand || !scl_account_is_committed(scl_store_account(call->store), call->now_ms)) {
    scl_call_fail(
        call, "ValidationException",
        "Warm throughput is for streams in ON_DEMAND mode, of accounts with MinimumThroughputBillingCommitment "
        "enabled.");
    return false;
  }
  if (warm->number <= MAX_WARM_MIBPS) return true;
  scl_call_fail(call, "LimitExceededException", "Warm throughput can be at most %d MiBps.", MAX_WARM_MIBPS);
  return false;
}

static void update_stream_mode(struct scl_call *call) {
  const struct scl_value *v = call->values;
  bool is_on_demand = scl_mode_is_on_demand(&v[MODE_DETAILS]);
  struct scl_store_stream *stream = active(call, scl_call_stream_of(call, v[MODE_STREAM].text));
  if (stream == NULL || !scl_call_check_warm(call, &v[MODE_WARM], is_on_demand)) return;
  stream->is_on_demand = is_on_demand;
  if (v[MODE_WARM].is_set || !is_on_demand) stream->warm_mibps = v[MODE_WARM].number;
  note_change(call, stream);
}

static void update_max_record_size(struct scl_call *call) {
  struct scl_store_stream *stream = active(call, scl_call_stream_of(call, call->values[0].text));
  if (stream == NULL) return;
  stream->max_record_bytes = (uint64_t)call->values[1].number << 10;
  note_change(call, stream);
}

static void update_stream_warm_throughput(struct scl_call *call) {
  const struct scl_value *warm = &call->values[SCL_VALUE_REST];
  struct scl_store_stream *stream = active(call, scl_call_stream(call));
  if (stream == NULL || !scl_call_check_warm(call, warm, stream->is_on_demand)) return;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_add_stream_arn(w, call, stream);
  scl_writer_str(w, "StreamName", stream->name);
  scl_writer_open_map(w, "WarmThroughput");
  scl_writer_int(w, "TargetMiBps", warm->number);
  scl_writer_int(w, "CurrentMiBps", stream->warm_mibps);
  scl_writer_close_map(w);
  scl_writer_close_map(w);
  stream->warm_mibps = warm->number;
  note_change(call, stream);
}

/* ---- monitoring ---- */

#define N_METRICS 7
#define ALL_METRICS ((1u << N_METRICS) - 1)

static const char *const metric_names[N_METRICS] = {"IncomingBytes",
                                                    "IncomingRecords",
                                                    "OutgoingBytes",
                                                    "OutgoingRecords",
                                                    "WriteProvisionedThroughputExceeded",
                                                    "ReadProvisionedThroughputExceeded",
                                                    "IteratorAgeMilliseconds"};

static const struct scl_member metric_members[] = {
    {"metric", SCL_MEMBER_TEXT, true, 0, 0, SCL_PATTERN_NONE,
     "IncomingBytes, IncomingRecords, OutgoingBytes, OutgoingRecords, WriteProvisionedThroughputExceeded, "
     "ReadProvisionedThroughputExceeded, IteratorAgeMilliseconds, ALL",
     NULL, 0}};

static const struct scl_member monitoring_members[] = {
    SCL_STREAM_MEMBERS,
    {"ShardLevelMetrics", SCL_MEMBER_TEXTS, true, 1, N_METRICS, SCL_PATTERN_NONE, NULL, metric_members, 1}};

void scl_add_metrics(struct scl_writer *w, const char *name, uint32_t metrics) {
  scl_writer_open_list(w, name);
  for (int i = 0; i < N_METRICS; i++)
    if ((metrics >> i & 1) != 0) scl_writer_str(w, NULL, metric_names[i]);
  scl_writer_close_list(w);
}

static uint32_t metrics_of(const struct scl_value *names) {
  uint32_t metrics = 0;
  for (size_t i = 0; i < names->n; i++) {
    if (sc_slice_is(names->items[i].text, "ALL")) return ALL_METRICS;
    for (int j = 0; j < N_METRICS; j++)
      if (sc_slice_is(names->items[i].text, metric_names[j])) metrics |= 1u << j;
  }
  return metrics;
}

static void set_monitoring(struct scl_call *call, bool is_on) {
  struct scl_store_stream *stream = active(call, scl_call_stream(call));
  if (stream == NULL) return;
  uint32_t before = stream->metrics, named = metrics_of(&call->values[SCL_VALUE_REST]);
  stream->metrics = is_on ? before | named : before & ~named;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_str(w, "StreamName", stream->name);
  scl_add_metrics(w, "CurrentShardLevelMetrics", before);
  scl_add_metrics(w, "DesiredShardLevelMetrics", stream->metrics);
  scl_add_stream_arn(w, call, stream);
  scl_writer_close_map(w);
  note_change(call, stream);
}

static void enable_monitoring(struct scl_call *call) { set_monitoring(call, true); }
static void disable_monitoring(struct scl_call *call) { set_monitoring(call, false); }

/* ---- encryption ---- */

enum { ENCRYPTION_TYPE = SCL_VALUE_REST, ENCRYPTION_KEY, ENCRYPTION_MEMBERS };

static const struct scl_member encryption_members[ENCRYPTION_MEMBERS] = {
    SCL_STREAM_MEMBERS,
    {"EncryptionType", SCL_MEMBER_TEXT, true, 0, 0, SCL_PATTERN_NONE, "NONE, KMS", NULL, 0},
    {"KeyId", SCL_MEMBER_TEXT, true, 1, 2048, SCL_PATTERN_NONE, NULL, NULL, 0}};

/* The stream whose encryption the call changes; NULL after failing it. */
static struct scl_store_stream *encryption_stream(struct scl_call *call) {
  struct scl_store_stream *stream = active(call, scl_call_stream(call));
  if (stream == NULL || sc_slice_is(call->values[ENCRYPTION_TYPE].text, "KMS")) return stream;
  scl_call_fail(call, "InvalidArgumentException", "EncryptionType must be KMS.");
  return NULL;
}

static void set_key(struct scl_call *call, struct scl_store_stream *stream, char *key_id) {
  free(stream->key_id);
  stream->key_id = key_id;
  note_change(call, stream);
}

static void start_encryption(struct scl_call *call) {
  struct scl_store_stream *stream = encryption_stream(call);
  struct sc_slice key = call->values[ENCRYPTION_KEY].text;
  if (stream == NULL) return;
  if (memchr(key.ptr, '\0', key.len) != NULL) {
    scl_call_fail(call, "KMSNotFoundException", "Invalid keyId.");
    return;
  }
  set_key(call, stream, sc_strndup(key));
}

static void stop_encryption(struct scl_call *call) {
  struct scl_store_stream *stream = encryption_stream(call);
  if (stream != NULL) set_key(call, stream, NULL);
}

const struct scl_operation scl_attribute_operations[] = {
    {"IncreaseStreamRetentionPeriod", retention_members, SCL_VALUE_REST + 1, true, increase_retention},
    {"DecreaseStreamRetentionPeriod", retention_members, SCL_VALUE_REST + 1, true, decrease_retention},
    {"UpdateStreamMode", mode_members, MODE_MEMBERS, true, update_stream_mode},
    {"UpdateMaxRecordSize", record_size_members, 2, true, update_max_record_size},
    {"UpdateStreamWarmThroughput", warm_members, SCL_VALUE_REST + 1, true, update_stream_warm_throughput},
    {"EnableEnhancedMonitoring", monitoring_members, SCL_VALUE_REST + 1, true, enable_monitoring},
    {"DisableEnhancedMonitoring", monitoring_members, SCL_VALUE_REST + 1, true, disable_monitoring},
    {"StartStreamEncryption", encryption_members, ENCRYPTION_MEMBERS, true, start_encryption},
    {"StopStreamEncryption", encryption_members, ENCRYPTION_MEMBERS, true, stop_encryption},
};
const int scl_attribute_operations_n = sizeof(scl_attribute_operations) / sizeof(*scl_attribute_operations);
