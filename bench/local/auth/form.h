/* Form data, and the query of a URL: NAME=VALUE joined by &, percent-encoded, a blank as + (WHATWG URL, 5.1). Pure; any
 * thread. */
#ifndef SCL_AUTH_FORM_H
#define SCL_AUTH_FORM_H

#include "engine/base/buf.h"

/* The first value of that name, decoded, as the buffer's only contents. False when there is none, or when it is no
 * text: a % without two hexadecimal digits, a NUL. */
bool scl_form_get(struct sc_slice form, const char *name, struct sc_buf *value);

/* What is behind the path's first question mark; empty when there is none. */
struct sc_slice scl_form_query(struct sc_slice path);

#endif
