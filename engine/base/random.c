#include "engine/base/random.h"

#include <stdbool.h>

#include "engine/base/error.h"

/* splitmix64: spreads a seed over the state; never gives four zeros. */
static uint64_t next_seed(uint64_t *x) {
  uint64_t z = (*x += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void sc_random_init(struct sc_random *r, uint64_t seed) {
  for (int i = 0; i < 4; i++) r->s[i] = next_seed(&seed);
}

static uint64_t rotate_left(uint64_t x, int n) { return (x << n) | (x >> (64 - n)); }

uint64_t sc_random_u64(struct sc_random *r) {
  uint64_t result = rotate_left(r->s[1] * 5, 7) * 9;
  uint64_t t = r->s[1] << 17;
  r->s[2] ^= r->s[0];
  r->s[3] ^= r->s[1];
  r->s[1] ^= r->s[2];
  r->s[0] ^= r->s[3];
  r->s[2] ^= t;
  r->s[3] = rotate_left(r->s[3], 45);
  return result;
}

uint64_t sc_random_below(struct sc_random *r, uint64_t bound) {
  SC_ASSERT(bound > 0);
  uint64_t unfair = (0 - bound) % bound; /* 2^64 mod bound: that many values would come once too often */
  uint64_t x;
  do x = sc_random_u64(r);
  while (x < unfair);
  return x % bound;
}

double sc_random_unit(struct sc_random *r) { return (double)(sc_random_u64(r) >> 11) * 0x1p-53; }

int64_t sc_random_backoff_ms(struct sc_random *r, int64_t base_ms, int64_t cap_ms, unsigned attempt) {
  SC_ASSERT(base_ms >= 0 && cap_ms >= 0);
  bool capped = attempt >= 62 || base_ms > (cap_ms >> attempt);
  int64_t most = capped ? cap_ms : base_ms << attempt;
  return (int64_t)sc_random_below(r, (uint64_t)most + 1);
}
