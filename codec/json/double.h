/* std::from_chars, the standard library's correctly rounded and locale-free reading of a double, for C. Pure, any
 * thread. */
#ifndef SC_CODEC_JSON_DOUBLE_H
#define SC_CODEC_JSON_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* text is a number by JSON's grammar, all of it. False, *out untouched, when it is too large or too small for a
 * double. */
bool sc_json_double_read(const char *text, size_t len, double *out);

#ifdef __cplusplus
}
#endif
#endif
