/* A small seeded generator (xoshiro256**, Blackman and Vigna) for jitter, simulations and generated data. Not for
 * secrets. */
#ifndef SC_BASE_RANDOM_H
#define SC_BASE_RANDOM_H

#include <stdint.h>

struct sc_random {
  uint64_t s[4];
};

void sc_random_init(struct sc_random *r, uint64_t seed);
uint64_t sc_random_u64(struct sc_random *r);
uint64_t sc_random_below(struct sc_random *r, uint64_t bound); /* 0..bound-1, bound > 0 */
double sc_random_unit(struct sc_random *r);                    /* [0, 1) */
/* Full jitter (AWS Architecture Blog): uniform in [0, min(cap_ms, base_ms * 2^attempt)], attempt from 0. */
int64_t sc_random_backoff_ms(struct sc_random *r, int64_t base_ms, int64_t cap_ms, unsigned attempt);

#endif
