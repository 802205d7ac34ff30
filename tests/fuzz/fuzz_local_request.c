/* The local service under calls of any shape. The input is a script: a line with an operation's name, then its body up
 * to a line with a single point. In a body $I stands for the last iterator an answer gave, $N for the last NextToken,
 * $Q for the last sequence number, so that calls can follow one another.
 *
 * Every answer must be JSON or empty; a GetRecords answer goes on or ends with children, never both or neither. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/local/service.h"
#include "codec/jsondoc.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "tests/fuzz/fuzz.h"

#define MAX_SHARDS 64
#define MAX_CALLS 50

struct world {
  struct sc_store *store;
  struct sc_service *service;
  struct sc_jsondoc *parser;
  struct sc_buf iterator, token, sequence;
};

static void keep(struct sc_json value, struct sc_buf *out) {
  struct sc_slice text;
  if (!sc_json_str(value, &text)) return;
  sc_buf_clear(out);
  sc_buf_add_slice(out, text);
}

static void check(struct world *w, struct sc_slice operation, const struct sc_reply *reply, struct sc_slice body) {
  struct sc_error err;
  struct sc_json root, list, record;
  SC_ASSERT(reply->status == 200 || reply->status == 400);
  if (body.len == 0) return;
  SC_ASSERT(sc_jsondoc_parse(w->parser, body, &root, &err) == SC_OK);
  SC_ASSERT((reply->status == 200) == !sc_json_exists(sc_json_get(root, "__type")));
  bool goes_on = sc_json_exists(sc_json_get(root, "NextShardIterator"));
  bool ends = sc_json_count(sc_json_get(root, "ChildShards")) > 0;
  if (reply->status == 200 && sc_slice_is(operation, "GetRecords")) SC_ASSERT(goes_on != ends);
  keep(sc_json_get(root, "ShardIterator"), &w->iterator);
  keep(sc_json_get(root, "NextShardIterator"), &w->iterator);
  keep(sc_json_get(root, "NextToken"), &w->token);
  keep(sc_json_get(root, "SequenceNumber"), &w->sequence);
  list = sc_json_get(root, "Records");
  for (struct sc_json_iter it = sc_json_walk(list); sc_json_next(&it, NULL, &record);)
    keep(sc_json_get(record, "SequenceNumber"), &w->sequence);
}

static void call(struct world *w, struct sc_slice operation, struct sc_slice body) {
  struct sc_buf target = SC_BUF_INIT, answer = SC_BUF_INIT;
  struct sc_reply reply = {0};
  sc_buf_add_str(&target, "Kinesis_20131202.");
  sc_buf_add_slice(&target, operation);
  struct sc_request request = {.method = SC_SLICE_LITERAL("POST"),
                               .path = SC_SLICE_LITERAL("/"),
                               .target = sc_buf_view(&target),
                               .content_type = SC_SLICE_LITERAL(SC_SERVICE_JSON),
                               .body = body};
  sc_service_handle(w->service, &request, &reply);
  sc_buf_add_slice(&answer, sc_buf_view(&reply.head));
  for (int i = 0; i < reply.page.n_ranges; i++)
    sc_buf_add(&answer, reply.page.ranges[i].iov_base, reply.page.ranges[i].iov_len);
  sc_buf_add_slice(&answer, sc_buf_view(&reply.tail));
  check(w, operation, &reply, sc_buf_view(&answer));
  sc_reply_fini(&reply);
  sc_buf_fini(&target);
  sc_buf_fini(&answer);
}

static void fill_in(const struct world *w, struct sc_slice body, struct sc_buf *out) {
  for (size_t i = 0; i < body.len; i++) {
    char next = body.ptr[i] == '$' && i + 1 < body.len ? body.ptr[i + 1] : '\0';
    const struct sc_buf *value = next == 'I'   ? &w->iterator
                                 : next == 'N' ? &w->token
                                 : next == 'Q' ? &w->sequence
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
  struct sc_service_settings settings = {.region = "us-east-1", .page_bytes = 1000};
  struct sc_slice rest = sc_slice_of((const char *)data, size);
  sc_clock_freeze(1000, INT64_C(1700000000123));
  struct world w = {.store = sc_store_new(0, 0), .parser = sc_jsondoc_new()};
  w.service = sc_service_new(&settings, w.store);
  for (int i = 0; i < MAX_CALLS && rest.len > 0; i++) {
    struct sc_buf body = SC_BUF_INIT;
    struct sc_slice operation = cut(&rest, "\n");
    fill_in(&w, cut(&rest, "\n.\n"), &body);
    if (is_small(&body)) call(&w, operation, sc_buf_view(&body));
    sc_buf_fini(&body);
    sc_clock_advance(500);
  }
  sc_service_free(w.service);
  sc_store_free(w.store);
  sc_jsondoc_free(w.parser);
  sc_buf_fini(&w.iterator);
  sc_buf_fini(&w.token);
  sc_buf_fini(&w.sequence);
  return 0;
}
