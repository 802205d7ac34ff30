/* Form data, and queries of URLs: NAME=VALUE joined by &, percent-encoded, a blank as + (WHATWG URL Standard,
 * "application/x-www-form-urlencoded parsing"). Pure; any thread. */
#ifndef SCL_AUTH_FORM_H
#define SCL_AUTH_FORM_H

#include "engine/base/buf.h"

/* Decodes the first value of that name into the buffer, which holds nothing else afterwards. False when there is no
 * such name, and when the value has a % without two hexadecimal digits, or a NUL. */
bool scl_form_get(struct sc_slice form, const char *name, struct sc_buf *value);

/* The text after the first question mark of the path; empty when there is none. */
struct sc_slice scl_form_query(struct sc_slice path);

#endif
