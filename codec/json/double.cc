#include "codec/json/double.h"

#include <charconv>

bool sc_json_double_read(const char *text, size_t len, double *out) {
  std::from_chars_result result = std::from_chars(text, text + len, *out);
  return result.ec == std::errc() && result.ptr == text + len;
}
