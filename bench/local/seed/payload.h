/* Generated payloads: what --generate puts into records, by profile. The same seed gives the same payloads,
 * whenever it is asked: times in them count from a fixed day.
 *
 * Pure but for the random state; any thread with its own.
 */
#ifndef SCL_SEED_PAYLOAD_H
#define SCL_SEED_PAYLOAD_H

#include "engine/base/buf.h"
#include "engine/base/random.h"

struct scl_payload {
  uint64_t number; /* of the record in its stream, from 0 */
  uint32_t key;    /* of the partition key, from 1 */
  int64_t arrived_ms;
  uint64_t seed; /* of the stream: with it vary the order of members and what values look like */
};

struct scl_payload_profile {
  const char *name, *text;
  void (*write)(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out); /* appends */
};

/* NULL when there is none of that name. */
const struct scl_payload_profile *scl_payload_profile_find(struct sc_slice name);
/* "sensors, mixed, ..." */
void scl_payload_profile_names(struct sc_buf *out);

#endif
