#include "codec/wire/crc32.h"

#include <libdeflate.h>

uint32_t sc_crc32(uint32_t crc, struct sc_slice bytes) {
  /* libdeflate takes NULL for a call without a sum to go on from. */
  return bytes.len == 0 ? crc : libdeflate_crc32(crc, bytes.ptr, bytes.len);
}
