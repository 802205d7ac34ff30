#include "bench/local/http/http.h"

#include <stdlib.h>

#include "bench/local/http/http1.h"
#include "bench/local/http/http2.h"
#include "engine/base/error.h"

#define PREFACE_LEN 24

static const char preface[PREFACE_LEN + 1] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct session {
  struct scl_conn *conn;
  void *context;
  const struct scl_protocol *inner; /* NULL: not known yet */
  void *inner_session;
  size_t n_seen; /* bytes of the preface */
};

static void *open_session(void *context, struct scl_conn *conn) {
  struct session *session = sc_alloc_zero(1, sizeof(*session));
  session->conn = conn;
  session->context = context;
  return session;
}

static bool forward(struct session *session, struct sc_slice bytes) {
  if (bytes.len == 0 || session->inner->receive(session->inner_session, bytes)) return true;
  struct scl_http1_upgrade upgrade;
  if (session->inner != &scl_http1_protocol || !scl_http1_take_upgrade(session->inner_session, &upgrade)) return false;
  session->inner->close(session->inner_session);
  session->inner = &scl_http2_protocol;
  session->inner_session = scl_http2_open_upgraded(session->context, session->conn, &upgrade);
  sc_buf_fini(&upgrade.settings);
  struct sc_slice rest = sc_slice_of(bytes.ptr + upgrade.used, bytes.len - upgrade.used);
  return rest.len == 0 || session->inner->receive(session->inner_session, rest);
}

static bool begin(struct session *session, const struct scl_protocol *inner, struct sc_slice bytes) {
  session->inner = inner;
  session->inner_session = inner->open(session->context, session->conn);
  if (inner == &scl_http1_protocol) scl_http1_allow_upgrade(session->inner_session);
  return forward(session, sc_slice_of(preface, session->n_seen)) && forward(session, bytes);
}

static bool receive(void *opaque, struct sc_slice bytes) {
  struct session *session = opaque;
  if (session->inner != NULL) return forward(session, bytes);
  size_t n = 0;
  while (n < bytes.len && session->n_seen + n < PREFACE_LEN && bytes.ptr[n] == preface[session->n_seen + n]) n++;
  if (session->n_seen + n == PREFACE_LEN) return begin(session, &scl_http2_protocol, bytes);
  if (n < bytes.len) return begin(session, &scl_http1_protocol, bytes);
  session->n_seen += n;
  return true;
}

static enum scl_conn_turn work(void *opaque, int64_t now_ms, struct scl_output *output) {
  struct session *session = opaque;
  return session->inner == NULL ? SCL_TURN_IDLE : session->inner->work(session->inner_session, now_ms, output);
}

static int wants(const void *opaque) {
  const struct session *session = opaque;
  return session->inner == NULL ? SCL_WANTS_INPUT : session->inner->wants(session->inner_session);
}

static void close_session(void *opaque) {
  struct session *session = opaque;
  if (session->inner != NULL) session->inner->close(session->inner_session);
  free(session);
}

const struct scl_protocol scl_http_protocol = {open_session, receive, work, wants, close_session};
