#include "bench/local/base/writer.h"

#include <inttypes.h>

#include "codec/wire/cbor.h"

static void begin_value(struct scl_writer *w, const char *name) {
  bool is_json = w->format == SCL_FORMAT_JSON;
  if (is_json && w->has_before) sc_buf_add_char(w->out, ',');
  w->has_before = true;
  if (name == NULL) return;
  if (!is_json) {
    sc_cbor_add_text(w->out, sc_slice_str(name));
    return;
  }
  sc_buf_add_char(w->out, '"');
  sc_buf_add_str(w->out, name);
  sc_buf_add(w->out, "\":", 2);
}

static void open_container(struct scl_writer *w, const char *name, enum sc_cbor_major major, char bracket) {
  begin_value(w, name);
  if (w->format == SCL_FORMAT_CBOR) sc_cbor_open(w->out, major);
  else sc_buf_add_char(w->out, bracket);
  w->has_before = false;
}

static void close_container(struct scl_writer *w, char bracket) {
  if (w->format == SCL_FORMAT_CBOR) sc_cbor_close(w->out);
  else sc_buf_add_char(w->out, bracket);
  w->has_before = true;
}

void scl_writer_open_map(struct scl_writer *w, const char *name) { open_container(w, name, SC_CBOR_MAP, '{'); }
void scl_writer_close_map(struct scl_writer *w) { close_container(w, '}'); }
void scl_writer_open_list(struct scl_writer *w, const char *name) { open_container(w, name, SC_CBOR_ARRAY, '['); }
void scl_writer_close_list(struct scl_writer *w) { close_container(w, ']'); }

void scl_writer_text(struct scl_writer *w, const char *name, struct sc_slice text) {
  begin_value(w, name);
  if (w->format == SCL_FORMAT_CBOR) sc_cbor_add_text(w->out, text);
  else sc_buf_add_json_string(w->out, text);
}

void scl_writer_str(struct scl_writer *w, const char *name, const char *text) {
  scl_writer_text(w, name, sc_slice_str(text));
}

void scl_writer_int(struct scl_writer *w, const char *name, int64_t value) {
  begin_value(w, name);
  if (w->format == SCL_FORMAT_CBOR) sc_cbor_add_int(w->out, value);
  else sc_buf_printf(w->out, "%" PRId64, value);
}

void scl_writer_bool(struct scl_writer *w, const char *name, bool value) {
  begin_value(w, name);
  if (w->format == SCL_FORMAT_CBOR) sc_cbor_add_bool(w->out, value);
  else sc_buf_add_str(w->out, value ? "true" : "false");
}

void scl_writer_time(struct scl_writer *w, const char *name, int64_t ms) {
  begin_value(w, name);
  if (w->format == SCL_FORMAT_CBOR) {
    sc_cbor_add(w->out, SC_CBOR_TAG, SC_CBOR_TAG_EPOCH);
    sc_cbor_add_int(w->out, ms);
  } else {
    sc_buf_printf(w->out, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
  }
}
