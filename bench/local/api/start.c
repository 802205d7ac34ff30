#include "bench/local/api/start.h"

#include <inttypes.h>

static bool refuse_sequence(struct scl_call *call, const struct scl_start *start, const struct scl_store_stream *stream,
                            const struct scl_store_shard *shard, const char *why) {
  scl_call_fail(call, "InvalidArgumentException",
                "StartingSequenceNumber %.*s used in %s on shard shardId-%012" PRIu32
                " in stream %s under account %s is invalid%s",
                SC_SLICE_ARGS(start->sequence->text), start->operation, shard->index, stream->name, SCL_SERVICE_ACCOUNT,
                why);
  return false;
}

static bool start_at_sequence(struct scl_call *call, const struct scl_start *start,
                              const struct scl_store_stream *stream, const struct scl_store_shard *shard,
                              uint64_t *position) {
  struct scl_seqlayout seq;
  if (!scl_seqlayout_parse(start->sequence->text, &seq)) return refuse_sequence(call, start, stream, shard, ".");
  if (seq.shard != shard->index) {
    scl_call_fail(call, "InvalidArgumentException",
                  "Invalid StartingSequenceNumber. It encodes shardId-%012" PRIu32
                  ", while it was used in a call to a shard with shardId-%012" PRIu32,
                  seq.shard, shard->index);
    return false;
  }
  if (seq.created_s != shard->created_s)
    return refuse_sequence(call, start, stream, shard, " because it did not come from this stream.");
  *position = scl_shard_find_sequence(shard, &seq, sc_slice_is(start->type, "AFTER_SEQUENCE_NUMBER"));
  return true;
}

static bool start_at_time(struct scl_call *call, const struct scl_start *start, const struct scl_store_shard *shard,
                          uint64_t *position) {
  int64_t ms = start->time->number;
  if (ms > call->now_ms) {
    scl_call_fail(call, "InvalidArgumentException",
                  "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                  "timestampInMillis: %" PRId64 ", currentTimestampInMillis: %" PRId64,
                  ms, call->now_ms);
    return false;
  }
  *position = scl_shardlog_find_time(shard->log, ms);
  return true;
}

static bool refuse_mix(struct scl_call *call, const struct scl_start *start, const char *what) {
  scl_call_fail(call, "InvalidArgumentException",
                "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
                "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified %.*s and %s.",
                SC_SLICE_ARGS(start->type), what);
  return false;
}

bool scl_call_start(struct scl_call *call, const struct scl_start *start, const struct scl_store_stream *stream,
                    const struct scl_store_shard *shard, uint64_t *position) {
  bool by_time = sc_slice_is(start->type, "AT_TIMESTAMP");
  bool by_sequence =
      sc_slice_is(start->type, "AFTER_SEQUENCE_NUMBER") || sc_slice_is(start->type, "AT_SEQUENCE_NUMBER");
  scl_stream_trim(stream, shard, call->now_ms);
  if (by_sequence && !start->sequence->is_set) return refuse_mix(call, start, "no StartingSequenceNumber");
  if (!by_sequence && start->sequence->is_set) return refuse_mix(call, start, "also a StartingSequenceNumber");
  if (by_time && !start->time->is_set) return refuse_mix(call, start, "no Timestamp");
  if (by_sequence) return start_at_sequence(call, start, stream, shard, position);
  if (by_time) return start_at_time(call, start, shard, position);
  *position = sc_slice_is(start->type, "LATEST") ? scl_shardlog_count(shard->log) : 0;
  return true;
}
