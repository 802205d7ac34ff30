/* The loop under test, and what its blocking call gives: a program has one of each. */
#ifndef SC_TESTS_UNIT_NET_HTTP_HTTP_LOOP_H
#define SC_TESTS_UNIT_NET_HTTP_HTTP_LOOP_H

#include "net/http/http.h"
#include "tests/unit/engine/base/check.h"

static struct sc_http *http;
static struct sc_http_loop *loop;
static struct sc_http_head head;
static struct sc_buf body;
static struct sc_error err;

/* ca: who is trusted, a PEM file; NULL without TLS. */
static inline void open_loop(const char *ca) {
  assert_int_equal(sc_http_new(ca, ca != NULL, &http, &err), SC_OK);
  assert_int_equal(sc_http_loop_new(http, NULL, 4, &loop, &err), SC_OK);
}

static inline void close_loop(void) {
  sc_http_loop_free(loop);
  sc_http_free(http);
  sc_buf_fini(&body);
}

static inline bool never(void) { return false; }

#endif
