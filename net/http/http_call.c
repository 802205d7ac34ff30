/* The blocking call of http.h: it runs a loop until its one transfer is over. */
#include "net/http/http.h"

#define STOP_LOOK_MS 100

struct call {
  struct sc_buf *body;
  size_t most_bytes;
  struct sc_http_head *head;
  struct sc_error *err;
  bool over;
};

static int call_data(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  (void)head;
  struct call *call = arg;
  if (chunk.len > call->most_bytes - call->body->len)
    return sc_error_set(err, SC_E_PROTOCOL, "a reply of more than %zu bytes", call->most_bytes);
  sc_buf_add_slice(call->body, chunk);
  return SC_OK;
}

static bool call_resume(void *arg) {
  (void)arg;
  return true;
}

static void call_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct call *call = arg;
  *call->head = *head;
  *call->err = *err;
  call->over = true;
}

int sc_http_call(struct sc_http_loop *loop, const struct sc_http_request *request, size_t most_bytes,
                 bool (*stopped)(void), struct sc_http_head *head, struct sc_buf *body, struct sc_error *err) {
  static const struct sc_http_receiver receiver = {call_data, call_resume, call_done};
  struct call call = {.body = body, .most_bytes = most_bytes, .head = head, .err = err};
  struct sc_http_request mine = *request;
  mine.receiver = &receiver;
  mine.arg = &call;
  sc_buf_clear(body);
  struct sc_http_transfer *t = sc_http_start(loop, &mine, err);
  if (t == NULL) return err->code;
  while (!call.over) {
    if (stopped()) {
      sc_http_cancel(loop, t);
      return sc_error_set(err, SC_E_STOPPED, "interrupted while waiting for %s", request->url);
    }
    sc_http_poll(loop, STOP_LOOK_MS);
  }
  return err->code;
}
