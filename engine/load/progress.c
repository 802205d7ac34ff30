#include "engine/load/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/base/log.h"
#include "engine/lineage.h"

enum { TERMINAL_MS = 500, LOG_MS = 10000 };

void sc_progress_init(struct sc_progress *p, const char *what, bool quiet) {
  *p = (struct sc_progress){.what = what, .quiet = quiet, .terminal = isatty(STDERR_FILENO) == 1};
  for (int i = 0; i < SC_METRICS; i++) p->before[i] = sc_metric_sum((enum sc_metric)i);
}

void sc_progress_begin(struct sc_progress *p, int64_t now_ms) {
  p->begun_ms = p->last_ms = now_ms;
  p->next_ms = now_ms + (p->terminal ? TERMINAL_MS : LOG_MS);
}

uint64_t sc_progress_count(const struct sc_progress *p, enum sc_metric id) { return sc_metric_sum(id) - p->before[id]; }

static double per_second(uint64_t n, int64_t ms) { return ms <= 0 ? 0 : (double)n * 1000 / (double)ms; }

/* "-", "4.3s", "12m05s", "1h27m", "3d04h": a terminal is narrow. */
static void format_lag(int64_t ms, char out[32]) {
  int64_t s = ms / 1000;
  if (ms < 0) {
    snprintf(out, 32, "-");
  } else if (s < 60) {
    snprintf(out, 32, "%.1fs", (double)ms / 1000);
  } else if (s < 3600) {
    snprintf(out, 32, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
  } else if (s < 86400) {
    snprintf(out, 32, "%" PRId64 "h%02" PRId64 "m", s / 3600, s % 3600 / 60);
  } else {
    snprintf(out, 32, "%" PRId64 "d%02" PRId64 "h", s / 86400, s % 86400 / 3600);
  }
}

bool sc_progress_is_due(const struct sc_progress *p, int64_t now_ms) { return !p->quiet && now_ms >= p->next_ms; }

void sc_progress_show(struct sc_progress *p, const struct sc_lineage_counts *shards, int64_t lag_ms, int64_t now_ms) {
  uint64_t rows = sc_progress_count(p, SC_M_ROWS), bytes = sc_progress_count(p, SC_M_RECORD_BYTES);
  uint64_t dead = sc_progress_count(p, SC_M_DEAD_LETTERS);
  double rate = per_second(rows - p->last_rows, now_ms - p->last_ms);
  double mb = per_second(bytes - p->last_bytes, now_ms - p->last_ms) / 1e6;
  size_t done = shards->ended + shards->at_tip;
  char lag[32];
  format_lag(lag_ms, lag);
  if (p->terminal) {
    char line[256];
    snprintf(line, sizeof(line),
             "%s: %" PRIu64 " rows, %.0f/s, %.1f MB/s, %zu/%zu shards, lag %s, %" PRIu64 " dead letters", p->what, rows,
             rate, mb, done, shards->known, lag, dead);
    sc_log_progress(line);
  } else {
    sc_log(SC_INFO, "loading",
           "rows=%" PRIu64 " rows_per_s=%.0f mb_per_s=%.1f shards_done=%zu shards=%zu lag=%s dead_letters=%" PRIu64,
           rows, rate, mb, done, shards->known, lag, dead);
  }
  p->last_rows = rows;
  p->last_bytes = bytes;
  p->last_ms = now_ms;
  p->next_ms = now_ms + (p->terminal ? TERMINAL_MS : LOG_MS);
}

int sc_progress_finish(struct sc_progress *p, const struct sc_lineage_counts *shards, const char *zero_rows_why,
                       int64_t now_ms, struct sc_error *err) {
  uint64_t in = sc_progress_count(p, SC_M_RECORDS_IN), rows = sc_progress_count(p, SC_M_ROWS),
           dead = sc_progress_count(p, SC_M_DEAD_LETTERS);
  uint64_t extra = sc_progress_count(p, SC_M_EXTRA_ROWS), filtered = sc_progress_count(p, SC_M_FILTERED),
           bytes = sc_progress_count(p, SC_M_RECORD_BYTES);
  int64_t ms = now_ms - p->begun_ms;
  sc_log_progress("");
  if (!p->quiet) {
    sc_log(SC_INFO, "done",
           "records=%" PRIu64 " rows=%" PRIu64 " dead_letters=%" PRIu64 " filtered=%" PRIu64
           " seconds=%.1f rows_per_s=%.0f mb_per_s=%.1f shards=%zu ended=%zu at_tip=%zu unknown_keys=%" PRIu64
           " extra_rows=%" PRIu64,
           in, rows, dead, filtered, (double)ms / 1000, per_second(rows, ms), per_second(bytes, ms) / 1e6,
           shards->known, shards->ended, shards->at_tip, sc_progress_count(p, SC_M_UNKNOWN_KEYS), extra);
    if (rows == 0 && zero_rows_why != NULL) sc_log(SC_INFO, "no row was written", "why=\"%s\"", zero_rows_why);
  }
  if (in + extra != rows + dead + filtered)
    return sc_error_set(err, SC_E_INTERNAL,
                        "counters do not add up: %" PRIu64 " records in, %" PRIu64 " rows more than records, %" PRIu64
                        " rows, %" PRIu64 " dead letters, %" PRIu64 " filtered",
                        in, extra, rows, dead, filtered);
  return SC_OK;
}
