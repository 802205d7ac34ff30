#include "bench/local/members.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "bench/local/members_parts.h"

#define VALIDATION "ValidationException"
#define SERIALIZATION "SerializationException"
#define MAX_COMPLAINTS 10
/* Values are quoted in complaints up to this many bytes. */
#define MAX_QUOTED 2048
/* Times beyond these are no times (year 9999). */
#define MAX_SECONDS 253402300800.0

/* What is being checked. */
struct checker {
  struct sc_refusal *refusal;
  const struct checker *outer;    /* NULL: the request itself */
  const struct sc_member *member; /* of outer: what is being looked into */
  size_t item;                    /* of a list, from 1 */
};

/* ---- wrong types ---- */

static const char *const TYPE_NAMES[] = {"a String", "an Integer", "a Date", "a Boolean", "a Blob", "", "", ""};

void sc_refuse_type(struct sc_refusal *refusal, const char *fmt, ...) {
  if (refusal->type != NULL && strcmp(refusal->type, SERIALIZATION) == 0) return;
  refusal->type = SERIALIZATION;
  sc_buf_clear(&refusal->text);
  va_list args;
  va_start(args, fmt);
  sc_buf_vprintf(&refusal->text, fmt, args);
  va_end(args);
}

void sc_refuse_scalar(struct sc_refusal *refusal, const struct sc_member *member, const char *found) {
  sc_refuse_type(refusal, "%s can not be converted to %s", found, TYPE_NAMES[member->type]);
}

bool sc_members_fit(struct sc_refusal *refusal, const struct sc_member *member, bool is_list, bool is_object) {
  bool wants_list = member->type == SC_MEMBER_LIST;
  bool wants_object = member->type == SC_MEMBER_STRUCTURE || member->type == SC_MEMBER_MAP;
  if (is_list == wants_list && is_object == wants_object) return true;
  if (is_list) sc_refuse_type(refusal, "Start of list found where not expected");
  else if (is_object) sc_refuse_type(refusal, "Start of structure or map found where not expected.");
  else sc_refuse_type(refusal, wants_list ? "Expected list or null" : "Expected null");
  return false;
}

bool sc_members_integer(double number, int64_t *out) {
  *out = number >= 9e18 ? INT64_MAX : number <= -9e18 ? INT64_MIN : (int64_t)floor(number);
  return true;
}

bool sc_members_time(double seconds, int64_t *ms) {
  if (!(fabs(seconds) < MAX_SECONDS)) return false;
  *ms = llround(seconds * 1000);
  return true;
}

/* ---- values out of bounds ---- */

/* As much of the text as is quoted: whole characters. */
static size_t quoted_len(struct sc_slice text) {
  size_t len = text.len < MAX_QUOTED ? text.len : MAX_QUOTED;
  while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80) len--;
  return len;
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
      sc_buf_add(out, value->text.ptr, quoted_len(value->text));
  }
  sc_buf_add_char(out, '\'');
}

/* "records.3.member.", "" */
static void add_path(struct sc_buf *out, const struct checker *checker) {
  const struct sc_member *member = checker->member;
  if (checker->outer == NULL) return;
  add_path(out, checker->outer);
  sc_buf_printf(out, "%c%s.", tolower((unsigned char)member->name[0]), member->name + 1);
  if (member->type == SC_MEMBER_LIST) sc_buf_printf(out, "%zu.member.", checker->item);
}

static void complain(struct checker *checker, const struct sc_member *member, const struct sc_value *value,
                     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void complain(struct checker *checker, const struct sc_member *member, const struct sc_value *value,
                     const char *fmt, ...) {
  struct sc_refusal *refusal = checker->refusal;
  if (refusal->n_complaints == MAX_COMPLAINTS) return;
  refusal->type = VALIDATION;
  if (refusal->n_complaints++ > 0) sc_buf_add_str(&refusal->text, "; ");
  sc_buf_add_str(&refusal->text, "Value ");
  quote(&refusal->text, member, value);
  sc_buf_add_str(&refusal->text, " at '");
  add_path(&refusal->text, checker);
  sc_buf_printf(&refusal->text, "%c%s' failed to satisfy constraint: ", tolower((unsigned char)member->name[0]),
                member->name + 1);
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

static void check_bounds(struct checker *checker, const struct sc_member *member, const struct sc_value *value) {
  if (member->max == 0) return;
  const char *what = member->type == SC_MEMBER_INTEGER ? "value" : "length";
  int64_t size = measure(member, value);
  if (size < member->min)
    complain(checker, member, value, "Member must have %s greater than or equal to %" PRId64, what, member->min);
  if (size > member->max)
    complain(checker, member, value, "Member must have %s less than or equal to %" PRId64, what, member->max);
}

static void check_row(struct checker *checker, const struct sc_member *members, int n, const struct sc_value *row);

/* The elements of a list, or a structure's members. */
static void check_items(struct checker *checker, const struct sc_member *member, const struct sc_value *value) {
  size_t rows = member->type == SC_MEMBER_LIST ? value->n : 1;
  for (size_t i = 0; i < rows && value->items != NULL; i++) {
    struct checker inner = {checker->refusal, checker, member, i + 1};
    check_row(&inner, member->members, member->n_members, value->items + i * (size_t)member->n_members);
  }
}

static void check(struct checker *checker, const struct sc_member *member, const struct sc_value *value) {
  if (!value->is_set) {
    if (member->required) complain(checker, member, value, "Member must not be null");
    return;
  }
  check_items(checker, member, value);
  if (member->choices != NULL && !is_choice(member->choices, value->text))
    complain(checker, member, value, "Member must satisfy enum value set: [%s]", member->choices);
  if (!matches(member->pattern, value->text))
    complain(checker, member, value, "Member must satisfy regular expression pattern: %s",
             PATTERN_TEXTS[member->pattern]);
  check_bounds(checker, member, value);
}

/* Structures nest as deep as the tables say: two levels. */
static void check_row(struct checker *checker, const struct sc_member *members, int n, const struct sc_value *row) {
  for (int i = 0; i < n; i++) check(checker, &members[i], &row[i]);
}

void sc_members_check(const struct sc_member *members, int n, const struct sc_value *values,
                      struct sc_refusal *refusal) {
  if (refusal->type != NULL) return;
  struct checker checker = {.refusal = refusal};
  check_row(&checker, members, n, values);
  if (refusal->n_complaints == 0) return;
  struct sc_buf text = SC_BUF_INIT;
  sc_buf_printf(&text, "%d validation error%s detected: %s", refusal->n_complaints,
                refusal->n_complaints > 1 ? "s" : "", sc_buf_str(&refusal->text));
  sc_buf_fini(&refusal->text);
  refusal->text = text;
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
