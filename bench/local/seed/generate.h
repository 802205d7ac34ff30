/* Streams that exist from the start: --generate and --load.
 *
 * A generated stream looks as if it had been written over the last hour: it was created an hour ago, arrivals ascend
 * evenly until now, partition keys ("1", "2", ...) are routed by their MD5 as usual. A loaded stream has one record per
 * line, without the newline; empty lines are skipped; the partition key is the number of the line, arrival is now. Main
 * thread, at start.
 */
#ifndef SCL_SEED_GENERATE_H
#define SCL_SEED_GENERATE_H

#include "bench/local/seed/payload.h"
#include "bench/local/store/store.h"
#include "engine/base/error.h"

struct scl_generate {
  char stream[SCL_STORE_MAX_NAME + 1];
  uint32_t shards;
  uint64_t records;
  uint64_t seed;
  const struct scl_payload_profile *profile;
};

struct scl_load {
  char stream[SCL_STORE_MAX_NAME + 1];
  struct sc_slice path; /* view of the text that was parsed */
  uint32_t shards;
};

/* NAME[:shards=N,records=N,seed=N,profile=NAME]; defaults 1, 0, 1, sensors. SC_E_USAGE. */
int scl_generate_parse(struct sc_slice spec, struct scl_generate *out, struct sc_error *err);
/* SC_E_USAGE when the stream exists. */
int scl_generate_run(struct scl_store *store, const struct scl_generate *generate, int64_t now_ms,
                     struct sc_error *err);

/* NAME=FILE[:shards=N] */
int scl_load_parse(struct sc_slice spec, struct scl_load *out, struct sc_error *err);
int scl_load_run(struct scl_store *store, const struct scl_load *load, int64_t now_ms, struct sc_error *err);

#endif
