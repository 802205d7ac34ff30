#include "bench/local/faults/faultspec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/array.h"
#include "engine/base/text.h"

#define MAX_SHOWN 30

/* Adds a fault and begins it; NULL when the list is full. */
static struct scl_fault *grow(struct scl_faultlist *list, struct sc_error *err) {
  if (list->n == SCL_FAULTS_MAX) {
    sc_error_set(err, SC_E_USAGE, "more than %d faults", SCL_FAULTS_MAX);
    return NULL;
  }
  SC_ARRAY_ROOM(list->items, list->n, list->cap, 1);
  scl_fault_begin(&list->items[list->n]);
  return &list->items[list->n++];
}

void scl_faultlist_fini(struct scl_faultlist *list) {
  free(list->items);
  *list = (struct scl_faultlist){0};
}

/* ---- SPEC ---- */

struct cursor {
  const char *at, *end;
};

static bool is_at(const struct cursor *c, char what) { return c->at < c->end && *c->at == what; }

static void skip_blanks(struct cursor *c) {
  while (c->at < c->end && sc_text_is_blank(*c->at)) c->at++;
}

static bool take(struct cursor *c, char what) {
  skip_blanks(c);
  if (!is_at(c, what)) return false;
  c->at++;
  return true;
}

/* Takes the text before one of the characters or the end, without blanks around it. */
static struct sc_slice take_until(struct cursor *c, const char *stops) {
  skip_blanks(c);
  const char *begin = c->at;
  while (c->at < c->end && (*c->at == '\0' || strchr(stops, *c->at) == NULL)) c->at++;
  return sc_text_trim(sc_slice_of(begin, (size_t)(c->at - begin)));
}

/* Takes a value after its opening quote; false when there is no closing quote. */
static bool take_quoted(struct cursor *c, struct sc_buf *value) {
  while (c->at < c->end) {
    bool is_quote = *c->at == '"';
    if (is_quote && !(c->at + 1 < c->end && c->at[1] == '"')) {
      c->at++;
      return true;
    }
    if (is_quote) c->at++;
    sc_buf_add_char(value, *c->at++);
  }
  return false;
}

static int refuse_at(const struct cursor *c, const char *wanted, struct sc_error *err) {
  int shown = c->end - c->at > MAX_SHOWN ? MAX_SHOWN : (int)(c->end - c->at);
  sc_error_set(err, SC_E_USAGE, shown == 0 ? "%s is missing at the end%.*s" : "%s is missing before \"%.*s\"", wanted,
               shown, c->at);
  sc_error_hint(err, "faults are [OPERATION:]NAME=VALUE,NAME=VALUE... with semicolons between them");
  return SC_E_USAGE;
}

/* NAME=VALUE */
static int read_pair(struct cursor *c, struct scl_fault *fault, struct sc_error *err) {
  struct sc_slice name = take_until(c, "=,;\"");
  if (name.len == 0) return refuse_at(c, "a name", err);
  if (!take(c, '=')) return refuse_at(c, "=", err);
  if (!take(c, '"')) return scl_fault_set(fault, name, take_until(c, ",;\""), SCL_FAULT_FORM_ANY, err);
  struct sc_buf value = SC_BUF_INIT;
  int rc = take_quoted(c, &value) ? scl_fault_set(fault, name, sc_buf_view(&value), SCL_FAULT_FORM_ANY, err)
                                  : refuse_at(c, "a closing quote", err);
  sc_buf_fini(&value);
  return rc;
}

/* OPERATION:, which may be absent. */
static int read_operation(struct cursor *c, struct scl_fault *fault, struct sc_error *err) {
  struct cursor ahead = *c;
  struct sc_slice operation = take_until(&ahead, ":=,;\"");
  if (!take(&ahead, ':')) return SC_OK;
  *c = ahead;
  return scl_fault_set(fault, SC_SLICE_LITERAL("operation"), operation, SCL_FAULT_FORM_TEXT, err);
}

static int read_clause(struct cursor *c, struct scl_fault *fault, struct sc_error *err) {
  int rc = read_operation(c, fault, err);
  if (rc == SC_OK) rc = read_pair(c, fault, err);
  while (rc == SC_OK && take(c, ',')) rc = read_pair(c, fault, err);
  skip_blanks(c);
  if (rc == SC_OK && c->at < c->end && !is_at(c, ';')) return refuse_at(c, "a comma", err);
  return rc == SC_OK ? scl_fault_finish(fault, err) : rc;
}

int scl_faultspec_read(struct sc_slice spec, struct scl_faultlist *list, struct sc_error *err) {
  struct cursor c = {spec.ptr, spec.ptr + spec.len};
  int rc = SC_OK;
  for (skip_blanks(&c); rc == SC_OK && c.at < c.end; skip_blanks(&c)) {
    if (take(&c, ';')) continue;
    struct scl_fault *fault = grow(list, err);
    rc = fault == NULL ? err->code : read_clause(&c, fault, err);
  }
  if (rc != SC_OK) scl_faultlist_fini(list);
  return rc;
}

/* ---- JSON ---- */

/* The text and the form of a value; false for a list or an object. */
static bool value_text(struct sc_json value, char scratch[40], struct sc_slice *text, enum scl_fault_form *form) {
  int64_t integer;
  double number;
  bool flag;
  *form = SCL_FAULT_FORM_NUMBER;
  if (sc_json_str(value, text)) {
    *form = SCL_FAULT_FORM_TEXT;
    return true;
  }
  if (sc_json_bool(value, &flag)) {
    *form = SCL_FAULT_FORM_FLAG;
    *text = sc_slice_str(flag ? "true" : "false");
    return true;
  }
  if (sc_json_i64(value, &integer)) snprintf(scratch, 40, "%" PRId64, integer);
  else if (sc_json_double(value, &number)) snprintf(scratch, 40, "%.17g", number);
  else return false;
  *text = sc_slice_str(scratch);
  return true;
}

static int read_object(struct sc_json object, struct scl_fault *fault, struct sc_error *err) {
  struct sc_json_iter it = sc_json_walk(object);
  struct sc_json value;
  struct sc_slice name, text;
  enum scl_fault_form form;
  char scratch[40];
  int rc = SC_OK;
  while (rc == SC_OK && sc_json_next(&it, &name, &value)) {
    if (sc_json_absent(value)) continue;
    bool is_flat = value_text(value, scratch, &text, &form);
    rc = is_flat ? scl_fault_set(fault, name, text, form, err)
                 : sc_error_set(err, SC_E_USAGE, "a fault has no lists and no objects");
  }
  return rc == SC_OK ? scl_fault_finish(fault, err) : rc;
}

static int read_element(struct sc_json json, struct scl_faultlist *list, struct sc_error *err) {
  if (sc_json_kind(json) != SC_JSON_OBJECT)
    return sc_error_set(err, SC_E_USAGE, "a fault is an object; the body is a fault or a list of faults");
  struct scl_fault *fault = grow(list, err);
  return fault == NULL ? err->code : read_object(json, fault, err);
}

int scl_faultspec_read_json(struct sc_json json, struct scl_faultlist *list, struct sc_error *err) {
  struct sc_json_iter it = sc_json_walk(json);
  struct sc_json element;
  int rc = SC_OK;
  if (sc_json_kind(json) != SC_JSON_ARRAY) rc = read_element(json, list, err);
  else
    while (rc == SC_OK && sc_json_next(&it, NULL, &element)) rc = read_element(element, list, err);
  if (rc != SC_OK) scl_faultlist_fini(list);
  return rc;
}
