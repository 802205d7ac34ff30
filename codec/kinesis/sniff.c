#include "codec/kinesis/sniff.h"

#define KPL_LEAST_BYTES 21 /* magic, digest and something between them */

static bool starts(struct sc_slice data, const char *magic, size_t len) {
  return data.len >= len && memcmp(data.ptr, magic, len) == 0;
}

const char *sc_sniff_payload(struct sc_slice data) {
  if (data.len >= KPL_LEAST_BYTES && starts(data, "\xf3\x89\x9a\xc2", 4)) return "a KPL aggregate";
  if (starts(data, "\x1f\x8b", 2)) return "gzip";
  if (starts(data, "\x78\x01", 2) || starts(data, "\x78\x5e", 2) || starts(data, "\x78\x9c", 2) ||
      starts(data, "\x78\xda", 2))
    return "zlib";
  return NULL;
}
