#include "bench/local/members.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/base64.h"
#include "engine/base/error.h"

#define VALIDATION "ValidationException"
#define SERIALIZATION "SerializationException"
#define MAX_COMPLAINTS 10
/* Values are quoted in complaints up to this many bytes. */
#define MAX_QUOTED 2048
#define BLOB_PIECE 4096
/* Times beyond these are no times (year 9999). */
#define MAX_SECONDS 253402300800.0

struct reader {
  struct sc_refusal *refusal;
  const char *path; /* "records.3.member." or "" */
};

static const char *const TYPE_NAMES[] = {"a String", "an Integer", "a Date", "a Boolean", "a Blob", "", "", ""};

static void refuse_type(struct sc_refusal *refusal, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void refuse_type(struct sc_refusal *refusal, const char *fmt, ...) {
  if (refusal->type != NULL && strcmp(refusal->type, SERIALIZATION) == 0) return;
  refusal->type = SERIALIZATION;
  sc_buf_clear(&refusal->text);
  va_list args;
  va_start(args, fmt);
  sc_buf_vprintf(&refusal->text, fmt, args);
  va_end(args);
}

/* The value as the service quotes it. */
static void quote(struct sc_buf *out, const struct sc_member *member, const struct sc_value *value) {
  if (!value->is_set) {
    sc_buf_add_str(out, "null");
    return;
  }
  sc_buf_add_char(out, '\'');
  switch (member->type) {
    case SC_MEMBER_INTEGER:
      sc_buf_printf(out, "%" PRId64, value->number);
      break;
    case SC_MEMBER_BLOB:
      sc_buf_printf(out, "java.nio.HeapByteBuffer[pos=0 lim=%" PRIu64 " cap=%" PRIu64 "]", value->bytes, value->bytes);
      break;
    case SC_MEMBER_LIST:
      sc_buf_printf(out, "[%zu members]", value->n);
      break;
    default:
      sc_buf_add(out, value->text.ptr, value->text.len < MAX_QUOTED ? value->text.len : MAX_QUOTED);
  }
  sc_buf_add_char(out, '\'');
}

static void complain(struct reader *reader, const struct sc_member *member, const struct sc_value *value,
                     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void complain(struct reader *reader, const struct sc_member *member, const struct sc_value *value,
                     const char *fmt, ...) {
  struct sc_refusal *refusal = reader->refusal;
  bool has_wrong_type = refusal->type != NULL && strcmp(refusal->type, VALIDATION) != 0;
  if (has_wrong_type || refusal->n_complaints == MAX_COMPLAINTS) return;
  refusal->type = VALIDATION;
  if (refusal->n_complaints++ > 0) sc_buf_add_str(&refusal->text, "; ");
  sc_buf_add_str(&refusal->text, "Value ");
  quote(&refusal->text, member, value);
  sc_buf_printf(&refusal->text, " at '%s%c%s' failed to satisfy constraint: ", reader->path,
                tolower((unsigned char)member->name[0]), member->name + 1);
  va_list args;
  va_start(args, fmt);
  sc_buf_vprintf(&refusal->text, fmt, args);
  va_end(args);
}

static bool is_name(struct sc_slice text) {
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    if (c > 127 || (!isalnum(c) && c != '_' && c != '.' && c != '-')) return false;
  }
  return text.len > 0;
}

static bool is_decimal(struct sc_slice text, size_t max_digits) {
  if (text.len == 0 || text.len > max_digits || (text.ptr[0] == '0' && text.len > 1)) return false;
  for (size_t i = 0; i < text.len; i++)
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
  return true;
}

/* The next part of an ARN up to its colon; false when there is none. */
static bool take_part(struct sc_slice *rest, struct sc_slice *part) {
  const char *colon = rest->len == 0 ? NULL : memchr(rest->ptr, ':', rest->len);
  if (colon == NULL) return false;
  *part = sc_slice_of(rest->ptr, (size_t)(colon - rest->ptr));
  *rest = sc_slice_of(colon + 1, rest->len - part->len - 1);
  return true;
}

static bool is_stream_arn(struct sc_slice text) {
  struct sc_slice part[5];
  for (int i = 0; i < 5; i++)
    if (!take_part(&text, &part[i])) return false;
  uint64_t account;
  if (!sc_slice_is(part[0], "arn") || !sc_slice_starts(part[1], "aws") || !sc_slice_is(part[2], "kinesis"))
    return false;
  if (part[4].len != 12 || !sc_slice_to_u64(part[4], &account)) return false;
  return sc_slice_starts(text, "stream/") && text.len > strlen("stream/") && memchr(text.ptr, ' ', text.len) == NULL;
}

static bool matches(enum sc_pattern pattern, struct sc_slice text) {
  switch (pattern) {
    case SC_PATTERN_NAME:
      return is_name(text);
    case SC_PATTERN_HASH_KEY:
      return is_decimal(text, 39);
    case SC_PATTERN_SEQUENCE:
      return is_decimal(text, 129);
    case SC_PATTERN_STREAM_ARN:
      return is_stream_arn(text);
    case SC_PATTERN_NONE:
      break;
  }
  return true;
}

static const char *const PATTERN_TEXTS[] = {"", "[a-zA-Z0-9_.-]+", "0|([1-9]\\d{0,38})", "0|([1-9]\\d{0,128})",
                                            "arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"};

static bool is_choice(const char *choices, struct sc_slice text) {
  for (const char *at = choices; *at != '\0';) {
    size_t len = strcspn(at, ",");
    if (sc_slice_equals(sc_slice_of(at, len), text)) return true;
    at += len;
    at += strspn(at, ", ");
  }
  return false;
}

static int64_t count_characters(struct sc_slice text) {
  int64_t n = 0;
  for (size_t i = 0; i < text.len; i++) n += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
  return n;
}

/* What min and max bound. */
static int64_t measure(const struct sc_member *member, const struct sc_value *value) {
  switch (member->type) {
    case SC_MEMBER_TEXT:
      return count_characters(value->text);
    case SC_MEMBER_BLOB:
      return (int64_t)value->bytes;
    case SC_MEMBER_LIST:
      return (int64_t)value->n;
    default:
      return value->number;
  }
}

static void check_bounds(struct reader *reader, const struct sc_member *member, const struct sc_value *value) {
  if (member->max == 0) return;
  const char *what = member->type == SC_MEMBER_INTEGER ? "value" : "length";
  int64_t size = measure(member, value);
  if (size < member->min)
    complain(reader, member, value, "Member must have %s greater than or equal to %" PRId64, what, member->min);
  if (size > member->max)
    complain(reader, member, value, "Member must have %s less than or equal to %" PRId64, what, member->max);
}

static void check(struct reader *reader, const struct sc_member *member, const struct sc_value *value) {
  if (!value->is_set) {
    if (member->required) complain(reader, member, value, "Member must not be null");
    return;
  }
  if (member->choices != NULL && !is_choice(member->choices, value->text))
    complain(reader, member, value, "Member must satisfy enum value set: [%s]", member->choices);
  if (!matches(member->pattern, value->text))
    complain(reader, member, value, "Member must satisfy regular expression pattern: %s",
             PATTERN_TEXTS[member->pattern]);
  check_bounds(reader, member, value);
}

/* False and a refusal unless the JSON value is of a kind the member can be read from. */
static bool check_kind(struct reader *reader, const struct sc_member *member, struct sc_json json) {
  enum sc_json_kind kind = sc_json_kind(json);
  bool wants_list = member->type == SC_MEMBER_LIST;
  bool wants_object = member->type == SC_MEMBER_STRUCTURE || member->type == SC_MEMBER_MAP;
  if (kind == SC_JSON_ARRAY) {
    if (!wants_list) refuse_type(reader->refusal, "Start of list found where not expected");
    return wants_list;
  }
  if (kind == SC_JSON_OBJECT) {
    if (!wants_object) refuse_type(reader->refusal, "Start of structure or map found where not expected.");
    return wants_object;
  }
  if (wants_list || wants_object) {
    refuse_type(reader->refusal, wants_list ? "Expected list or null" : "Expected null");
    return false;
  }
  return true;
}

static void refuse_scalar(struct reader *reader, const struct sc_member *member, struct sc_json json) {
  bool flag = false;
  const char *found = sc_json_kind(json) == SC_JSON_STRING ? "STRING_VALUE" : "NUMBER_VALUE";
  if (sc_json_bool(json, &flag)) found = flag ? "TRUE_VALUE" : "FALSE_VALUE";
  refuse_type(reader->refusal, "%s can not be converted to %s", found, TYPE_NAMES[member->type]);
}

static bool read_integer(struct sc_json json, int64_t *out) {
  double number;
  if (sc_json_i64(json, out)) return true;
  if (!sc_json_double(json, &number)) return false;
  *out = number >= 9e18 ? INT64_MAX : number <= -9e18 ? INT64_MIN : (int64_t)floor(number);
  return true;
}

static bool read_time(struct sc_json json, int64_t *out) {
  double seconds;
  if (!sc_json_double(json, &seconds) || !(fabs(seconds) < MAX_SECONDS)) return false;
  *out = llround(seconds * 1000);
  return true;
}

static bool read_flag(struct sc_json json, int64_t *out) {
  bool flag;
  if (!sc_json_bool(json, &flag)) return false;
  *out = flag;
  return true;
}

/* Checks piece by piece, so that no memory the size of the blob is needed. */
static bool measure_base64(struct sc_slice text, uint64_t *bytes) {
  char piece[BLOB_PIECE / 4 * 3];
  *bytes = 0;
  for (size_t at = 0; at < text.len; at += BLOB_PIECE) {
    bool is_last = text.len - at <= BLOB_PIECE;
    size_t len = is_last ? text.len - at : BLOB_PIECE, decoded;
    if (!sc_base64_decode(text.ptr + at, len, piece, &decoded)) return false;
    if (!is_last && decoded < sizeof piece) return false; /* padding in the middle */
    *bytes += decoded;
  }
  return true;
}

static bool read_blob(struct reader *reader, struct sc_json json, struct sc_value *value) {
  if (!sc_json_str(json, &value->text)) return false;
  if (value->text.len % 4 != 0)
    refuse_type(reader->refusal,
                "Value can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes "
                "but found: %zu",
                value->text.len);
  else if (!measure_base64(value->text, &value->bytes))
    refuse_type(reader->refusal, "Value can not be converted to a Blob: Invalid Base64 character");
  return true;
}

static bool read_scalar(struct reader *reader, const struct sc_member *member, struct sc_json json,
                        struct sc_value *value) {
  switch (member->type) {
    case SC_MEMBER_TEXT:
      return sc_json_str(json, &value->text);
    case SC_MEMBER_INTEGER:
      return read_integer(json, &value->number);
    case SC_MEMBER_TIME:
      return read_time(json, &value->number);
    case SC_MEMBER_FLAG:
      return read_flag(json, &value->number);
    case SC_MEMBER_BLOB:
      return read_blob(reader, json, value);
    default:
      return true;
  }
}

static void read_row(struct reader *reader, const struct sc_member *members, int n, struct sc_json object,
                     struct sc_value *row);

static void read_list(struct reader *reader, const struct sc_member *member, struct sc_json json,
                      struct sc_value *value) {
  value->n = sc_json_count(json);
  if (value->n > (size_t)member->max) return; /* check_bounds will say so */
  if (value->n == 0) return;
  value->items = sc_alloc_zero(value->n * (size_t)member->n_members, sizeof *value->items);
  struct sc_json_iter it = sc_json_walk(json);
  struct sc_json element;
  char path[96];
  for (size_t i = 0; sc_json_next(&it, NULL, &element); i++) {
    snprintf(path, sizeof path, "%c%s.%zu.member.", tolower((unsigned char)member->name[0]), member->name + 1, i + 1);
    struct reader inner = {reader->refusal, path};
    if (sc_json_kind(element) != SC_JSON_OBJECT) refuse_type(reader->refusal, "Expected null");
    else read_row(&inner, member->members, member->n_members, element, value->items + i * (size_t)member->n_members);
  }
}

static void read_structure(struct reader *reader, const struct sc_member *member, struct sc_json json,
                           struct sc_value *value) {
  char path[96];
  snprintf(path, sizeof path, "%c%s.", tolower((unsigned char)member->name[0]), member->name + 1);
  struct reader inner = {reader->refusal, path};
  value->items = sc_alloc_zero((size_t)member->n_members, sizeof *value->items);
  read_row(&inner, member->members, member->n_members, json, value->items);
}

static void read_value(struct reader *reader, const struct sc_member *member, struct sc_json json,
                       struct sc_value *value) {
  value->is_set = !sc_json_absent(json);
  if (value->is_set && !check_kind(reader, member, json)) return;
  if (value->is_set && member->type == SC_MEMBER_LIST) read_list(reader, member, json, value);
  else if (value->is_set && member->type == SC_MEMBER_STRUCTURE) read_structure(reader, member, json, value);
  else if (value->is_set && !read_scalar(reader, member, json, value)) {
    refuse_scalar(reader, member, json);
    return;
  }
  check(reader, member, value);
}

/* Structures nest as deep as the tables say: two levels. */
static void read_row(struct reader *reader, const struct sc_member *members, int n, struct sc_json object,
                     struct sc_value *row) {
  for (int i = 0; i < n; i++) read_value(reader, &members[i], sc_json_get(object, members[i].name), &row[i]);
}

struct sc_value *sc_values_read(const struct sc_member *members, int n, struct sc_json object,
                                struct sc_refusal *refusal) {
  struct sc_value *values = sc_alloc_zero((size_t)n, sizeof *values);
  struct reader reader = {refusal, ""};
  read_row(&reader, members, n, object, values);
  if (refusal->n_complaints > 0 && strcmp(refusal->type, VALIDATION) == 0) {
    struct sc_buf text = SC_BUF_INIT;
    sc_buf_printf(&text, "%d validation error%s detected: %s", refusal->n_complaints,
                  refusal->n_complaints > 1 ? "s" : "", sc_buf_str(&refusal->text));
    sc_buf_fini(&refusal->text);
    refusal->text = text;
  }
  return values;
}

static void free_row(const struct sc_member *members, int n, struct sc_value *row) {
  for (int i = 0; i < n; i++) {
    size_t rows = members[i].type == SC_MEMBER_LIST ? row[i].n : 1;
    if (row[i].items == NULL) continue;
    for (size_t j = 0; j < rows; j++)
      free_row(members[i].members, members[i].n_members, row[i].items + j * (size_t)members[i].n_members);
    free(row[i].items);
  }
}

void sc_values_free(const struct sc_member *members, int n, struct sc_value *values) {
  if (values == NULL) return;
  free_row(members, n, values);
  free(values);
}
