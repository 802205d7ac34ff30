#include <stdlib.h>

#include "bench/local/api/members_parts.h"
#include "codec/text/utf8.h"
#include "codec/wire/cbor.h"
#include "engine/base/error.h"

#define MAX_MEMBERS 16 /* of a table */
#define MAX_TIME_MS INT64_C(253402300800000)

/* The document, which is known to be well-formed. Strings in pieces are joined in place. */
struct document {
  char *bytes;
  const char *end;
  struct scl_refusal *refusal;
};

static bool take_string(const struct document *doc, struct sc_cbor *c, const struct sc_cbor_head *head,
                        struct sc_slice *out) {
  return sc_cbor_string(c, head, doc->bytes + (c->p - doc->bytes), (size_t)(c->end - c->p), out);
}

static void refuse_scalar(const struct document *doc, const struct scl_member *member,
                          const struct sc_cbor_head *head) {
  bool flag = false;
  const char *found = head->major == SC_CBOR_TEXT    ? "STRING_VALUE"
                      : head->major == SC_CBOR_BYTES ? "BINARY_VALUE"
                                                     : "NUMBER_VALUE";
  if (sc_cbor_to_bool(head, &flag)) found = flag ? "TRUE_VALUE" : "FALSE_VALUE";
  scl_refuse_scalar(doc->refusal, member, found);
}

static bool read_text(const struct document *doc, struct sc_cbor *c, const struct sc_cbor_head *head,
                      struct sc_slice *out) {
  if (head->major != SC_CBOR_TEXT || !take_string(doc, c, head, out)) return false;
  if (!sc_utf8_valid(out->ptr, out->len)) scl_refuse_type(doc->refusal, "Invalid UTF-8 in a String");
  return true;
}

static bool read_integer(const struct sc_cbor_head *head, int64_t *out) {
  double number;
  return sc_cbor_to_int(head, out) || (sc_cbor_to_double(head, &number) && scl_members_integer(number, out));
}

static bool read_time(const struct sc_cbor_head *head, int64_t *ms) {
  double seconds;
  if (head->major > SC_CBOR_NEGATIVE) return sc_cbor_to_double(head, &seconds) && scl_members_time(seconds, ms);
  return sc_cbor_to_int(head, ms) && *ms<MAX_TIME_MS && * ms> - MAX_TIME_MS;
}

static bool read_flag(const struct sc_cbor_head *head, int64_t *out) {
  bool flag;
  if (!sc_cbor_to_bool(head, &flag)) return false;
  *out = flag;
  return true;
}

static bool read_scalar(const struct document *doc, const struct scl_member *member, struct sc_cbor *c,
                        const struct sc_cbor_head *head, struct scl_value *value) {
  switch (member->type) {
    case SCL_MEMBER_TEXT:
      return read_text(doc, c, head, &value->text);
    case SCL_MEMBER_INTEGER:
      return read_integer(head, &value->number);
    case SCL_MEMBER_TIME:
      return read_time(head, &value->number);
    case SCL_MEMBER_FLAG:
      return read_flag(head, &value->number);
    case SCL_MEMBER_BLOB:
      if (head->major != SC_CBOR_BYTES || !take_string(doc, c, head, &value->text)) return false;
      value->bytes = value->text.len;
      return true;
    default:
      return true;
  }
}

static void read_row(const struct document *doc, const struct scl_member *members, int n, struct sc_cbor *c,
                     const struct sc_cbor_head *head, struct scl_value *row);

/* Counts the elements of a list, or the entries of a map. */
static size_t count(struct sc_cbor c, const struct sc_cbor_head *head) {
  struct sc_cbor_list list;
  size_t n = 0;
  sc_cbor_enter(&c, head, head->major, &list);
  for (; sc_cbor_more(&c, &list); n++) {
    if (head->major == SC_CBOR_MAP) sc_cbor_skip(&c);
    sc_cbor_skip(&c);
  }
  return n;
}

static void read_list(const struct document *doc, const struct scl_member *member, struct sc_cbor *c,
                      const struct sc_cbor_head *head, struct scl_value *value) {
  struct sc_cbor_head element;
  struct sc_cbor_list list;
  value->n = count(*c, head);
  if (value->n == 0 || value->n > (size_t)member->max) return; /* too many: the check refuses it */
  value->items = sc_alloc_zero(value->n * (size_t)member->n_members, sizeof(*value->items));
  sc_cbor_enter(c, head, SC_CBOR_ARRAY, &list);
  for (struct scl_value *row = value->items; sc_cbor_more(c, &list); row += member->n_members) {
    sc_cbor_take(c, &element);
    if (element.major == SC_CBOR_MAP) {
      read_row(doc, member->members, member->n_members, c, &element, row);
      continue;
    }
    scl_refuse_type(doc->refusal, "Expected null");
    sc_cbor_pass(c, &element);
  }
}

static void read_value(const struct document *doc, const struct scl_member *member, const char *at,
                       struct scl_value *value);

static void read_key(const struct document *doc, const struct scl_member *member, struct sc_cbor *c,
                     struct scl_value *value) {
  struct sc_cbor_head head;
  sc_cbor_take(c, &head);
  value->is_set = true;
  if (read_scalar(doc, member, c, &head, value)) return;
  refuse_scalar(doc, member, &head);
  sc_cbor_pass(c, &head);
}

static void read_elements(const struct document *doc, const struct scl_member *member, struct sc_cbor *c,
                          const struct sc_cbor_head *head, struct scl_value *value) {
  struct sc_cbor_list list;
  bool is_map = member->type == SCL_MEMBER_MAP;
  value->n = count(*c, head);
  if (value->n == 0 || value->n > SCL_MEMBERS_MAX_ELEMENTS) return; /* too many: the check refuses it */
  value->items = sc_alloc_zero(value->n * (size_t)member->n_members, sizeof(*value->items));
  sc_cbor_enter(c, head, head->major, &list);
  for (struct scl_value *row = value->items; sc_cbor_more(c, &list); row += member->n_members) {
    if (is_map) read_key(doc, &member->members[0], c, &row[0]);
    const char *at = c->p;
    sc_cbor_skip(c);
    read_value(doc, &member->members[is_map], at, &row[is_map]);
  }
}

static void read_value(const struct document *doc, const struct scl_member *member, const char *at,
                       struct scl_value *value) {
  struct sc_cbor c = {at, doc->end, NULL};
  struct sc_cbor_head head;
  if (at == NULL || !sc_cbor_take(&c, &head) || sc_cbor_is_null(&head)) return;
  value->is_set = true;
  if (!scl_members_fit(doc->refusal, member, head.major == SC_CBOR_ARRAY, head.major == SC_CBOR_MAP)) return;
  if (member->type == SCL_MEMBER_LIST) {
    read_list(doc, member, &c, &head, value);
  } else if (member->type == SCL_MEMBER_TEXTS || member->type == SCL_MEMBER_MAP) {
    read_elements(doc, member, &c, &head, value);
  } else if (member->type == SCL_MEMBER_STRUCTURE) {
    value->items = sc_alloc_zero((size_t)member->n_members, sizeof(*value->items));
    read_row(doc, member->members, member->n_members, &c, &head, value->items);
  } else if (!read_scalar(doc, member, &c, &head, value)) {
    refuse_scalar(doc, member, &head);
  }
}

static int find_member(const struct scl_member *members, int n, struct sc_slice name) {
  int i = 0;
  while (i < n && !sc_slice_is(name, members[i].name)) i++;
  return i;
}

/* Passes over the map and notes where the values of its members begin; then reads the values in the order of the table.
 * In this order nothing is passed over after its strings were joined in place, which would break its encoding. */
static void read_row(const struct document *doc, const struct scl_member *members, int n, struct sc_cbor *c,
                     const struct sc_cbor_head *head, struct scl_value *row) {
  const char *at[MAX_MEMBERS + 1] = {NULL};
  struct sc_cbor_head name_head;
  struct sc_cbor_list list;
  SC_ASSERT(n <= MAX_MEMBERS);
  sc_cbor_enter(c, head, SC_CBOR_MAP, &list);
  while (sc_cbor_more(c, &list)) {
    struct sc_slice name = {NULL, 0};
    sc_cbor_take(c, &name_head);
    if (name_head.major == SC_CBOR_TEXT) take_string(doc, c, &name_head, &name);
    else sc_cbor_pass(c, &name_head);
    int i = find_member(members, n, name);
    if (at[i] == NULL) at[i] = c->p;
    sc_cbor_skip(c);
  }
  for (int i = 0; i < n; i++) read_value(doc, &members[i], at[i], &row[i]);
}

struct scl_value *scl_values_read_cbor(const struct scl_member *members, int n, char *bytes, size_t len,
                                       struct scl_refusal *refusal) {
  struct document doc = {bytes, bytes + len, refusal};
  struct sc_cbor c = sc_cbor_of(sc_slice_of(bytes, len));
  struct sc_cbor_head head;
  if (!sc_cbor_skip(&c) || c.p != c.end) return NULL;
  c = sc_cbor_of(sc_slice_of(bytes, len));
  sc_cbor_take(&c, &head);
  if (head.major != SC_CBOR_MAP) return NULL;
  struct scl_value *values = sc_alloc_zero((size_t)n, sizeof(*values));
  read_row(&doc, members, n, &c, &head, values);
  scl_members_check(members, n, values, refusal);
  return values;
}
