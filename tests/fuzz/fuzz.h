/* What the fuzz targets share: a copy with the padding a body has, and a check that says what it expected. */
#ifndef SC_TESTS_FUZZ_FUZZ_H
#define SC_TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      abort();                                                                  \
    }                                                                           \
  } while (0)

/* The bytes with SC_BODY_PADDING behind them that look like more of the same text. Freed by the caller. */
static inline char *padded_copy(const uint8_t *data, size_t size) {
  static const char padding[] =
      "12345678]}"
      "\"\"}}]]0000000000,\"\"}}]]\\\\\\\\11111111,\"\"}}]]0000000000,\"\"}}]]\\\\\\\\";
  _Static_assert(sizeof(padding) > SC_BODY_PADDING, "enough to copy");
  char *body = malloc(size + SC_BODY_PADDING);
  CHECK(body != NULL);
  if (size > 0) memcpy(body, data, size);
  memcpy(body + size, padding, SC_BODY_PADDING);
  return body;
}

#endif
