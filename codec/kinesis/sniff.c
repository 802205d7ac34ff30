#include "codec/kinesis/sniff.h"

#define KPL_LEAST_BYTES 21 /* magic, digest and something between them */

static bool starts(struct sc_slice data, const char *magic, size_t len) {
  return data.len >= len && memcmp(data.ptr, magic, len) == 0;
}

const char *sc_sniff_payload(struct sc_slice data) {
  if (data.len >= KPL_LEAST_BYTES && starts(data, "\xf3\x89\x9a\xc2", 4)) return "KPL aggregate";
  if (starts(data, "\x1f\x8b", 2)) return "gzip";
  if (starts(data, "\x78\x01", 2) || starts(data, "\x78\x5e", 2) || starts(data, "\x78\x9c", 2) ||
      starts(data, "\x78\xda", 2))
    return "zlib";
  return NULL;
}

const char *sc_sniff_records(const struct sc_record *records, uint32_t n, uint32_t *which) {
  for (uint32_t i = 0; i < n; i++) {
    if (records[i].data.len == 0 || *records[i].data.ptr == '{') continue;
    const char *name = sc_sniff_payload(records[i].data);
    if (name == NULL) continue;
    *which = i;
    return name;
  }
  return NULL;
}
