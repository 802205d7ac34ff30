/* The reference of JSON to cells: simdjson's on-demand parser (version of the system) over the same records. Every
 * value is read by its type, nested ones to the bottom; strings are unescaped, numbers parsed, nothing is kept. */
#ifndef SC_BENCH_MICRO_SIMDJSON_WALK_H
#define SC_BENCH_MICRO_SIMDJSON_WALK_H

#include "engine/base/slice.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sc_simdjson_walk;

struct sc_simdjson_walk *sc_simdjson_walk_new(void);
void sc_simdjson_walk_free(struct sc_simdjson_walk *walk);
/* Adds the number of values in the record to *count (a sum to keep the compiler honest); false when it is no JSON.
 * Behind it SC_SIMDJSON_WALK_PADDING bytes must be readable. */
#define SC_SIMDJSON_WALK_PADDING 64
bool sc_simdjson_walk_record(struct sc_simdjson_walk *walk, struct sc_slice record, uint64_t *count);

#ifdef __cplusplus
}
#endif
#endif
