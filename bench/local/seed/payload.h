/* Payloads of --generate, by profile. The same seed always gives the same payloads: times in them count from a fixed
 * day.
 *
 * Pure but for the random state; any thread, each with its own.
 */
#ifndef SCL_SEED_PAYLOAD_H
#define SCL_SEED_PAYLOAD_H

#include "engine/base/buf.h"
#include "engine/base/random.h"

struct scl_payload {
  uint64_t number; /* of the record in its stream, from 0 */
  uint32_t key;    /* number of the partition key, from 1 */
  int64_t arrived_ms;
  uint64_t seed; /* of the stream; the order of members and the lengths of values vary with it */
};

struct scl_payload_profile {
  const char *name, *text;
  void (*write)(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out); /* appends */
};

/* NULL when there is no such profile. */
const struct scl_payload_profile *scl_payload_profile_find(struct sc_slice name);
/* "sensors, mixed, ..." */
void scl_payload_profile_names(struct sc_buf *out);

#endif
