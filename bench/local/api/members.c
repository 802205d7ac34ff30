#include "bench/local/api/members.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "bench/local/api/arn.h"
#include "bench/local/api/members_parts.h"
#include "bench/local/store/store.h"
#include "engine/base/text.h"

#define VALIDATION "ValidationException"
#define SERIALIZATION "SerializationException"
#define MAX_COMPLAINTS 10
/* Bytes of a value that an error text quotes at most. */
#define MAX_QUOTED 2048
/* The end of the year 9999: later times are refused. */
#define MAX_SECONDS 253402300800.0

/* The structure whose members are being checked. */
struct checker {
  struct scl_refusal *refusal;
  const struct checker *outer;     /* NULL: the request itself */
  const struct scl_member *member; /* of outer: the member that this structure is */
  size_t item;                     /* of a list, from 1 */
};

/* ---- wrong types ---- */

static const char *const type_names[] = {"a String", "an Integer", "a Date", "a Boolean", "a Blob", "", "", "", ""};

void scl_refuse_type(struct scl_refusal *refusal, const char *fmt, ...) {
  if (refusal->type != NULL && strcmp(refusal->type, SERIALIZATION) == 0) return;
  refusal->type = SERIALIZATION;
  sc_buf_clear(&refusal->text);
  va_list args;
  va_start(args, fmt);
  sc_buf_vprintf(&refusal->text, fmt, args);
  va_end(args);
}

void scl_refuse_scalar(struct scl_refusal *refusal, const struct scl_member *member, const char *found) {
  scl_refuse_type(refusal, "%s can not be converted to %s", found, type_names[member->type]);
}

bool scl_members_fit(struct scl_refusal *refusal, const struct scl_member *member, bool is_list, bool is_object) {
  bool wants_list = member->type == SCL_MEMBER_LIST || member->type == SCL_MEMBER_TEXTS;
  bool wants_object = member->type == SCL_MEMBER_STRUCTURE || member->type == SCL_MEMBER_MAP;
  if (is_list == wants_list && is_object == wants_object) return true;
  if (is_list) scl_refuse_type(refusal, "Start of list found where not expected");
  else if (is_object) scl_refuse_type(refusal, "Start of structure or map found where not expected.");
  else scl_refuse_type(refusal, wants_list ? "Expected list or null" : "Expected null");
  return false;
}

bool scl_members_integer(double number, int64_t *out) {
  *out = number >= 9e18 ? INT64_MAX : number <= -9e18 ? INT64_MIN : (int64_t)floor(number);
  return true;
}

bool scl_members_time(double seconds, int64_t *ms) {
  if (!(fabs(seconds) < MAX_SECONDS)) return false;
  *ms = llround(seconds * 1000);
  return true;
}

/* ---- values out of bounds ---- */

static void add_quoted(struct sc_buf *out, struct sc_slice text) {
  sc_buf_add(out, text.ptr, sc_text_utf8_cut(text, MAX_QUOTED));
}

/* "[a, b]", "{a=b, c=d}" */
static void quote_elements(struct sc_buf *out, const struct scl_member *member, const struct scl_value *value) {
  bool is_map = member->type == SCL_MEMBER_MAP;
  sc_buf_add_char(out, is_map ? '{' : '[');
  for (size_t i = 0; i < value->n; i++) {
    const struct scl_value *row = value->items + i * (size_t)member->n_members;
    if (i > 0) sc_buf_add_str(out, ", ");
    add_quoted(out, row[0].text);
    if (is_map) sc_buf_add_char(out, '=');
    if (is_map) add_quoted(out, row[1].text);
  }
  sc_buf_add_char(out, is_map ? '}' : ']');
}

/* The value as the service quotes it. */
static void quote(struct sc_buf *out, const struct scl_member *member, const struct scl_value *value) {
  if (!value->is_set) {
    sc_buf_add_str(out, "null");
    return;
  }
  sc_buf_add_char(out, '\'');
  switch (member->type) {
    case SCL_MEMBER_INTEGER:
      sc_buf_printf(out, "%" PRId64, value->number);
      break;
    case SCL_MEMBER_BLOB:
      sc_buf_printf(out, "java.nio.HeapByteBuffer[pos=0 lim=%" PRIu64 " cap=%" PRIu64 "]", value->bytes, value->bytes);
      break;
    case SCL_MEMBER_LIST:
      sc_buf_printf(out, "[%zu members]", value->n);
      break;
    case SCL_MEMBER_TEXTS:
    case SCL_MEMBER_MAP:
      if (value->n <= SCL_MEMBERS_MAX_ELEMENTS) quote_elements(out, member, value);
      else sc_buf_printf(out, "[%zu members]", value->n);
      break;
    default:
      add_quoted(out, value->text);
  }
  sc_buf_add_char(out, '\'');
}

/* "records.3.member.", "" */
static void add_path(struct sc_buf *out, const struct checker *checker) {
  const struct scl_member *member = checker->member;
  if (checker->outer == NULL) return;
  add_path(out, checker->outer);
  sc_buf_printf(out, "%c%s.", tolower((unsigned char)member->name[0]), member->name + 1);
  if (member->type == SCL_MEMBER_LIST) sc_buf_printf(out, "%zu.member.", checker->item);
}

static void complain(struct checker *checker, const struct scl_member *member, const struct scl_value *value,
                     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void complain(struct checker *checker, const struct scl_member *member, const struct scl_value *value,
                     const char *fmt, ...) {
  struct scl_refusal *refusal = checker->refusal;
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

static bool is_decimal(struct sc_slice text, size_t max_digits) {
  if (text.len == 0 || text.len > max_digits || (text.ptr[0] == '0' && text.len > 1)) return false;
  for (size_t i = 0; i < text.len; i++)
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
  return true;
}

static bool matches(enum scl_pattern pattern, struct sc_slice text) {
  switch (pattern) {
    case SCL_PATTERN_NAME:
      return scl_store_is_name(text);
    case SCL_PATTERN_HASH_KEY:
      return is_decimal(text, 39);
    case SCL_PATTERN_SEQUENCE:
      return is_decimal(text, 129);
    case SCL_PATTERN_STREAM_ARN:
      return scl_arn_is_stream(text);
    case SCL_PATTERN_CONSUMER_ARN:
      return scl_arn_is_consumer(text);
    case SCL_PATTERN_RESOURCE_ARN:
      return scl_arn_is_resource(text);
    case SCL_PATTERN_NONE:
      break;
  }
  return true;
}

static const char *const pattern_texts[] = {"",
                                            "[a-zA-Z0-9_.-]+",
                                            "0|([1-9]\\d{0,38})",
                                            "0|([1-9]\\d{0,128})",
                                            SCL_ARN_STREAM_PATTERN,
                                            SCL_ARN_CONSUMER_PATTERN,
                                            SCL_ARN_RESOURCE_PATTERN};

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

/* The quantity that min and max bound. */
static int64_t measure(const struct scl_member *member, const struct scl_value *value) {
  switch (member->type) {
    case SCL_MEMBER_TEXT:
      return count_characters(value->text);
    case SCL_MEMBER_BLOB:
      return (int64_t)value->bytes;
    case SCL_MEMBER_LIST:
    case SCL_MEMBER_TEXTS:
    case SCL_MEMBER_MAP:
      return (int64_t)value->n;
    default:
      return value->number;
  }
}

static void check_bounds(struct checker *checker, const struct scl_member *member, const struct scl_value *value) {
  if (member->max == 0) return;
  const char *what = member->type == SCL_MEMBER_INTEGER ? "value" : "length";
  int64_t size = measure(member, value);
  if (size < member->min)
    complain(checker, member, value, "Member must have %s greater than or equal to %" PRId64, what, member->min);
  if (size > member->max)
    complain(checker, member, value, "Member must have %s less than or equal to %" PRId64, what, member->max);
}

static void check_row(struct checker *checker, const struct scl_member *members, int n, const struct scl_value *row);

static bool is_within(const struct scl_member *member, const struct scl_value *value) {
  int64_t size = measure(member, value);
  if (!value->is_set || (member->choices != NULL && !is_choice(member->choices, value->text))) return false;
  return member->max == 0 || (size >= member->min && size <= member->max);
}

/* Checks the keys or values of a map, or the strings of a list. All of them together give at most one error. */
static void check_elements(struct checker *checker, const struct scl_member *member, const struct scl_value *value,
                           int column, const char *what) {
  const struct scl_member *element = &member->members[column];
  size_t i = 0;
  if (value->items == NULL) return;
  while (i < value->n && is_within(element, &value->items[i * (size_t)member->n_members + (size_t)column])) i++;
  if (i == value->n) return;
  if (element->choices != NULL)
    complain(checker, member, value, "%s must satisfy constraint: [Member must satisfy enum value set: [%s]]", what,
             element->choices);
  else
    complain(checker, member, value,
             "%s must satisfy constraint: [Member must have length less than or equal to %" PRId64
             ", Member must have length greater than or equal to %" PRId64 "]",
             what, element->max, element->min);
}

/* Checks the elements of a list, or the members of a structure. */
static void check_items(struct checker *checker, const struct scl_member *member, const struct scl_value *value) {
  size_t rows = member->type == SCL_MEMBER_LIST ? value->n : 1;
  for (size_t i = 0; i < rows && value->items != NULL; i++) {
    struct checker inner = {checker->refusal, checker, member, i + 1};
    check_row(&inner, member->members, member->n_members, value->items + i * (size_t)member->n_members);
  }
}

static void check(struct checker *checker, const struct scl_member *member, const struct scl_value *value) {
  if (!value->is_set) {
    if (member->required) complain(checker, member, value, "Member must not be null");
    return;
  }
  if (member->type == SCL_MEMBER_TEXTS) {
    check_elements(checker, member, value, 0, "Member");
  } else if (member->type == SCL_MEMBER_MAP) {
    check_elements(checker, member, value, 0, "Map keys");
    check_elements(checker, member, value, 1, "Map value");
  } else {
    check_items(checker, member, value);
  }
  if (member->choices != NULL && !is_choice(member->choices, value->text))
    complain(checker, member, value, "Member must satisfy enum value set: [%s]", member->choices);
  if (!matches(member->pattern, value->text))
    complain(checker, member, value, "Member must satisfy regular expression pattern: %s",
             pattern_texts[member->pattern]);
  check_bounds(checker, member, value);
}

/* Recursion is as deep as the tables nest: two levels. */
static void check_row(struct checker *checker, const struct scl_member *members, int n, const struct scl_value *row) {
  for (int i = 0; i < n; i++) check(checker, &members[i], &row[i]);
}

void scl_members_check(const struct scl_member *members, int n, const struct scl_value *values,
                       struct scl_refusal *refusal) {
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

static void free_row(const struct scl_member *members, int n, struct scl_value *row) {
  for (int i = 0; i < n; i++) {
    size_t rows = members[i].type == SCL_MEMBER_STRUCTURE ? 1 : row[i].n;
    if (row[i].items == NULL) continue;
    for (size_t j = 0; j < rows; j++)
      free_row(members[i].members, members[i].n_members, row[i].items + j * (size_t)members[i].n_members);
    free(row[i].items);
  }
}

void scl_values_free(const struct scl_member *members, int n, struct scl_value *values) {
  if (values == NULL) return;
  free_row(members, n, values);
  free(values);
}
