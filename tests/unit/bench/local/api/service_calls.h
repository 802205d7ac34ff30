/* A service in memory at a frozen clock, and calls to it. */
#ifndef SC_TESTS_UNIT_BENCH_LOCAL_API_SERVICE_CALLS_H
#define SC_TESTS_UNIT_BENCH_LOCAL_API_SERVICE_CALLS_H

#include <stdio.h>

#include "bench/local/api/service.h"
#include "engine/base/clock.h"
#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000123)

struct world {
  struct scl_timebase timebase;
  struct scl_store *store;
  struct scl_service *service;
  int status;
  struct scl_delivery delivery;
  const char *content_type;
  struct sc_buf body; /* of the last reply */
};

static inline void begin_with(struct world *w, struct scl_service_settings settings, int64_t create_ms) {
  sc_clock_freeze(1000, NOW);
  *w = (struct world){.store = scl_store_new(create_ms, 0)};
  scl_timebase_init(&w->timebase);
  w->service = scl_service_new(&settings, w->store, &w->timebase);
}

static inline void begin(struct world *w) {
  begin_with(w, (struct scl_service_settings){.region = "eu-west-1", .page_bytes = SCL_SERVICE_PAGE_BYTES}, 0);
}

static inline void end(struct world *w) {
  scl_service_free(w->service);
  scl_store_free(w->store);
  scl_timebase_fini(&w->timebase);
  sc_buf_fini(&w->body);
  sc_clock_real();
}

static inline void request(struct world *w, const struct scl_request *request) {
  struct scl_reply reply = {0};
  scl_service_handle(w->service, request, &reply);
  w->status = reply.status;
  w->content_type = reply.content_type;
  w->delivery = reply.delivery;
  sc_buf_clear(&w->body);
  sc_buf_add_slice(&w->body, sc_buf_view(&reply.content.head));
  for (int i = 0; i < reply.content.page.n_ranges; i++)
    sc_buf_add(&w->body, reply.content.page.ranges[i].bytes.iov_base, reply.content.page.ranges[i].bytes.iov_len);
  sc_buf_add_slice(&w->body, sc_buf_view(&reply.content.tail));
  assert_int_equal(w->body.len, scl_content_len(&reply.content));
  scl_reply_fini(&reply);
}

static inline void call_as(struct world *w, const char *operation, const char *content_type, struct sc_slice body) {
  char target[128];
  snprintf(target, sizeof(target), "Kinesis_20131202.%s", operation);
  struct scl_request what = {.method = SC_SLICE_LITERAL("POST"),
                             .path = SC_SLICE_LITERAL("/"),
                             .target = sc_slice_str(target),
                             .content_type = sc_slice_str(content_type),
                             .body = body,
                             .from_loopback = true};
  request(w, &what);
}

/* The body of the answer. */
static inline const char *call(struct world *w, const char *operation, const char *body) {
  call_as(w, operation, SCL_SERVICE_JSON, sc_slice_str(body));
  return sc_buf_str(&w->body);
}

static inline void admin(struct world *w, const char *method, const char *path, const char *body) {
  struct scl_request what = {
      .method = sc_slice_str(method), .path = sc_slice_str(path), .body = sc_slice_str(body), .from_loopback = true};
  request(w, &what);
}

/* A call that must work. */
static inline const char *must(struct world *w, const char *operation, const char *body) {
  call(w, operation, body);
  if (w->status != 200) fail_msg("%s %s: %d %s", operation, body, w->status, sc_buf_str(&w->body));
  return sc_buf_str(&w->body);
}

static inline void refused(struct world *w, const char *operation, const char *body, const char *answer) {
  assert_string_equal(call(w, operation, body), answer);
  assert_int_equal(w->status, 400);
}

/* The string value of the first member of that name in the last reply, copied; "" when there is none. */
static inline const char *member(struct world *w, const char *name, char out[600]) {
  char quoted[64];
  snprintf(quoted, sizeof(quoted), "\"%s\":\"", name);
  const char *at = strstr(sc_buf_str(&w->body), quoted);
  out[0] = '\0';
  if (at == NULL) return out;
  at += strlen(quoted);
  size_t len = strcspn(at, "\"");
  assert_true(len < 600);
  memcpy(out, at, len);
  out[len] = '\0';
  return out;
}

static inline int count(const char *text, const char *what) {
  int n = 0;
  for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what)) n++;
  return n;
}

#endif
