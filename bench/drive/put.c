/* put: PutRecords of records of one size. An item is a call of 500 records. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/drive/drive.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "engine/base/random.h"

#define RECORDS_A_CALL 500
/* Different requests, which are sent in turn: enough that the service's caches do not remember them. */
#define REQUESTS 64

struct lane {
  struct sc_drive *drive;
  struct sc_drive_counts *counts;
  struct sc_slice request;
  bool is_cbor;
};

/* A stretch of JSON-like text that begins anywhere. */
static void make_data(struct sc_random *random, char *out, size_t len) {
  static const char TEXT[] =
      "{\"sensor_id\":1234,\"ts\":\"2025-06-01 10:00:00\",\"temperature\":21.42,\"humidity\":48.84,\"ok\":true}";
  size_t at = sc_random_below(random, sizeof TEXT - 1);
  for (size_t i = 0; i < len; i++) {
    out[i] = TEXT[at];
    if (++at == sizeof TEXT - 1) at = 0;
  }
}

static void add_json_record(struct sc_buf *out, struct sc_slice data, struct sc_slice key, bool is_first) {
  sc_buf_add_str(out, is_first ? "{\"Data\":\"" : ",{\"Data\":\"");
  sc_buf_reserve(out, sc_base64_encoded_len(data.len));
  out->len += sc_base64_encode(data.ptr, data.len, out->ptr + out->len);
  sc_buf_add_str(out, "\",\"PartitionKey\":\"");
  sc_buf_add_slice(out, key);
  sc_buf_add_str(out, "\"}");
}

static void add_cbor_record(struct sc_buf *out, struct sc_slice data, struct sc_slice key) {
  sc_cbor_add(out, SC_CBOR_MAP, 2);
  sc_cbor_add_text(out, SC_SLICE_LITERAL("Data"));
  sc_cbor_add_bytes(out, data);
  sc_cbor_add_text(out, SC_SLICE_LITERAL("PartitionKey"));
  sc_cbor_add_text(out, key);
}

static void add_records(struct sc_buf *out, struct sc_random *random, size_t bytes, bool is_cbor) {
  char *room = sc_alloc(bytes), key_text[24];
  for (int i = 0; i < RECORDS_A_CALL; i++) {
    make_data(random, room, bytes);
    int n = snprintf(key_text, sizeof key_text, "%llu", (unsigned long long)sc_random_below(random, 1000000000));
    struct sc_slice data = sc_slice_of(room, bytes), key = sc_slice_of(key_text, (size_t)n);
    if (is_cbor) add_cbor_record(out, data, key);
    else add_json_record(out, data, key, i == 0);
  }
  free(room);
}

static void make_request(struct sc_buf *out, const struct sc_drive *drive, struct sc_random *random) {
  size_t bytes = (size_t)sc_options_int(drive->options, SC_DRIVE_OPT_RECORD_BYTES);
  if (sc_options_flag(drive->options, SC_DRIVE_OPT_CBOR)) {
    sc_cbor_add(out, SC_CBOR_MAP, 2);
    sc_cbor_add_text(out, SC_SLICE_LITERAL("StreamName"));
    sc_cbor_add_text(out, sc_slice_str(drive->stream));
    sc_cbor_add_text(out, SC_SLICE_LITERAL("Records"));
    sc_cbor_add(out, SC_CBOR_ARRAY, RECORDS_A_CALL);
    add_records(out, random, bytes, true);
  } else {
    sc_buf_add_str(out, "{\"StreamName\":");
    sc_buf_add_json_string(out, sc_slice_str(drive->stream));
    sc_buf_add_str(out, ",\"Records\":[");
    add_records(out, random, bytes, false);
    sc_buf_add_str(out, "]}");
  }
}

void *sc_drive_put_prepare(const struct sc_drive *drive) {
  struct sc_buf *requests = sc_alloc_zero(REQUESTS, sizeof *requests);
  struct sc_random random;
  sc_random_init(&random, 1);
  for (int i = 0; i < REQUESTS; i++) make_request(&requests[i], drive, &random);
  return requests;
}

void sc_drive_put_forget(void *shared) {
  struct sc_buf *requests = shared;
  for (int i = 0; i < REQUESTS; i++) sc_buf_fini(&requests[i]);
  free(requests);
}

static void init(void *opaque, struct sc_drive *drive, struct sc_drive_counts *counts) {
  struct lane *lane = opaque;
  lane->drive = drive;
  lane->counts = counts;
  lane->is_cbor = sc_options_flag(drive->options, SC_DRIVE_OPT_CBOR);
}

static void fini(void *opaque) { (void)opaque; }

static bool next(void *opaque, struct sc_client_call *call) {
  struct lane *lane = opaque;
  const struct sc_buf *requests = lane->drive->shared;
  uint64_t item;
  if (!sc_drive_take_item(lane->drive, &item)) return false;
  lane->request = sc_buf_view(&requests[item % REQUESTS]);
  call->operation = "PutRecords";
  call->is_cbor = lane->is_cbor;
  call->body = lane->request;
  return true;
}

/* The only 0 that may follow the name: all records were put. */
static bool has_no_failure(struct sc_slice body, bool is_cbor) {
  struct sc_slice wanted = is_cbor ? SC_SLICE_LITERAL(
                                         "\x71"
                                         "FailedRecordCount\0")
                                   : SC_SLICE_LITERAL("\"FailedRecordCount\":0");
  return body.len > 0 && memmem(body.ptr, body.len, wanted.ptr, wanted.len) != NULL;
}

static int done(void *opaque, struct sc_slice body, struct sc_error *err) {
  struct lane *lane = opaque;
  if (!has_no_failure(body, lane->is_cbor)) return sc_error_set(err, SC_E_PROTOCOL, "PutRecords: not all were put");
  lane->counts->calls++;
  lane->counts->bytes += lane->request.len;
  lane->counts->records += RECORDS_A_CALL;
  return SC_OK;
}

const struct sc_workload sc_drive_put = {sizeof(struct lane), init, fini, next, NULL, done};
