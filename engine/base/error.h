/* Errors: a code, a class that decides the policy, and a text a person can act on.
 *
 * Every function that can fail returns an int: 0 (SC_OK) or a code of errors.def, and fills the
 * caller-owned struct sc_error. Would-block is a normal return (SC_AGAIN), never logged as an error.
 * The class travels with the error (librdkafka's idea); who handles the class is decided in one place
 * for each: fetch (retry, throttle, auth), write (rewind, take again, re-plan, row), control (the rest).
 *
 * No function here allocates or blocks; all may be called from any thread on its own struct.
 * Secrets never enter a text: callers pass redacted URLs (log.h).
 */
#ifndef SC_BASE_ERROR_H
#define SC_BASE_ERROR_H

#include <stdarg.h>

#include "engine/base/assert.h"

enum sc_class {
  SC_CLASS_NONE,
  SC_CLASS_RETRY,      /* the same call again after a back-off */
  SC_CLASS_REWIND,     /* give up the transaction, take the shards again, read on from the target's positions */
  SC_CLASS_TAKE_AGAIN, /* fenced: another worker raised the epoch; the take decides whose the shard is */
  SC_CLASS_REPLAN,     /* the table is not what the plan says: read the catalog again, then rewind */
  SC_CLASS_THROTTLE,   /* the service asks for a slower pace */
  SC_CLASS_AUTH,       /* credentials: refresh once, then fatal */
  SC_CLASS_ROW,        /* this record can't become a row: a dead letter */
  SC_CLASS_CONFIG,     /* the user must change something; nothing was done */
  SC_CLASS_FATAL       /* stop in order */
};

enum sc_code {
#define SC_ERROR(name, value, class, exit_status, text) SC_E_##name = value,
#include "engine/base/errors.def"
#undef SC_ERROR
};

#define SC_OK 0
#define SC_AGAIN SC_E_AGAIN

struct sc_error {
  int code;            /* enum sc_code */
  enum sc_class class; /* the code's class unless sc_error_as changed it */
  int os_errno;        /* 0 when not of the operating system */
  int http_status;     /* 0 when not of HTTP */
  int curl_code;       /* 0 when not of libcurl */
  char sqlstate[6];    /* "" when not of the database */
  char service[64];    /* the service's own name of the error, e.g. ExpiredIteratorException; "" */
  char shard[132];     /* shard id where known, else "" */
  char sequence[132];  /* sequence number where known, else "" */
  char text[768];      /* what and where; lower case, no final stop */
  char hint[512];      /* what to do; "" when there is nothing to say */
};

/* Clears, then fills code, class and text. Returns code, so that "return sc_error_set(...)" reads well. */
int sc_error_set(struct sc_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int sc_error_vset(struct sc_error *err, int code, const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));

/* As sc_error_set, with errno's text appended (": No such file or directory"). */
int sc_error_errno(struct sc_error *err, int code, int os_errno, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* sc_error_set and a hint in one; hint is taken as it stands, NULL for none. */
int sc_error_fail(struct sc_error *err, int code, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Another class than the code's own: this caller knows better what has to be done. Returns err->code. */
int sc_error_as(struct sc_error *err, enum sc_class class);

#ifdef __clang_analyzer__ /* it looks at one file at a time: here it learns that what comes back is the code */
#define sc_error_set(err, code, ...) ((void)sc_error_set(err, code, __VA_ARGS__), (code))
#define sc_error_fail(err, code, ...) ((void)sc_error_fail(err, code, __VA_ARGS__), (code))
#define sc_error_errno(err, code, ...) ((void)sc_error_errno(err, code, __VA_ARGS__), (code))
#endif

/* Puts "context: " before the text. */
void sc_error_prefix(struct sc_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sc_error_hint(struct sc_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sc_error_clear(struct sc_error *err);

/* Facts of the table errors.def; an unknown code is a programmer's mistake and aborts. */
const char *sc_error_name(int code); /* "CONFIG" */
enum sc_class sc_error_class_of(int code);
int sc_error_exit_status(int code); /* what the program exits with when this error ends it */
const char *sc_class_name(enum sc_class class);

/* Prints the reference table of codes, classes and exit statuses as Markdown (docs/errors.md). */
struct sc_buf;
void sc_error_print_reference(struct sc_buf *out);

#endif
