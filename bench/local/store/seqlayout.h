/* Sequence numbers, laid out as those of Kinesis are. AWS does not document the layout; it was read off the service's
 * numbers: a 186-bit integer written in 56 decimal digits, 47 nibbles from the top:
 *
 *   2 | shard created, s (9) | shard & 15 (1) | index (16) | 00 (2) | arrived, s (9) | shard (8) | 2
 *
 * Numbers ascend within a shard because the index does, and from parent to child because the child was created later.
 * Pure; any thread.
 */
#ifndef SCL_STORE_SEQLAYOUT_H
#define SCL_STORE_SEQLAYOUT_H

#include "engine/base/slice.h"

#define SCL_SEQLAYOUT_DIGITS 56
/* The index in the EndingSequenceNumber of a closed shard: above the index of every record. */
#define SCL_SEQLAYOUT_LAST_INDEX INT64_MAX

struct scl_seqlayout {
  int64_t created_s; /* 0 .. 2^36 - 1 */
  uint64_t index;    /* 0 .. INT64_MAX */
  int64_t arrived_s; /* 0 .. 2^36 - 1 */
  uint32_t shard;    /* 0 .. INT32_MAX */
};

/* Writes 56 digits and a NUL. */
void scl_seqlayout_format(const struct scl_seqlayout *seq, char out[SCL_SEQLAYOUT_DIGITS + 1]);
/* False for any text that is not a number of this layout. */
bool scl_seqlayout_parse(struct sc_slice text, struct scl_seqlayout *seq);

#endif
