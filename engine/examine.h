/* What `shardcopy doctor` finds, one line each on standard output as soon as it is known:
 *
 *   ok    clock: 0.1 s behind the service's
 *   FAIL  kinesis:GetRecords: not authorized to perform kinesis:GetRecords
 *         hint: allow kinesis:GetRecords on the stream in the IAM policy of these credentials
 *
 * Sources and sinks tell what they look at (source.h, sink.h, examine). Control thread.
 */
#ifndef SC_EXAMINE_H
#define SC_EXAMINE_H

#include "engine/base/error.h"

struct sc_examine {
  unsigned n_failed;
  struct sc_error first; /* of those that failed */
};

/* what: "clock". A fact that stands in a load's way is told by fail, one worth knowing by note. */
void sc_examine_ok(const char *what, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sc_examine_note(const char *what, const char *hint, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void sc_examine_fail(struct sc_examine *x, const char *what, const struct sc_error *err);

#endif
