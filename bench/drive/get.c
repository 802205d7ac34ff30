/* get, poll: every shard from TRIM_HORIZON, to its tip or one page of it. An item is a shard in one round. */
#include "bench/drive/drive.h"
#include "codec/json/doc.h"
#include "codec/kinesis/reply_scan.h"
#include "codec/kinesis/reply_scan_cbor.h"
#include "codec/wire/cbor.h"

/* What is kept of a body that is thrown away. */
#define HEAD_BYTES 1024

struct lane {
  struct sc_drive *drive;
  struct sc_drive_counts *counts;
  struct sc_jsondoc *parser;
  struct sc_buf request, iterator;
  uint32_t shard;
  bool is_reading; /* has a shard and its iterator */
  bool is_cbor, is_once, is_discarding;
  struct sc_reply_scan json;
  struct sc_reply_scan_cbor cbor;
  char head[HEAD_BYTES];
  uint64_t received;
};

static void init(void *opaque, struct sc_drive *drive, struct sc_drive_counts *counts) {
  struct lane *lane = opaque;
  lane->drive = drive;
  lane->counts = counts;
  lane->parser = sc_jsondoc_new();
  lane->is_cbor = sc_options_flag(drive->options, SC_DRIVE_OPT_CBOR);
  lane->is_discarding = sc_options_flag(drive->options, SC_DRIVE_OPT_DISCARD);
  lane->is_once = sc_options_command(drive->options) == SC_DRIVE_POLL;
}

static void fini(void *opaque) {
  struct lane *lane = opaque;
  sc_jsondoc_free(lane->parser);
  sc_buf_fini(&lane->request);
  sc_buf_fini(&lane->iterator);
}

static void add_member(struct sc_buf *out, const char *name, struct sc_slice value) {
  sc_buf_printf(out, "%c\"%s\":", out->len == 0 ? '{' : ',', name);
  sc_buf_add_json_string(out, value);
}

static bool ask_for_iterator(struct lane *lane, struct sc_client_call *call) {
  uint64_t item;
  if (!sc_drive_take_item(lane->drive, &item)) return false;
  lane->shard = (uint32_t)(item % lane->drive->n_shards);
  add_member(&lane->request, "StreamName", sc_slice_str(lane->drive->stream));
  add_member(&lane->request, "ShardId", sc_buf_view(&lane->drive->shards[lane->shard]));
  add_member(&lane->request, "ShardIteratorType", SC_SLICE_LITERAL("TRIM_HORIZON"));
  sc_buf_add_char(&lane->request, '}');
  call->operation = "GetShardIterator";
  call->data = NULL;
  return true;
}

static void ask_for_records(struct lane *lane, struct sc_client_call *call) {
  int64_t limit = sc_options_int(lane->drive->options, SC_DRIVE_OPT_LIMIT);
  call->operation = "GetRecords";
  call->is_cbor = lane->is_cbor;
  call->is_streamed = lane->is_discarding;
  lane->received = 0;
  if (lane->is_cbor) {
    sc_cbor_add(&lane->request, SC_CBOR_MAP, 2);
    sc_cbor_add_text(&lane->request, SC_SLICE_LITERAL("ShardIterator"));
    sc_cbor_add_text(&lane->request, sc_buf_view(&lane->iterator));
    sc_cbor_add_text(&lane->request, SC_SLICE_LITERAL("Limit"));
    sc_cbor_add_int(&lane->request, limit);
    sc_reply_scan_cbor_init(&lane->cbor);
  } else {
    add_member(&lane->request, "ShardIterator", sc_buf_view(&lane->iterator));
    sc_buf_printf(&lane->request, ",\"Limit\":%lld}", (long long)limit);
    sc_reply_scan_init(&lane->json);
  }
}

static bool next(void *opaque, struct sc_client_call *call) {
  struct lane *lane = opaque;
  sc_buf_clear(&lane->request);
  if (lane->is_reading) ask_for_records(lane, call);
  else if (!ask_for_iterator(lane, call)) return false;
  call->body = sc_buf_view(&lane->request);
  return true;
}

static void discard(struct lane *lane, struct sc_slice chunk) {
  if (lane->received < HEAD_BYTES) {
    size_t room = HEAD_BYTES - lane->received;
    memcpy(lane->head + lane->received, chunk.ptr, chunk.len < room ? chunk.len : room);
  }
  lane->received += chunk.len;
}

static int data(void *opaque, struct sc_slice body, struct sc_error *err) {
  struct lane *lane = opaque;
  if (lane->is_discarding) {
    discard(lane, body);
    return SC_OK;
  }
  if (lane->is_cbor) return sc_reply_scan_cbor_feed(&lane->cbor, body.ptr, body.len, err);
  return sc_reply_scan_feed(&lane->json, body.ptr, body.len, err);
}

static int take_iterator(struct lane *lane, struct sc_slice body, struct sc_error *err) {
  struct sc_json root;
  struct sc_slice iterator;
  int rc = sc_jsondoc_parse(lane->parser, body, &root, err);
  if (rc != SC_OK) return rc;
  if (!sc_json_str(sc_json_get(root, "ShardIterator"), &iterator))
    return sc_error_set(err, SC_E_PROTOCOL, "GetShardIterator: no ShardIterator");
  sc_buf_clear(&lane->iterator);
  sc_buf_add_slice(&lane->iterator, iterator);
  lane->is_reading = true;
  return SC_OK;
}

/* The place behind the member's name; NULL when it is not in the head. */
static const char *find_member(struct sc_slice head, struct sc_slice name) {
  const char *found = memmem(head.ptr, head.len, name.ptr, name.len);
  return found == NULL ? NULL : found + name.len;
}

static bool copy_iterator(struct lane *lane, struct sc_slice head) {
  const char *end = head.ptr + head.len, *at;
  sc_buf_clear(&lane->iterator);
  if (lane->is_cbor) {
    struct sc_cbor_head text = {0};
    at = find_member(head, SC_SLICE_LITERAL("\x71NextShardIterator"));
    if (at == NULL || (at = sc_cbor_head(at, end, &text)) == NULL || text.value > (uint64_t)(end - at)) return false;
    sc_buf_add(&lane->iterator, at, text.value);
    return true;
  }
  at = find_member(head, SC_SLICE_LITERAL("\"NextShardIterator\":\""));
  const char *quote = at == NULL ? NULL : memchr(at, '"', (size_t)(end - at));
  if (quote == NULL) return false;
  sc_buf_add(&lane->iterator, at, (size_t)(quote - at));
  return true;
}

/* MillisBehindLatest 0 is the tip: the local service says so of the last record only. */
static int take_head(struct lane *lane, struct sc_error *err) {
  struct sc_slice head = sc_slice_of(lane->head, lane->received < HEAD_BYTES ? lane->received : HEAD_BYTES);
  const char *behind = find_member(
      head, lane->is_cbor ? SC_SLICE_LITERAL("\x72MillisBehindLatest") : SC_SLICE_LITERAL("\"MillisBehindLatest\":"));
  if (behind == NULL || behind == head.ptr + head.len)
    return sc_error_set(err, SC_E_PROTOCOL, "GetRecords: no MillisBehindLatest in front: not for --discard");
  bool is_tip = *behind == (lane->is_cbor ? '\0' : '0');
  lane->counts->calls++;
  lane->counts->bytes += lane->received;
  lane->is_reading = !lane->is_once && !is_tip && copy_iterator(lane, head);
  return SC_OK;
}

/* An empty page is the tip, in every emulator. */
static int take_page(struct lane *lane, struct sc_slice body, struct sc_error *err) {
  struct sc_reply_facts facts;
  int rc = lane->is_cbor ? sc_reply_scan_cbor_finish(&lane->cbor, body.ptr, body.len, &facts, err)
                         : sc_reply_scan_finish(&lane->json, body.ptr, body.len, &facts, err);
  if (rc != SC_OK) return rc;
  lane->counts->calls++;
  lane->counts->bytes += body.len;
  lane->counts->records += facts.n_records;
  sc_buf_clear(&lane->iterator);
  sc_buf_add(&lane->iterator, facts.iterator, facts.iterator_len);
  lane->is_reading = !lane->is_once && facts.iterator_len > 0 && facts.n_records > 0;
  return SC_OK;
}

static int done(void *opaque, struct sc_slice body, struct sc_error *err) {
  struct lane *lane = opaque;
  if (!lane->is_reading) return take_iterator(lane, body, err);
  return lane->is_discarding ? take_head(lane, err) : take_page(lane, body, err);
}

const struct sc_workload sc_drive_get = {sizeof(struct lane), init, fini, next, data, done};
