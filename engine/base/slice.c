#include "engine/base/slice.h"

bool sc_slice_to_u64(struct sc_slice s, uint64_t *out) {
  uint64_t value = 0;
  if (s.len == 0) return false;
  for (size_t i = 0; i < s.len; i++) {
    unsigned digit = (unsigned char)s.ptr[i] - (unsigned)'0';
    if (digit > 9) return false;
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value)) return false;
  }
  *out = value;
  return true;
}

bool sc_slice_to_i64(struct sc_slice s, int64_t *out) {
  bool negative = s.len > 0 && s.ptr[0] == '-';
  uint64_t value;
  if (negative) s = sc_slice_of(s.ptr + 1, s.len - 1);
  if (!sc_slice_to_u64(s, &value)) return false;
  if (value > (uint64_t)INT64_MAX + negative) return false;
  *out = negative ? (int64_t)(0 - value) : (int64_t)value;
  return true;
}
