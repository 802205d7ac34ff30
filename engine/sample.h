/* A sample: which keys the records seen so far have, and what kinds of values. A table's columns are inferred from it.
 *
 * Pure: no I/O, no clock. One thread at a time owns a sample; the run's two samples are guarded by a lock (run.h).
 */
#ifndef SC_SAMPLE_H
#define SC_SAMPLE_H

#include <stdint.h>

#include "engine/base/slice.h"

enum sc_kind { /* bits: a key is seen with a set of kinds */
               SC_KIND_NULL = 1,
               SC_KIND_INTEGER = 2,  /* fits int64 and is exact in a double (|v| <= 2^53) */
               SC_KIND_LONG = 4,     /* fits int64 */
               SC_KIND_FRACTION = 8, /* at most 17 significant digits, finite in a double */
               SC_KIND_BIG = 16,     /* any other number */
               SC_KIND_BOOL = 32,
               SC_KIND_STRING = 64,
               SC_KIND_NESTED = 128, /* object or array */
               SC_KIND_TIME = 256    /* a string that is an RFC 3339 time */
};

#define SC_SAMPLE_KEY_MAX 1024 /* bytes; a longer key is no column */

/* Grows with the keys it sees, at most max_columns of them; further keys are counted only, each time they come. One
 * owner thread. */
struct sc_sample;
struct sc_sample *sc_sample_new(uint32_t max_columns);
void sc_sample_free(struct sc_sample *sample);
void sc_sample_add(struct sc_sample *sample, struct sc_slice key, unsigned kinds);
void sc_sample_add_record(struct sc_sample *sample); /* counts; call once a record that was an object */
void sc_sample_merge(struct sc_sample *into, const struct sc_sample *from); /* first-seen order: into's keys first */
uint64_t sc_sample_records(const struct sc_sample *sample);
uint32_t sc_sample_keys(const struct sc_sample *sample);
uint64_t sc_sample_keys_left_out(const struct sc_sample *sample);
struct sc_slice sc_sample_key(const struct sc_sample *sample, uint32_t i);
unsigned sc_sample_kinds(const struct sc_sample *sample, uint32_t i);

/* The type that holds all kinds seen: integer -> BIGINT, fraction -> DOUBLE, beyond either (or fractions beside
 * integers over 2^53) -> NUMERIC, boolean, string -> TEXT, times alone -> TIME, nested (beside anything) -> JSON, only
 * null -> TEXT, other mixtures -> TEXT. */
enum sc_inferred {
  SC_INFER_BIGINT,
  SC_INFER_DOUBLE,
  SC_INFER_NUMERIC,
  SC_INFER_BOOL,
  SC_INFER_TEXT,
  SC_INFER_JSON,
  SC_INFER_TIME /* text, unless --infer-timestamps */
};
enum sc_inferred sc_infer(unsigned kinds);

#endif
