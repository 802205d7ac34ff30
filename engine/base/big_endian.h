/* Integers as bytes, the highest first: what COPY BINARY, event streams and CBOR have on the wire. At any address.
 * Pure, any thread. */
#ifndef SC_BASE_BIG_ENDIAN_H
#define SC_BASE_BIG_ENDIAN_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Each gives the place behind what it put. */
static inline char *sc_be_put16(char *at, uint16_t value) {
  value = htobe16(value);
  memcpy(at, &value, sizeof(value));
  return at + sizeof(value);
}

static inline char *sc_be_put32(char *at, uint32_t value) {
  value = htobe32(value);
  memcpy(at, &value, sizeof(value));
  return at + sizeof(value);
}

static inline char *sc_be_put64(char *at, uint64_t value) {
  value = htobe64(value);
  memcpy(at, &value, sizeof(value));
  return at + sizeof(value);
}

static inline uint32_t sc_be_get32(const char *at) {
  uint32_t value;
  memcpy(&value, at, sizeof(value));
  return be32toh(value);
}

static inline uint64_t sc_be_get64(const char *at) {
  uint64_t value;
  memcpy(&value, at, sizeof(value));
  return be64toh(value);
}

#endif
