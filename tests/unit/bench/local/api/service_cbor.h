/* Calls to a service in CBOR, written as cbor_text.h says. */
#ifndef SC_TESTS_UNIT_BENCH_LOCAL_API_SERVICE_CBOR_H
#define SC_TESTS_UNIT_BENCH_LOCAL_API_SERVICE_CBOR_H

#include "tests/unit/bench/local/api/service_calls.h"
#include "tests/unit/codec/wire/cbor_text.h"

/* An answer in CBOR, as a test may write it. */
static inline void answers(struct world *w, int status, const char *want) {
  struct sc_buf bytes = SC_BUF_INIT;
  assert_int_equal(w->status, status);
  assert_string_equal(w->content_type, SCL_SERVICE_CBOR);
  if (!sc_slice_equals(sc_buf_view(&w->body), cbor_text(&bytes, want))) {
    for (size_t i = 0; i < w->body.len; i++) print_error("%02x", (unsigned char)w->body.ptr[i]);
    fail_msg(" is not %s", want);
  }
  sc_buf_fini(&bytes);
}

static inline void call_cbor(struct world *w, const char *operation, const char *body) {
  struct sc_buf bytes = SC_BUF_INIT;
  call_as(w, operation, SCL_SERVICE_CBOR, cbor_text(&bytes, body));
  sc_buf_fini(&bytes);
}

#endif
