/* A connection over HTTP/2 between nghttp2 and the service's own protocol, over a socket pair; the handler says what it
 * was asked. What the tests of HTTP/2 share. */
#ifndef SC_TESTS_UNIT_BENCH_LOCAL_HTTP_HTTP2_WORLD_H
#define SC_TESTS_UNIT_BENCH_LOCAL_HTTP_HTTP2_WORLD_H

#include "bench/local/http/headers.h"
#include "bench/local/http/http2.h"
#include "tests/unit/bench/local/api/next_reply.h"
#include "tests/unit/bench/local/http/h2_client.h"

struct world {
  struct h2_client client;
  struct scl_handler handler;
  struct next_reply next;
  size_t pad;         /* bytes more in the next replies */
  struct sc_buf seen; /* method path target body headers; a line a request */
};

static inline void handle(void *context, const struct scl_request *request, struct scl_reply *reply) {
  struct world *w = context;
  sc_buf_printf(&w->seen, "%.*s %.*s %.*s [%zu]", SC_SLICE_ARGS(request->method), SC_SLICE_ARGS(request->path),
                SC_SLICE_ARGS(request->target), request->body.len);
  for (int i = 0; i < request->n_headers; i++)
    sc_buf_printf(&w->seen, " %.*s=%.*s", SC_SLICE_ARGS(request->headers[i].name),
                  SC_SLICE_ARGS(request->headers[i].value));
  sc_buf_add_char(&w->seen, '\n');
  next_reply_fill(&w->next, reply);
  sc_buf_add_str(&reply->content.head, "hello ");
  for (size_t i = 0; i < w->pad; i++) sc_buf_add_char(&reply->content.tail, (char)('a' + i % 26));
  sc_buf_add_str(&reply->content.tail, "world");
}

static inline void begin_with(struct world *w, int streams, uint32_t window) {
  *w = (struct world){.handler = {handle, w, streams}};
  next_reply_init(&w->next);
  w->next.retry_after_ms = 7;
  h2_open(&w->client, &scl_http2_protocol, &w->handler, window);
}

static inline void begin(struct world *w) { begin_with(w, 0, 0); }

static inline void end(struct world *w) {
  h2_close(&w->client);
  next_reply_fini(&w->next);
  sc_buf_fini(&w->seen);
}

static inline struct h2_answer *ask(struct world *w) {
  int32_t id = h2_ask(&w->client, "POST", "/", NULL);
  h2_run(&w->client, 1);
  return h2_answer_of(&w->client, id);
}

#define check_body(answer, text) assert_string_equal(sc_buf_str(&(answer)->body), text)

static inline void check_closed(const struct h2_answer *answer, uint32_t code) {
  assert_true(answer->is_closed);
  assert_int_equal(answer->code, code);
}

#endif
