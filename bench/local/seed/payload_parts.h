/* What the writers of payloads share: functions that write a value at a place with room, and return its end. Private to
 * payload*.c. Pure but for caches per thread. */
#ifndef SCL_SEED_PAYLOAD_PARTS_H
#define SCL_SEED_PAYLOAD_PARTS_H

#include "bench/local/seed/payload.h"

#define SCL_PAYLOAD_FIRST_MINUTE INT64_C(29146200) /* 2025-06-01 10:00 UTC */

static inline char *scl_payload_put(char *at, struct sc_slice text) {
  memcpy(at, text.ptr, text.len);
  return at + text.len;
}
#define SCL_PAYLOAD_PUT(at, literal) scl_payload_put(at, SC_SLICE_LITERAL(literal))

char *scl_payload_put_number(char *at, uint64_t value);
/* A number with as many decimals as it needs, up to two: 42, 42.4, 42.42. */
char *scl_payload_put_hundredths(char *at, int64_t value);
/* "2025-06-01 10:00": minutes since the epoch. */
char *scl_payload_put_minute(char *at, int64_t minute);

/* payload_bench.c */
void scl_payload_write_readings(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out);
void scl_payload_write_events(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out);
void scl_payload_write_wide(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out);
void scl_payload_write_tiny(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out);
void scl_payload_write_large(struct sc_random *random, const struct scl_payload *payload, struct sc_buf *out);

#endif
