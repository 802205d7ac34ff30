/* The log: logfmt lines on standard error, one write(2) a line, any thread.
 *
 *   ts=2026-01-02T03:04:05.678Z level=info msg="resuming 8 shards" stream=demo
 *
 * On a terminal the line is shorter: "03:04:05 resuming 8 shards stream=demo", and a progress line below it is redrawn.
 * Values are quoted when needed; control characters are escaped. Secrets: nothing here knows them; callers redact with
 * sc_log_redact_url, and options marked secret (options.def) are never printed.
 */
#ifndef SC_BASE_LOG_H
#define SC_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum sc_level { SC_DEBUG, SC_INFO, SC_WARN, SC_ERROR_LEVEL };

/* At start, before threads: least level, and whether to write the terminal form. */
void sc_log_init(enum sc_level least, bool terminal);
bool sc_log_level_parse(const char *name, enum sc_level *out); /* debug info warn error */

/* msg is printf's; fields ride in it as "msg text" plus key=value pairs made by the caller:
 * sc_log(SC_INFO, "shard ended", "shard=%s records=%llu", id, n). fields may be NULL. */
void sc_log(enum sc_level level, const char *msg, const char *fields, ...) __attribute__((format(printf, 3, 4)));
/* Logs msg, the error's text and hint, code, class and origin. */
void sc_log_error(enum sc_level level, const char *msg, const struct sc_error *err);

/* Rate limit for things that come in storms: true at most once every window_ms a place, with the number of times that
 * were not logged since. One static struct a place; thread-safe. */
struct sc_log_window {
  _Atomic int64_t next_ms;
  _Atomic uint64_t count;
};
bool sc_log_due(struct sc_log_window *w, int64_t window_ms, uint64_t *suppressed);

/* Copies url with user info's password, and query values named like secrets (password, secret, token, key), as "***". */
void sc_log_redact_url(struct sc_buf *out, struct sc_slice url);

/* The progress line of a terminal; "" removes it. Kept below log lines. No-op when not on a terminal. */
void sc_log_progress(const char *line);

#endif
