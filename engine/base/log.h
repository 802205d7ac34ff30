/* The log: logfmt lines on standard error, one write(2) a line, any thread.
 *
 *   ts=2026-01-02T03:04:05.678Z level=info msg="resuming 8 shards" stream=demo
 *
 * On a terminal the line is shorter: "03:04:05 resuming 8 shards stream=demo", and a progress line below it is redrawn.
 * Control characters are escaped. Secrets: nothing here knows them; callers redact with sc_log_redact_url, and options
 * marked secret (options.def) are never printed. A log that cannot be written is given up silently.
 */
#ifndef SC_BASE_LOG_H
#define SC_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum sc_level { SC_DEBUG, SC_INFO, SC_WARN, SC_ERROR_LEVEL };

/* At start, before threads: least level, and whether to write the terminal form. */
void sc_log_init(enum sc_level least, bool terminal);
bool sc_log_level_parse(const char *name, enum sc_level *out); /* debug info warn error */

/* msg is taken as it stands; fields is printf's and makes key=value pairs, NULL for none:
 * sc_log(SC_INFO, "shard ended", "shard=%s records=%llu", id, n). Values that may hold spaces or quotes go through
 * sc_log_add_field first. */
void sc_log(enum sc_level level, const char *msg, const char *fields, ...) __attribute__((format(printf, 3, 4)));
/* Adds "key=value", after a space when out is not empty; the value is quoted where logfmt wants it. */
void sc_log_add_field(struct sc_buf *out, const char *key, const char *value);
/* Logs msg, the error's text and hint, code, class and origin. */
void sc_log_error(enum sc_level level, const char *msg, const struct sc_error *err);

/* Rate limit for things that come in storms: true at most once every window_ms a place, with the number of times that
 * were not logged since. One static struct a place; thread-safe. */
struct sc_log_window {
  _Atomic int64_t next_ms;
  _Atomic uint64_t count;
};
bool sc_log_due(struct sc_log_window *w, int64_t window_ms, uint64_t *suppressed);
/* sc_log at most once every 10 seconds a place in the code, with suppressed=N: how many lines were not written since.
 */
#define sc_log_often(level, msg, ...)                       \
  do {                                                      \
    static struct sc_log_window sc_log_place;               \
    sc_log_limited(&sc_log_place, level, msg, __VA_ARGS__); \
  } while (0)
void sc_log_limited(struct sc_log_window *w, enum sc_level level, const char *msg, const char *fields, ...)
    __attribute__((format(printf, 4, 5)));

/* Copies url (or a libpq conninfo: "host=x password=y") with "***" for the user info's password, for values named like
 * secrets (pass, pwd, secret, token, key, credential, signature; any name with a percent sign) and for values that hold
 * a URL with user info. Of malformed text it covers too much rather than too little. */
void sc_log_redact_url(struct sc_buf *out, struct sc_slice url);

/* The progress line of a terminal, in UTF-8, cut to as many characters as it has columns; "" removes it. Kept below log
 * lines. No-op when not on a terminal. */
void sc_log_progress(const char *line);

#endif
