#include "bench/local/store/hashkey.h"

/* OpenSSL's newer interface (EVP) looks the algorithm up at every call, and takes locks for it: a sixth of the cost of
 * PutRecords. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>

#include "engine/base/error.h"

bool scl_hashkey_parse(struct sc_slice text, scl_hashkey_int *out) {
  if (text.len == 0 || text.len > SCL_HASHKEY_TEXT - 1) return false;
  if (text.ptr[0] == '0' && text.len > 1) return false;
  scl_hashkey_int value = 0;
  for (size_t i = 0; i < text.len; i++) {
    unsigned digit = (unsigned)(unsigned char)text.ptr[i] - '0';
    if (digit > 9) return false;
    if (value > (SCL_HASHKEY_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

void scl_hashkey_format(scl_hashkey_int key, char out[SCL_HASHKEY_TEXT]) {
  char reversed[SCL_HASHKEY_TEXT];
  size_t n = 0;
  do {
    reversed[n++] = (char)('0' + (int)(key % 10));
    key /= 10;
  } while (key != 0);
  for (size_t i = 0; i < n; i++) out[i] = reversed[n - 1 - i];
  out[n] = '\0';
}

scl_hashkey_int scl_hashkey_of(struct sc_slice partition_key) {
  unsigned char digest[MD5_DIGEST_LENGTH];
  MD5_CTX md5;
  bool is_done = MD5_Init(&md5) == 1 && MD5_Update(&md5, partition_key.ptr, partition_key.len) == 1 &&
                 MD5_Final(digest, &md5) == 1;
  SC_ASSERT(is_done);
  scl_hashkey_int key = 0;
  for (unsigned i = 0; i < sizeof(digest); i++) key = key << 8 | digest[i];
  return key;
}

scl_hashkey_int scl_hashkey_even_start(uint32_t i, uint32_t n) {
  SC_ASSERT(i < n);
  uint64_t rest = i;
  scl_hashkey_int start = 0;
  for (int word = 0; word < 4; word++) {
    rest <<= 32;
    start = start << 32 | rest / n;
    rest %= n;
  }
  return start;
}
