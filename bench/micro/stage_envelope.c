/* Envelopes: a GetRecords reply to records, in place. Reference: a copy of the body. */
#include <stdlib.h>

#include "bench/micro/stage.h"
#include "codec/kinesis/envelope_cbor.h"
#include "codec/kinesis/envelope_json.h"

typedef int open_fn(char *body, size_t len, struct sc_records *records, struct sc_error *err);

struct state {
  struct sc_slice body;
  char *room;
  struct sc_records records;
  uint32_t n;
  open_fn *open;
};

static void *open_with(const struct sc_micro_data *data, const struct sc_buf *body, open_fn *open,
                       struct sc_micro_size *size) {
  struct state *s = sc_alloc_zero(1, sizeof(*s));
  *s = (struct state){
      .body = sc_buf_view(body), .room = sc_alloc(body->len + SC_BODY_PADDING), .n = data->n, .open = open};
  memset(s->room + body->len, 0, SC_BODY_PADDING);
  *size = (struct sc_micro_size){data->n, body->len};
  return s;
}

static void *open_json(const struct sc_micro_data *data, struct sc_micro_size *size) {
  return open_with(data, &data->json, sc_envelope_json_open, size);
}

static void *open_cbor(const struct sc_micro_data *data, struct sc_micro_size *size) {
  return open_with(data, &data->cbor, sc_envelope_cbor_open, size);
}

static void close_state(void *state) {
  struct state *s = state;
  free(s->room);
  free(s->records.items);
  free(s);
}

/* The copy is not counted: a body is opened once, where it came. */
static int64_t pass(void *state) {
  struct state *s = state;
  struct sc_error err;
  memcpy(s->room, s->body.ptr, s->body.len);
  sc_micro_use(s->room);
  int64_t start = sc_micro_now_ns();
  int rc = s->open(s->room, s->body.len, &s->records, &err);
  int64_t took = sc_micro_now_ns() - start;
  SC_ASSERT(rc == SC_OK && s->records.n == s->n);
  return took;
}

static int64_t copy(void *state) {
  struct state *s = state;
  int64_t start = sc_micro_now_ns();
  memcpy(s->room, s->body.ptr, s->body.len);
  sc_micro_use(s->room);
  return sc_micro_now_ns() - start;
}

const struct sc_micro_stage sc_stage_envelope_json = {"envelope JSON", "memcpy",    "record", "body", false,
                                                      open_json,       close_state, pass,     copy};
const struct sc_micro_stage sc_stage_envelope_cbor = {"envelope CBOR", "memcpy",    "record", "body", false,
                                                      open_cbor,       close_state, pass,     copy};
