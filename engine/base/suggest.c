#include "engine/base/suggest.h"

enum { MOST = 64, LEAST_PREFIX = 3 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Optimal string alignment, three rows of the matrix at a time. */
static size_t edit_distance(struct sc_slice a, struct sc_slice b) {
  size_t rows[3][MOST + 1];
  for (size_t j = 0; j <= b.len; j++) rows[0][j] = j;
  for (size_t i = 1; i <= a.len; i++) {
    size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
    const char *x = a.ptr + i - 1;
    now[0] = i;
    for (size_t j = 1; j <= b.len; j++) {
      const char *y = b.ptr + j - 1;
      now[j] = least(before[j - 1] + (*x != *y), 1 + least(before[j], now[j - 1]));
      if (i > 1 && j > 1 && x[0] == y[-1] && x[-1] == y[0]) now[j] = least(now[j], earlier[j - 2] + 1);
    }
  }
  return rows[a.len % 3][b.len];
}

static bool begins(struct sc_slice s, struct sc_slice with) {
  return s.len > with.len && memcmp(s.ptr, with.ptr, with.len) == 0;
}

void sc_suggest_init(struct sc_suggest *n, struct sc_slice wanted) {
  *n = (struct sc_suggest){.wanted = wanted, .distance = (wanted.len / 3 > 2 ? wanted.len / 3 : 2) + 1};
}

void sc_suggest_try(struct sc_suggest *n, struct sc_slice name) {
  if (n->wanted.len == 0 || n->wanted.len > MOST || name.len > MOST) return;
  size_t distance = edit_distance(n->wanted, name);
  if (n->wanted.len >= LEAST_PREFIX && begins(name, n->wanted)) distance = 1;
  if (distance >= n->distance || distance >= n->wanted.len) return;
  n->distance = distance;
  n->best = name;
}
