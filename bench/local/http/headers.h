/* The headers of one request, gathered part by part as an HTTP layer reads them.
 *
 * Bounds: SC_REQUEST_MAX_HEADERS headers, SC_HEADERS_MAX_BYTES of names and values. Names are kept in lower case, values
 * without the blanks around them. One owner; the memory is kept for the next request.
 */
#ifndef SC_LOCAL_HEADERS_H
#define SC_LOCAL_HEADERS_H

#include "bench/local/http/exchange.h"

#define SC_HEADERS_MAX_BYTES 16384

/* Zero before the first use. */
struct sc_headers {
  struct sc_buf bytes; /* name, value, name, value */
  struct {
    size_t name_at, value_at, end;
  } places[SC_REQUEST_MAX_HEADERS];
  int n;
  bool in_value; /* the last header's name is complete */
  struct sc_header views[SC_REQUEST_MAX_HEADERS];
};

void sc_headers_fini(struct sc_headers *headers);
void sc_headers_clear(struct sc_headers *headers);

/* A part of a name, or of the value behind it; false beyond the bounds. A name behind a value begins a new header. */
bool sc_headers_add_name(struct sc_headers *headers, struct sc_slice part);
bool sc_headers_add_value(struct sc_headers *headers, struct sc_slice part);

/* Makes the views, good until the next change. */
void sc_headers_finish(struct sc_headers *headers);
/* The value of the first header of that name (lower case); empty when there is none. Behind sc_headers_finish. */
struct sc_slice sc_headers_find(const struct sc_headers *headers, const char *name);

#endif
