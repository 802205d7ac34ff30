/* put: PutRecords of records of one size. An item is a call of 500 records. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/drive/drive.h"
#include "codec/text/base64.h"
#include "codec/wire/cbor.h"
#include "engine/base/clock.h"
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

/* A JSON object of exactly so many bytes; letters alone when that is too few for one. */
static void make_data(struct sc_random *random, char *out, size_t len) {
  static const char LETTERS[] = "etaoin shrdlu cmfwyp vbgkjqxz 0123456789 etaoin shrdlu nahitseor";
  char head[96];
  int n = snprintf(head, sizeof(head), "{\"sensor_id\":%u,\"temperature\":%u.%u,\"text\":\"",
                   (unsigned)sc_random_below(random, 10000), (unsigned)sc_random_below(random, 100),
                   (unsigned)sc_random_below(random, 10));
  for (size_t i = 0; i < len; i++) out[i] = LETTERS[sc_random_below(random, sizeof(LETTERS) - 1)];
  if (len < (size_t)n + 2) return;
  memcpy(out, head, (size_t)n);
  out[len - 2] = '"';
  out[len - 1] = '}';
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

static void add_records(struct sc_buf *out, struct sc_random *random, const struct sc_drive *drive, bool is_cbor) {
  size_t bytes = (size_t)sc_options_int(drive->options, SC_DRIVE_OPT_RECORD_BYTES);
  uint64_t keys = (uint64_t)sc_options_int(drive->options, SC_DRIVE_OPT_KEYS);
  char *room = sc_alloc(bytes), key_text[24];
  for (int i = 0; i < RECORDS_A_CALL; i++) {
    make_data(random, room, bytes);
    int n = snprintf(key_text, sizeof(key_text), "%llu", (unsigned long long)sc_random_below(random, keys));
    struct sc_slice data = sc_slice_of(room, bytes), key = sc_slice_of(key_text, (size_t)n);
    if (is_cbor) add_cbor_record(out, data, key);
    else add_json_record(out, data, key, i == 0);
  }
  free(room);
}

static void make_request(struct sc_buf *out, const struct sc_drive *drive, struct sc_random *random) {
  if (sc_options_flag(drive->options, SC_DRIVE_OPT_CBOR)) {
    sc_cbor_add(out, SC_CBOR_MAP, 2);
    sc_cbor_add_text(out, SC_SLICE_LITERAL("StreamName"));
    sc_cbor_add_text(out, sc_slice_str(drive->stream));
    sc_cbor_add_text(out, SC_SLICE_LITERAL("Records"));
    sc_cbor_add(out, SC_CBOR_ARRAY, RECORDS_A_CALL);
    add_records(out, random, drive, true);
  } else {
    sc_buf_add_str(out, "{\"StreamName\":");
    sc_buf_add_json_string(out, sc_slice_str(drive->stream));
    sc_buf_add_str(out, ",\"Records\":[");
    add_records(out, random, drive, false);
    sc_buf_add_str(out, "]}");
  }
}

void *sc_drive_put_prepare(const struct sc_drive *drive) {
  struct sc_buf *requests = sc_alloc_zero(REQUESTS, sizeof(*requests));
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

/* Until the item is due, by --rate. */
static void wait_for(const struct lane *lane, uint64_t item) {
  int64_t rate = sc_options_int(lane->drive->options, SC_DRIVE_OPT_RATE);
  if (rate == 0) return;
  int64_t due_us = lane->drive->start_us + (int64_t)item * RECORDS_A_CALL * 1000000 / rate, now_us = sc_clock_mono_us();
  if (due_us > now_us) usleep((useconds_t)(due_us - now_us));
}

static bool next(void *opaque, struct sc_client_call *call) {
  struct lane *lane = opaque;
  const struct sc_buf *requests = lane->drive->shared;
  uint64_t item;
  if (!sc_drive_take_item(lane->drive, &item)) return false;
  wait_for(lane, item);
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
