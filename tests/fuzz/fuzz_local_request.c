/* The local service under calls of any shape. The input is a script: a line with an operation's name, then its body up
 * to a line with a single point. In a body $I stands for the last iterator an answer gave, $N for the last NextToken,
 * $Q for the last sequence number, $C for the last consumer's ARN, so that calls can follow one another.
 *
 * Every answer must be JSON or empty; a GetRecords answer goes on or ends with children, never both or neither. A
 * second service is called with the same in CBOR, and must answer the same. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/local/api/service.h"
#include "codec/json/doc.h"
#include "codec/wire/cbor.h"
#include "engine/base/clock.h"
#include "tests/fuzz/naive_cbor.h"

#define MAX_SHARDS 64
#define MAX_CALLS 50
#define MAX_DEPTH 50
#define DELAY_MS 700 /* longer than a call, shorter than two */

struct world {
  struct scl_store *store, *cbor_store;
  struct scl_service *service, *cbor_service;
  struct sc_jsondoc *parser;
  struct sc_buf iterator, token, sequence, consumer;
};

/* ---- a request in CBOR ---- */

struct translation {
  struct sc_buf out;
  bool is_deep;  /* deeper than both are sure to take */
  bool is_loose; /* the error may be worded otherwise: Data that is no base64 */
  int n_tags;    /* maps of tags that we are in: there Data is a key like others */
};

static void add_value(struct translation *t, struct sc_json value, struct sc_slice name, int depth);

static void add_double(struct sc_buf *out, double number) {
  uint64_t bits;
  memcpy(&bits, &number, sizeof(bits));
  sc_buf_add_char(out, (char)0xfb);
  for (int i = 7; i >= 0; i--) sc_buf_add_char(out, (char)(bits >> 8 * i));
}

static void add_number(struct sc_buf *out, struct sc_json value, struct sc_slice name) {
  double number = 0;
  int64_t integer;
  uint64_t large;
  bool is_time = name.len >= 9 && memcmp(name.ptr + name.len - 9, "Timestamp", 9) == 0;
  sc_json_double(value, &number);
  if (is_time) add_double(out, number);
  else if (sc_json_i64(value, &integer)) sc_cbor_add_int(out, integer);
  else if (sc_json_u64(value, &large)) sc_cbor_add(out, SC_CBOR_UINT, large);
  else add_double(out, number);
}

static void add_string(struct translation *t, struct sc_slice text, struct sc_slice name) {
  size_t len = 0;
  char *bytes = malloc(text.len + 4);
  CHECK(bytes != NULL);
  bool is_data = sc_slice_is(name, "Data") && t->n_tags == 0;
  bool is_base64 = is_data && sc_base64_decode(text.ptr, text.len, bytes, &len);
  if (is_base64) sc_cbor_add_bytes(&t->out, sc_slice_of(bytes, len));
  else sc_cbor_add_text(&t->out, text);
  t->is_loose |= is_data && !is_base64;
  free(bytes);
}

static void add_container(struct translation *t, struct sc_json value, struct sc_slice own_name, int depth) {
  bool is_tags = sc_slice_is(own_name, "Tags");
  bool is_object = sc_json_kind(value) == SC_JSON_OBJECT;
  struct sc_json_iter it = sc_json_walk(value);
  struct sc_slice name;
  struct sc_json element;
  if (depth > MAX_DEPTH) t->is_deep = true;
  if (t->is_deep) return;
  if (depth % 2 == 0) sc_cbor_open(&t->out, is_object ? SC_CBOR_MAP : SC_CBOR_ARRAY);
  else sc_cbor_add(&t->out, is_object ? SC_CBOR_MAP : SC_CBOR_ARRAY, sc_json_count(value));
  t->n_tags += is_tags;
  while (sc_json_next(&it, &name, &element)) {
    if (is_object) sc_cbor_add_text(&t->out, name);
    add_value(t, element, name, depth + 1);
  }
  t->n_tags -= is_tags;
  if (depth % 2 == 0) sc_cbor_close(&t->out);
}

static void add_value(struct translation *t, struct sc_json value, struct sc_slice name, int depth) {
  struct sc_slice text;
  bool flag;
  switch (sc_json_kind(value)) {
    case SC_JSON_STRING:
      if (sc_json_str(value, &text)) add_string(t, text, name);
      break;
    case SC_JSON_ARRAY:
    case SC_JSON_OBJECT:
      add_container(t, value, name, depth);
      break;
    case SC_JSON_BOOL:
      if (sc_json_bool(value, &flag)) sc_cbor_add_bool(&t->out, flag);
      break;
    case SC_JSON_NULL:
      sc_cbor_add_null(&t->out);
      break;
    default:
      add_number(&t->out, value, name);
  }
}

/* ---- calls ---- */

static void keep(struct sc_json value, struct sc_buf *out) {
  struct sc_slice text;
  if (!sc_json_str(value, &text)) return;
  sc_buf_clear(out);
  sc_buf_add_slice(out, text);
}

static void check(struct world *w, struct sc_slice operation, int status, struct sc_slice body) {
  struct sc_json root, list, record;
  if (body.len == 0) return;
  CHECK(sc_jsondoc_check(w->parser, body, &root) == NULL);
  CHECK((status == 200) == !sc_json_exists(sc_json_get(root, "__type")));
  bool goes_on = sc_json_exists(sc_json_get(root, "NextShardIterator"));
  bool ends = sc_json_count(sc_json_get(root, "ChildShards")) > 0;
  if (status == 200 && sc_slice_is(operation, "GetRecords")) CHECK(goes_on != ends);
  keep(sc_json_get(root, "ShardIterator"), &w->iterator);
  keep(sc_json_get(root, "NextShardIterator"), &w->iterator);
  keep(sc_json_get(root, "NextToken"), &w->token);
  keep(sc_json_get(root, "SequenceNumber"), &w->sequence);
  keep(sc_json_get(sc_json_get(root, "Consumer"), "ConsumerARN"), &w->consumer);
  list = sc_json_get(root, "Records");
  for (struct sc_json_iter it = sc_json_walk(list); sc_json_next(&it, NULL, &record);)
    keep(sc_json_get(record, "SequenceNumber"), &w->sequence);
}

/* The status; the body in *answer. */
static int call(struct scl_service *service, struct sc_slice operation, const char *type, struct sc_slice body,
                struct sc_buf *answer) {
  struct sc_buf target = SC_BUF_INIT;
  struct scl_reply reply = {0};
  sc_buf_add_str(&target, "Kinesis_20131202.");
  sc_buf_add_slice(&target, operation);
  struct scl_request request = {.method = SC_SLICE_LITERAL("POST"),
                                .path = SC_SLICE_LITERAL("/"),
                                .target = sc_buf_view(&target),
                                .content_type = sc_slice_str(type),
                                .body = body};
  scl_service_handle(service, &request, &reply);
  sc_buf_add_slice(answer, sc_buf_view(&reply.content.head));
  for (int i = 0; i < reply.content.page.n_ranges; i++)
    sc_buf_add(answer, reply.content.page.ranges[i].bytes.iov_base, reply.content.page.ranges[i].bytes.iov_len);
  sc_buf_add_slice(answer, sc_buf_view(&reply.content.tail));
  int status = reply.status;
  scl_reply_fini(&reply);
  sc_buf_fini(&target);
  return status;
}

static void check_same(struct world *w, struct sc_slice operation, const struct translation *t, int status,
                       struct sc_slice answer) {
  struct sc_buf in_cbor = SC_BUF_INIT, json = SC_BUF_INIT;
  struct naive naive;
  CHECK(call(w->cbor_service, operation, SCL_SERVICE_CBOR, sc_buf_view(&t->out), &in_cbor) == status);
  CHECK((answer.len == 0) == (in_cbor.len == 0));
  if (answer.len > 0) {
    CHECK(naive_to_json((const uint8_t *)in_cbor.ptr, in_cbor.len, &json, &naive));
    CHECK(sc_slice_equals(sc_buf_view(&json), answer) || (t->is_loose && status == 400));
  }
  sc_buf_fini(&in_cbor);
  sc_buf_fini(&json);
}

/* Calls both services, unless the body is so deep that they may differ. */
static void call_both(struct world *w, struct sc_slice operation, struct sc_slice body) {
  struct sc_buf answer = SC_BUF_INIT;
  struct translation t = {0};
  struct sc_json root;
  bool is_json = sc_jsondoc_check(w->parser, body, &root) == NULL;
  if (is_json) add_value(&t, root, sc_slice_of(NULL, 0), 0);
  if (!t.is_deep) {
    int status = call(w->service, operation, SCL_SERVICE_JSON, body, &answer);
    CHECK(status == 200 || status == 400);
    CHECK(status == 400 || is_json);
    if (is_json) check_same(w, operation, &t, status, sc_buf_view(&answer));
    check(w, operation, status, sc_buf_view(&answer));
  }
  sc_buf_fini(&answer);
  sc_buf_fini(&t.out);
}

static void fill_in(const struct world *w, struct sc_slice body, struct sc_buf *out) {
  for (size_t i = 0; i < body.len; i++) {
    char next = body.ptr[i] == '$' && i + 1 < body.len ? body.ptr[i + 1] : '\0';
    const struct sc_buf *value = next == 'I'   ? &w->iterator
                                 : next == 'N' ? &w->token
                                 : next == 'Q' ? &w->sequence
                                 : next == 'C' ? &w->consumer
                                               : NULL;
    if (value == NULL) sc_buf_add_char(out, body.ptr[i]);
    else sc_buf_add_slice(out, sc_buf_view(value));
    if (value != NULL) i++;
  }
}

/* Streams of a million shards are fine but take their time. */
static bool is_small(const struct sc_buf *body) {
  const char *at = strstr(sc_buf_str(body), "ShardCount");
  if (at == NULL) return true;
  at += strcspn(at, "0123456789");
  return strtoul(at, NULL, 10) <= MAX_SHARDS && strpbrk(at, "eE.") == NULL && strstr(at, "ShardCount") == NULL;
}

static struct sc_slice cut(struct sc_slice *rest, const char *end) {
  size_t end_len = strlen(end);
  const char *at = rest->len == 0 ? NULL : memmem(rest->ptr, rest->len, end, end_len);
  size_t len = at == NULL ? rest->len : (size_t)(at - rest->ptr), used = at == NULL ? len : len + end_len;
  struct sc_slice first = sc_slice_of(rest->ptr, len);
  *rest = sc_slice_of(rest->ptr + used, rest->len - used);
  return first;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct scl_service_settings settings = {.region = "us-east-1", .page_bytes = 1000};
  struct sc_slice rest = sc_slice_of((const char *)data, size);
  sc_clock_freeze(1000, INT64_C(1700000000123));
  struct world w = {.store = scl_store_new(0, 0), .cbor_store = scl_store_new(0, 0), .parser = sc_jsondoc_new()};
  scl_store_set_delays(w.store, DELAY_MS, DELAY_MS);
  scl_store_set_delays(w.cbor_store, DELAY_MS, DELAY_MS);
  struct scl_timebase timebase;
  scl_timebase_init(&timebase);
  w.service = scl_service_new(&settings, w.store, &timebase);
  w.cbor_service = scl_service_new(&settings, w.cbor_store, &timebase);
  for (int i = 0; i < MAX_CALLS && rest.len > 0; i++) {
    struct sc_buf body = SC_BUF_INIT;
    struct sc_slice operation = cut(&rest, "\n");
    fill_in(&w, cut(&rest, "\n.\n"), &body);
    if (is_small(&body)) call_both(&w, operation, sc_buf_view(&body));
    sc_buf_fini(&body);
    sc_clock_advance(500);
  }
  scl_service_free(w.service);
  scl_service_free(w.cbor_service);
  scl_store_free(w.store);
  scl_store_free(w.cbor_store);
  scl_timebase_fini(&timebase);
  sc_jsondoc_free(w.parser);
  sc_buf_fini(&w.iterator);
  sc_buf_fini(&w.token);
  sc_buf_fini(&w.sequence);
  sc_buf_fini(&w.consumer);
  return 0;
}
