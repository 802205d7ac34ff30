/* The headers of one request, gathered part by part while an HTTP layer reads them.
 *
 * Bounds: SCL_REQUEST_MAX_HEADERS headers, SCL_HEADERS_MAX_BYTES of names and values. Names become lower case, blanks
 * around values are removed. One owner; the memory is reused for the next request.
 */
#ifndef SCL_HTTP_HEADERS_H
#define SCL_HTTP_HEADERS_H

#include "bench/local/http/exchange.h"

#define SCL_HEADERS_MAX_BYTES 16384

/* Zeroed before the first use. */
struct scl_headers {
  struct sc_buf bytes; /* name, value, name, value */
  struct {
    size_t name_at, value_at, end;
  } places[SCL_REQUEST_MAX_HEADERS];
  int n;
  bool in_value; /* the last header's name is complete */
  struct scl_header views[SCL_REQUEST_MAX_HEADERS];
};

void scl_headers_fini(struct scl_headers *headers);
void scl_headers_clear(struct scl_headers *headers);

/* Adds a part of a name, or of its value; false beyond the bounds. A name after a value begins a new header. */
bool scl_headers_add_name(struct scl_headers *headers, struct sc_slice part);
bool scl_headers_add_value(struct scl_headers *headers, struct sc_slice part);

/* Makes the views, which are valid until the next change. */
void scl_headers_finish(struct scl_headers *headers);
/* The value of the first header of that name (lower case); empty when there is none. After scl_headers_finish. */
struct sc_slice scl_headers_find(const struct scl_headers *headers, const char *name);

#endif
