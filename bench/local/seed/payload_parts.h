/* What the writers of payloads share: values put at a place with room. Private to payload*.c; pure but for the caches of a thread. */
#ifndef SC_LOCAL_PAYLOAD_PARTS_H
#define SC_LOCAL_PAYLOAD_PARTS_H

#include "bench/local/seed/payload.h"

#define SC_PAYLOAD_FIRST_MINUTE INT64_C(29146200) /* 2025-06-01 10:00 UTC */

static inline char *sc_payload_put(char *at, struct sc_slice text) {
  memcpy(at, text.ptr, text.len);
  return at + text.len;
}
#define SC_PAYLOAD_PUT(at, literal) sc_payload_put(at, SC_SLICE_LITERAL(literal))

char *sc_payload_put_number(char *at, uint64_t value);
/* A number with as many decimals as it needs, up to two: 42, 42.4, 42.42. */
char *sc_payload_put_hundredths(char *at, int64_t value);
/* "2025-06-01 10:00": minutes since the epoch. */
char *sc_payload_put_minute(char *at, int64_t minute);

/* payload_bench.c */
void sc_payload_write_readings(struct sc_random *random, const struct sc_payload *payload, struct sc_buf *out);
void sc_payload_write_events(struct sc_random *random, const struct sc_payload *payload, struct sc_buf *out);
void sc_payload_write_wide(struct sc_random *random, const struct sc_payload *payload, struct sc_buf *out);
void sc_payload_write_tiny(struct sc_random *random, const struct sc_payload *payload, struct sc_buf *out);
void sc_payload_write_large(struct sc_random *random, const struct sc_payload *payload, struct sc_buf *out);

#endif
