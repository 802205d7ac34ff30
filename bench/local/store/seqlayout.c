#include "bench/local/store/seqlayout.h"

#include "engine/base/error.h"

#define VERSION 2
#define SECONDS_MASK ((UINT64_C(1) << 36) - 1)
#define TEN_19 UINT64_C(10000000000000000000)

/* 192 bits, least limb first. */
struct wide {
  uint64_t limb[3];
};

static struct wide pack(const struct scl_seqlayout *seq) {
  uint64_t arrived = (uint64_t)seq->arrived_s;
  return (struct wide){
      {VERSION | (uint64_t)seq->shard << 4 | arrived << 36, (arrived >> 28) | seq->index << 16,
       seq->index >> 48 | (uint64_t)(seq->shard & 15) << 16 | (uint64_t)seq->created_s << 20 | UINT64_C(2) << 56}};
}

/* Divides n by 10^19 in place; returns the remainder. */
static uint64_t take_19_digits(struct wide *n) {
  unsigned __int128 rest = 0;
  for (int i = 2; i >= 0; i--) {
    rest = rest << 64 | n->limb[i];
    n->limb[i] = (uint64_t)(rest / TEN_19);
    rest %= TEN_19;
  }
  return (uint64_t)rest;
}

/* Two digits a step, since each division waits for the one before and this runs for every record that is put. */
static void put_digits(char *out, int n, uint64_t value) {
  static const char pairs[] =
      "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849505152535455"
      "5657"
      "585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
  for (; n >= 2; value /= 100) {
    n -= 2;
    memcpy(out + n, pairs + value % 100 * 2, 2);
  }
  if (n == 1) *out = (char)('0' + value % 10);
}

void scl_seqlayout_format(const struct scl_seqlayout *seq, char out[SCL_SEQLAYOUT_DIGITS + 1]) {
  SC_ASSERT(seq->created_s >= 0 && (uint64_t)seq->created_s <= SECONDS_MASK);
  SC_ASSERT(seq->arrived_s >= 0 && (uint64_t)seq->arrived_s <= SECONDS_MASK);
  SC_ASSERT(seq->shard <= INT32_MAX && seq->index <= INT64_MAX);
  struct wide n = pack(seq);
  put_digits(out + 37, 19, take_19_digits(&n));
  put_digits(out + 18, 19, take_19_digits(&n));
  put_digits(out, 18, n.limb[0]);
  out[SCL_SEQLAYOUT_DIGITS] = '\0';
}

/* False when the result would pass 192 bits. */
static bool multiply_add(struct wide *n, unsigned digit) {
  unsigned __int128 carry = digit;
  for (int i = 0; i < 3; i++) {
    carry += (unsigned __int128)n->limb[i] * 10;
    n->limb[i] = (uint64_t)carry;
    carry >>= 64;
  }
  return carry == 0;
}

static bool parse_decimal(struct sc_slice text, struct wide *n) {
  if (text.len == 0 || text.len > SCL_SEQLAYOUT_DIGITS) return false;
  for (size_t i = 0; i < text.len; i++) {
    unsigned digit = (unsigned)(unsigned char)text.ptr[i] - '0';
    if (digit > 9 || !multiply_add(n, digit)) return false;
  }
  return true;
}

bool scl_seqlayout_parse(struct sc_slice text, struct scl_seqlayout *seq) {
  struct wide n = {{0}};
  if (!parse_decimal(text, &n)) return false;
  *seq = (struct scl_seqlayout){
      .created_s = (int64_t)(n.limb[2] >> 20 & SECONDS_MASK),
      .index = n.limb[1] >> 16 | n.limb[2] << 48,
      .arrived_s = (int64_t)((n.limb[0] >> 36 | n.limb[1] << 28) & SECONDS_MASK),
      .shard = (uint32_t)(n.limb[0] >> 4),
  };
  if (seq->shard > INT32_MAX || seq->index > INT64_MAX) return false;
  /* The fixed nibbles and the copy of the shard's low nibble must be what pack makes of the rest. */
  struct wide again = pack(seq);
  return memcmp(&again, &n, sizeof(n)) == 0;
}
