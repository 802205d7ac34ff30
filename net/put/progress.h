/* What a person sees of a put: a progress line on a terminal, a log line every 10 s elsewhere, a summary at the end. */
#ifndef SC_NET_PUT_PROGRESS_H
#define SC_NET_PUT_PROGRESS_H

#include "net/put/sender.h"

/* lines = put + empty + refused + not_put; the last is 0 when all went well. */
struct sc_put_figures {
  struct sc_put_counts sent;
  uint64_t lines, empty, refused, not_put;
  uint64_t read_bytes, all_bytes; /* of the input; all_bytes 0: unknown */
};

struct sc_put_progress {
  const char *what; /* the stream's name */
  bool quiet, terminal;
  int64_t begun_ms, next_ms, last_ms;
  uint64_t last_put, last_bytes;
};

void sc_put_progress_init(struct sc_put_progress *p, const char *what, bool quiet, int64_t now_ms);
bool sc_put_progress_is_due(const struct sc_put_progress *p, int64_t now_ms);
void sc_put_progress_show(struct sc_put_progress *p, const struct sc_put_figures *f, int64_t now_ms);
/* The summary. SC_E_INTERNAL when the figures do not add up. */
int sc_put_progress_finish(struct sc_put_progress *p, const struct sc_put_figures *f, int64_t now_ms,
                           struct sc_error *err);

#endif
