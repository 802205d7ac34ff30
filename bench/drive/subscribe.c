/* subscribe: SubscribeToShard from TRIM_HORIZON, a shard a lane; frames are put together, their CRCs checked, their
 * records counted. An item is a shard. */
#include "bench/drive/drive.h"
#include "codec/kinesis/event_stream.h"
#include "codec/kinesis/reply_scan.h"
#include "engine/batch.h"

struct lane {
  struct sc_drive *drive;
  struct sc_drive_counts *counts;
  struct sc_buf request;
  struct sc_buf frames; /* what has come and is not read: less than a frame, between chunks */
};

static void init(void *opaque, struct sc_drive *drive, struct sc_drive_counts *counts) {
  struct lane *lane = opaque;
  lane->drive = drive;
  lane->counts = counts;
}

static void fini(void *opaque) {
  struct lane *lane = opaque;
  sc_buf_fini(&lane->request);
  sc_buf_fini(&lane->frames);
}

static bool next(void *opaque, struct sc_client_call *call) {
  struct lane *lane = opaque;
  uint64_t item;
  if (!sc_drive_take_item(lane->drive, &item)) return false;
  sc_buf_clear(&lane->request);
  sc_buf_clear(&lane->frames);
  sc_buf_add_str(&lane->request, "{\"ConsumerARN\":");
  sc_buf_add_json_string(&lane->request, sc_buf_view(&lane->drive->consumer));
  sc_buf_add_str(&lane->request, ",\"ShardId\":");
  sc_buf_add_json_string(&lane->request, sc_buf_view(&lane->drive->shards[item]));
  sc_buf_add_str(&lane->request, ",\"StartingPosition\":{\"Type\":\"TRIM_HORIZON\"}}");
  call->operation = "SubscribeToShard";
  call->is_streamed = true;
  call->body = sc_buf_view(&lane->request);
  return true;
}

static void take_off(struct sc_drive *drive, uint64_t records) {
  uint64_t before = atomic_fetch_sub_explicit(&drive->wanted, records, memory_order_relaxed);
  if (before <= records) atomic_store_explicit(&drive->is_over, true, memory_order_relaxed);
}

static int take_frame(struct lane *lane, const struct sc_event_stream_frame *frame, struct sc_error *err) {
  struct sc_reply_facts facts;
  struct sc_reply_scan scan;
  struct sc_slice type = sc_event_stream_string(frame, ":event-type");
  if (sc_slice_is(type, "initial-response")) {
    lane->counts->calls++;
    return SC_OK;
  }
  if (!sc_slice_is(type, "SubscribeToShardEvent"))
    return sc_error_set(err, SC_E_PROTOCOL, "SubscribeToShard: %.*s", SC_SLICE_ARGS(frame->payload));
  sc_reply_scan_init(&scan);
  int rc = sc_reply_scan_finish(&scan, frame->payload.ptr, frame->payload.len, &facts, err);
  if (rc != SC_OK) return rc;
  lane->counts->events++;
  lane->counts->bytes += frame->len;
  lane->counts->records += facts.n_records;
  if (facts.n_records > 0) take_off(lane->drive, facts.n_records);
  return SC_OK;
}

static int data(void *opaque, struct sc_slice chunk, struct sc_error *err) {
  struct lane *lane = opaque;
  struct sc_event_stream_frame frame;
  const char *why;
  size_t at = 0;
  sc_buf_reserve(&lane->frames, chunk.len + SC_BODY_PADDING);
  sc_buf_add_slice(&lane->frames, chunk);
  for (;;) {
    struct sc_slice rest = sc_slice_of(lane->frames.ptr + at, lane->frames.len - at);
    enum sc_event_stream_answer answer = sc_event_stream_read(rest, &frame, &why);
    if (answer == SC_EVENT_STREAM_BROKEN) return sc_error_set(err, SC_E_PROTOCOL, "SubscribeToShard: %s", why);
    if (answer == SC_EVENT_STREAM_MORE) break;
    if (take_frame(lane, &frame, err) != SC_OK) return err->code;
    at += frame.len;
  }
  memmove(lane->frames.ptr, lane->frames.ptr + at, lane->frames.len - at);
  lane->frames.len -= at;
  return SC_OK;
}

/* The shard ended, or its five minutes. */
static int done(void *opaque, struct sc_slice body, struct sc_error *err) {
  (void)opaque, (void)body, (void)err;
  return SC_OK;
}

const struct sc_workload sc_drive_subscribe = {sizeof(struct lane), init, fini, next, data, done};
