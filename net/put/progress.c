#include "net/put/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/log.h"

enum { TERMINAL_MS = 500, LOG_MS = 10000 };

static int64_t interval_ms(const struct sc_put_progress *p) { return p->terminal ? TERMINAL_MS : LOG_MS; }

void sc_put_progress_init(struct sc_put_progress *p, const char *what, bool quiet, int64_t now_ms) {
  *p = (struct sc_put_progress){.what = what, .quiet = quiet, .terminal = isatty(STDERR_FILENO) == 1};
  p->begun_ms = p->last_ms = now_ms;
  p->next_ms = now_ms + interval_ms(p);
}

bool sc_put_progress_is_due(const struct sc_put_progress *p, int64_t now_ms) {
  return !p->quiet && now_ms >= p->next_ms;
}

static double per_second(uint64_t n, int64_t ms) { return ms <= 0 ? 0 : (double)n * 1000 / (double)ms; }

static void show_terminal(const struct sc_put_progress *p, const struct sc_put_figures *f, double rate, double mb) {
  char line[256], share[32] = "";
  if (f->all_bytes > 0)
    snprintf(share, sizeof(share), ", %.0f %% read",
             f->read_bytes >= f->all_bytes ? 100 : (double)f->read_bytes * 100 / (double)f->all_bytes);
  snprintf(line, sizeof(line), "%s: %" PRIu64 " put, %.0f/s, %.1f MB/s%s, %" PRIu64 " again, %" PRIu64 " refused",
           p->what, f->sent.put, rate, mb, share, f->sent.retried, f->refused);
  sc_log_progress(line);
}

void sc_put_progress_show(struct sc_put_progress *p, const struct sc_put_figures *f, int64_t now_ms) {
  double rate = per_second(f->sent.put - p->last_put, now_ms - p->last_ms);
  double mb = per_second(f->sent.put_bytes - p->last_bytes, now_ms - p->last_ms) / 1e6;
  if (p->terminal) {
    show_terminal(p, f, rate, mb);
  } else {
    sc_log(SC_INFO, "putting",
           "put=%" PRIu64 " put_per_s=%.0f mb_per_s=%.1f lines=%" PRIu64 " refused=%" PRIu64 " again=%" PRIu64
           " throttled=%" PRIu64,
           f->sent.put, rate, mb, f->lines, f->refused, f->sent.retried, f->sent.throttled);
  }
  p->last_put = f->sent.put;
  p->last_bytes = f->sent.put_bytes;
  p->last_ms = now_ms;
  p->next_ms = now_ms + interval_ms(p);
}

int sc_put_progress_finish(struct sc_put_progress *p, const struct sc_put_figures *f, int64_t now_ms,
                           struct sc_error *err) {
  int64_t ms = now_ms - p->begun_ms;
  sc_log_progress("");
  if (!p->quiet)
    sc_log(SC_INFO, "done",
           "lines=%" PRIu64 " put=%" PRIu64 " empty=%" PRIu64 " refused=%" PRIu64 " not_put=%" PRIu64 " again=%" PRIu64
           " throttled=%" PRIu64 " calls=%" PRIu64 " seconds=%.1f put_per_s=%.0f mb_per_s=%.1f",
           f->lines, f->sent.put, f->empty, f->refused, f->not_put, f->sent.retried, f->sent.throttled, f->sent.calls,
           (double)ms / 1000, per_second(f->sent.put, ms), per_second(f->sent.put_bytes, ms) / 1e6);
  if (f->lines == f->sent.put + f->empty + f->refused + f->not_put) return SC_OK;
  return sc_error_set(err, SC_E_INTERNAL,
                      "counters do not add up: %" PRIu64 " lines, %" PRIu64 " put, %" PRIu64 " empty, %" PRIu64
                      " refused, %" PRIu64 " not put",
                      f->lines, f->sent.put, f->empty, f->refused, f->not_put);
}
