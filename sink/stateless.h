/* The calls of a sink without transactions: they do nothing and succeed. Write threads; inline, pure. */
#ifndef SC_SINK_STATELESS_H
#define SC_SINK_STATELESS_H

#include "engine/sink.h"

static inline int sc_sink_noop(struct sc_session *session, struct sc_error *err) {
  (void)session, (void)err;
  return SC_OK;
}

static inline int sc_sink_noop_commit(struct sc_session *session, const struct sc_commit_row *rows, size_t n,
                                      bool is_last, struct sc_error *err) {
  (void)session, (void)rows, (void)n, (void)is_last, (void)err;
  return SC_OK;
}

#endif
