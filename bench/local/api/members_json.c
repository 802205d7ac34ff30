#include <stdlib.h>

#include "bench/local/api/members_parts.h"
#include "codec/text/base64.h"

#define BLOB_PIECE 4096

static void refuse_scalar(struct scl_refusal *refusal, const struct scl_member *member, struct sc_json json) {
  bool flag = false;
  const char *found = sc_json_kind(json) == SC_JSON_STRING ? "STRING_VALUE" : "NUMBER_VALUE";
  if (sc_json_bool(json, &flag)) found = flag ? "TRUE_VALUE" : "FALSE_VALUE";
  scl_refuse_scalar(refusal, member, found);
}

static bool read_integer(struct sc_json json, int64_t *out) {
  double number;
  return sc_json_i64(json, out) || (sc_json_double(json, &number) && scl_members_integer(number, out));
}

static bool read_time(struct sc_json json, int64_t *out) {
  double seconds;
  return sc_json_double(json, &seconds) && scl_members_time(seconds, out);
}

static bool read_flag(struct sc_json json, int64_t *out) {
  bool flag;
  if (!sc_json_bool(json, &flag)) return false;
  *out = flag;
  return true;
}

/* Decodes piece by piece, so that no memory of the size of the blob is needed. */
static bool measure_base64(struct sc_slice text, uint64_t *bytes) {
  char piece[BLOB_PIECE / 4 * 3];
  *bytes = 0;
  for (size_t at = 0; at < text.len; at += BLOB_PIECE) {
    bool is_last = text.len - at <= BLOB_PIECE;
    size_t len = is_last ? text.len - at : BLOB_PIECE, decoded;
    if (!sc_base64_decode(text.ptr + at, len, piece, &decoded)) return false;
    if (!is_last && decoded < sizeof(piece)) return false; /* padding in the middle */
    *bytes += decoded;
  }
  return true;
}

static bool read_blob(struct scl_refusal *refusal, struct sc_json json, struct scl_value *value) {
  if (!sc_json_str(json, &value->text)) return false;
  value->is_base64 = true;
  if (value->text.len % 4 != 0)
    scl_refuse_type(refusal,
                    "Value can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes "
                    "but found: %zu",
                    value->text.len);
  else if (!measure_base64(value->text, &value->bytes))
    scl_refuse_type(refusal, "Value can not be converted to a Blob: Invalid Base64 character");
  return true;
}

static bool read_scalar(struct scl_refusal *refusal, const struct scl_member *member, struct sc_json json,
                        struct scl_value *value) {
  switch (member->type) {
    case SCL_MEMBER_TEXT:
      return sc_json_str(json, &value->text);
    case SCL_MEMBER_INTEGER:
      return read_integer(json, &value->number);
    case SCL_MEMBER_TIME:
      return read_time(json, &value->number);
    case SCL_MEMBER_FLAG:
      return read_flag(json, &value->number);
    case SCL_MEMBER_BLOB:
      return read_blob(refusal, json, value);
    default:
      return true;
  }
}

static void read_row(struct scl_refusal *refusal, const struct scl_member *members, int n, struct sc_json object,
                     struct scl_value *row);

static void read_list(struct scl_refusal *refusal, const struct scl_member *member, struct sc_json json,
                      struct scl_value *value) {
  value->n = sc_json_count(json);
  if (value->n == 0 || value->n > (size_t)member->max) return; /* too many: the check refuses it */
  value->items = sc_alloc_zero(value->n * (size_t)member->n_members, sizeof(*value->items));
  struct sc_json_iter it = sc_json_walk(json);
  struct sc_json element;
  for (struct scl_value *row = value->items; sc_json_next(&it, NULL, &element); row += member->n_members) {
    if (sc_json_kind(element) != SC_JSON_OBJECT) scl_refuse_type(refusal, "Expected null");
    else read_row(refusal, member->members, member->n_members, element, row);
  }
}

static void read_value(struct scl_refusal *refusal, const struct scl_member *member, struct sc_json json,
                       struct scl_value *value);

static void read_elements(struct scl_refusal *refusal, const struct scl_member *member, struct sc_json json,
                          struct scl_value *value) {
  bool is_map = member->type == SCL_MEMBER_MAP;
  value->n = sc_json_count(json);
  if (value->n == 0 || value->n > SCL_MEMBERS_MAX_ELEMENTS) return; /* too many: the check refuses it */
  value->items = sc_alloc_zero(value->n * (size_t)member->n_members, sizeof(*value->items));
  struct sc_json_iter it = sc_json_walk(json);
  struct sc_json element;
  struct sc_slice key;
  for (struct scl_value *row = value->items; sc_json_next(&it, &key, &element); row += member->n_members) {
    if (is_map) row[0] = (struct scl_value){.is_set = true, .text = key};
    read_value(refusal, &member->members[is_map], element, &row[is_map]);
  }
}

static void read_value(struct scl_refusal *refusal, const struct scl_member *member, struct sc_json json,
                       struct scl_value *value) {
  enum sc_json_kind kind = sc_json_kind(json);
  value->is_set = !sc_json_absent(json);
  if (!value->is_set || !scl_members_fit(refusal, member, kind == SC_JSON_ARRAY, kind == SC_JSON_OBJECT)) return;
  if (member->type == SCL_MEMBER_LIST) {
    read_list(refusal, member, json, value);
  } else if (member->type == SCL_MEMBER_TEXTS || member->type == SCL_MEMBER_MAP) {
    read_elements(refusal, member, json, value);
  } else if (member->type == SCL_MEMBER_STRUCTURE) {
    value->items = sc_alloc_zero((size_t)member->n_members, sizeof(*value->items));
    read_row(refusal, member->members, member->n_members, json, value->items);
  } else if (!read_scalar(refusal, member, json, value)) {
    refuse_scalar(refusal, member, json);
  }
}

/* Recursion is as deep as the tables nest: two levels. */
static void read_row(struct scl_refusal *refusal, const struct scl_member *members, int n, struct sc_json object,
                     struct scl_value *row) {
  for (int i = 0; i < n; i++) read_value(refusal, &members[i], sc_json_get(object, members[i].name), &row[i]);
}

struct scl_value *scl_values_read_json(const struct scl_member *members, int n, struct sc_json object,
                                       struct scl_refusal *refusal) {
  struct scl_value *values = sc_alloc_zero((size_t)n, sizeof(*values));
  read_row(refusal, members, n, object, values);
  scl_members_check(members, n, values, refusal);
  return values;
}
