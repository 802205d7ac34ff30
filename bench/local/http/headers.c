#include "bench/local/http/headers.h"

#include "engine/base/text.h"

void scl_headers_fini(struct scl_headers *headers) { sc_buf_fini(&headers->bytes); }

void scl_headers_clear(struct scl_headers *headers) {
  sc_buf_clear(&headers->bytes);
  headers->n = 0;
  headers->in_value = false;
}

static bool add_bytes(struct scl_headers *headers, struct sc_slice part) {
  if (part.len > SCL_HEADERS_MAX_BYTES - headers->bytes.len) return false;
  sc_buf_add_slice(&headers->bytes, part);
  headers->places[headers->n - 1].end = headers->bytes.len;
  return true;
}

static bool begin_header(struct scl_headers *headers) {
  if (headers->n == SCL_REQUEST_MAX_HEADERS) return false;
  size_t at = headers->bytes.len;
  headers->places[headers->n].name_at = at;
  headers->places[headers->n].value_at = at;
  headers->places[headers->n].end = at;
  headers->n++;
  headers->in_value = false;
  return true;
}

bool scl_headers_add_name(struct scl_headers *headers, struct sc_slice part) {
  if ((headers->n == 0 || headers->in_value) && !begin_header(headers)) return false;
  size_t from = headers->bytes.len;
  if (!add_bytes(headers, part)) return false;
  for (size_t i = from; i < headers->bytes.len; i++) {
    char c = headers->bytes.ptr[i];
    if (c >= 'A' && c <= 'Z') headers->bytes.ptr[i] = (char)(c + 'a' - 'A');
  }
  headers->places[headers->n - 1].value_at = headers->bytes.len;
  return true;
}

bool scl_headers_add_value(struct scl_headers *headers, struct sc_slice part) {
  SC_ASSERT(headers->n > 0);
  headers->in_value = true;
  return add_bytes(headers, part);
}

void scl_headers_finish(struct scl_headers *headers) {
  const char *bytes = headers->bytes.ptr;
  for (int i = 0; i < headers->n; i++) {
    size_t name_at = headers->places[i].name_at, value_at = headers->places[i].value_at;
    headers->views[i].name = sc_slice_of(bytes + name_at, value_at - name_at);
    headers->views[i].value = sc_text_trim(sc_slice_of(bytes + value_at, headers->places[i].end - value_at));
  }
}

struct sc_slice scl_headers_find(const struct scl_headers *headers, const char *name) {
  for (int i = 0; i < headers->n; i++)
    if (sc_slice_is(headers->views[i].name, name)) return headers->views[i].value;
  return sc_slice_of(NULL, 0);
}
