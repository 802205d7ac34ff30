#include "codec/kinesis/reply_scan_cbor.h"

#include "codec/kinesis/reply_members.h"
#include "engine/batch.h"

#define NAME_MAX_BYTES 255 /* of one in pieces */
#define MILLIS_MAX 9e15

static int wrong(struct sc_error *err, const char *what, size_t at) {
  return sc_error_set(err, SC_E_PROTOCOL, "GetRecords reply: %s at byte %zu", what, at);
}

static bool is_whole_string(const struct sc_cbor_head *head) {
  return (head->major == SC_CBOR_BYTES || head->major == SC_CBOR_TEXT) && !sc_cbor_is_indefinite(head);
}

/* ---- The reply's own map ---- */

static int set_member(struct sc_reply_scan_cbor *scan, struct sc_slice name, struct sc_error *err) {
  scan->member = sc_reply_member_of(name);
  uint32_t bit = 1U << scan->member;
  if (scan->member != SC_REPLY_OTHER && (scan->seen & bit) != 0) return wrong(err, "a member twice", scan->pos);
  scan->seen |= bit;
  return SC_OK;
}

/* SC_AGAIN when its bytes have not all come. */
static int see_name(struct sc_reply_scan_cbor *scan, const struct sc_cbor_head *head, struct sc_slice rest,
                    struct sc_error *err) {
  if (head->major != SC_CBOR_TEXT) return wrong(err, "a name that is no text", scan->pos);
  scan->name_at = (uint32_t)scan->pos;
  scan->member = SC_REPLY_OTHER;
  if (sc_cbor_is_indefinite(head)) return SC_OK;
  if (head->value > SC_REPLY_NAME_MAX) return set_member(scan, sc_slice_of(NULL, 0), err);
  if (head->value > rest.len) return SC_AGAIN;
  return set_member(scan, sc_slice_of(rest.ptr, head->value), err);
}

/* A name in pieces has come to its end. */
static int see_joined_name(struct sc_reply_scan_cbor *scan, const char *body, struct sc_error *err) {
  struct sc_cbor c = sc_cbor_of(sc_slice_of(body + scan->name_at, scan->pos - scan->name_at));
  struct sc_cbor_head head;
  struct sc_slice name;
  char room[NAME_MAX_BYTES];
  if (!sc_cbor_take(&c, &head) || !sc_cbor_string(&c, &head, room, sizeof(room), &name))
    return wrong(err, c.fault, scan->name_at);
  return set_member(scan, name, err);
}

static int see_value(struct sc_reply_scan_cbor *scan, const struct sc_cbor_head *head, struct sc_error *err) {
  double number;
  bool fits = true;
  if (sc_cbor_is_null(head)) return SC_OK;
  switch ((enum sc_reply_member)scan->member) {
    case SC_REPLY_ITERATOR:
      scan->iterator_at = (uint32_t)scan->pos;
      fits = head->major == SC_CBOR_TEXT;
      break;
    case SC_REPLY_MILLIS:
      scan->millis_at = (uint32_t)scan->pos;
      fits = sc_cbor_to_double(head, &number);
      break;
    case SC_REPLY_RECORDS:
    case SC_REPLY_CHILDREN:
      fits = head->major == SC_CBOR_ARRAY;
      break;
    default:
      break;
  }
  return fits ? SC_OK : wrong(err, "a wrong type of value", scan->pos);
}

/* An item of Records or ChildShards. */
static int see_element(struct sc_reply_scan_cbor *scan, const struct sc_cbor_head *head, struct sc_error *err) {
  if (scan->member == SC_REPLY_CHILDREN && (head->major == SC_CBOR_MAP || head->major == SC_CBOR_ARRAY))
    scan->has_children = true;
  if (scan->member != SC_REPLY_RECORDS) return SC_OK;
  if (head->major != SC_CBOR_MAP) return wrong(err, "a record that is no map", scan->pos);
  if (scan->n_records == SC_GET_RECORDS_MAX) return wrong(err, "too many records", scan->pos);
  scan->n_records++;
  scan->last_record_at = (uint32_t)scan->pos;
  return SC_OK;
}

/* What an item means where it stands. rest: what has come behind its head. */
static int see(struct sc_reply_scan_cbor *scan, const struct sc_cbor_head *head, struct sc_slice rest,
               struct sc_error *err) {
  if (head->major == SC_CBOR_TAG || sc_cbor_is_break(head)) return SC_OK;
  if (scan->walk.depth == 0) return head->major == SC_CBOR_MAP ? SC_OK : wrong(err, "no map", scan->pos);
  if (scan->walk.depth == 2) return see_element(scan, head, err);
  return sc_cbor_walk_at_name(&scan->walk) ? see_name(scan, head, rest, err) : see_value(scan, head, err);
}

/* ---- Feeding ---- */

/* Bytes of the item at p when it is an integer, perhaps of tag 1, or a string of less than 256 bytes; 0 of any
 * other. */
static inline size_t plain_bytes(const unsigned char *p) {
  unsigned first = p[0], info = first & 31;
  if (first >= SC_CBOR_BYTES << 5 && first < SC_CBOR_ARRAY << 5)
    return info < 24 ? 1 + info : info == 24 ? 2 + (size_t)p[1] : 0;
  bool is_time = first == (SC_CBOR_TAG << 5 | SC_CBOR_TAG_EPOCH);
  if (is_time) first = p[1], info = first & 31;
  if (first >= SC_CBOR_BYTES << 5 || info > 27) return 0;
  return is_time + 1 + (info < 24 ? 0 : (size_t)1 << (info - 24));
}

/* Inside of a record: passes items that hold no other items, as far as they have come. step takes the item at which
 * this stops. */
static void pass_plain(struct sc_reply_scan_cbor *scan, const char *body, size_t len) {
  SC_ASSERT(scan->walk.depth > 0);
  struct sc_cbor_level *top = &scan->walk.levels[scan->walk.depth - 1];
  uint64_t most = top->is_indefinite ? UINT64_MAX : top->n - 1, n = 0;
  size_t pos = scan->pos;
  for (; n < most && len > pos + 1; n++) {
    size_t bytes = plain_bytes((const unsigned char *)body + pos);
    if (bytes == 0) break;
    pos += bytes;
  }
  if (n > 0) scan->walk.is_tagged = false;
  top->n = top->is_indefinite ? top->n + n : top->n - n;
  scan->pos = pos;
}

void sc_reply_scan_cbor_init(struct sc_reply_scan_cbor *scan) {
  memset(scan, 0, offsetof(struct sc_reply_scan_cbor, walk.levels));
}

static int step(struct sc_reply_scan_cbor *scan, const char *body, size_t len, struct sc_error *err) {
  struct sc_cbor_head head;
  const char *p = body + scan->pos, *end = body + len, *behind = sc_cbor_head(p, end, &head);
  if (behind == p) return SC_AGAIN;
  if (behind == NULL) return wrong(err, "a malformed head", scan->pos);
  if (scan->has_begun && scan->walk.depth == 0 && !scan->walk.is_tagged)
    return wrong(err, "bytes behind the end", scan->pos);
  if (scan->walk.depth <= 2) {
    int rc = see(scan, &head, sc_slice_of(behind, (size_t)(end - behind)), err);
    if (rc != SC_OK) return rc;
  }
  const char *what = sc_cbor_walk_on(&scan->walk, &head);
  if (what != NULL) return wrong(err, what, scan->pos);
  scan->has_begun = true;
  scan->pos = (size_t)(behind - body);
  if (is_whole_string(&head)) {
    if (head.value > UINT32_MAX) return wrong(err, "a string that is too long", scan->pos);
    scan->pos += head.value;
  }
  bool ended_name = sc_cbor_is_break(&head) && scan->walk.depth == 1 && !sc_cbor_walk_at_name(&scan->walk);
  return ended_name ? see_joined_name(scan, body, err) : SC_OK;
}

int sc_reply_scan_cbor_feed(struct sc_reply_scan_cbor *scan, const char *body, size_t len_so_far,
                            struct sc_error *err) {
  int rc = SC_OK;
  if (len_so_far >= UINT32_MAX) return wrong(err, "too large", len_so_far);
  while (rc == SC_OK && scan->pos < len_so_far) {
    rc = step(scan, body, len_so_far, err);
    if (rc == SC_OK && scan->walk.depth > 2 && !sc_cbor_walk_in_string(&scan->walk)) pass_plain(scan, body, len_so_far);
  }
  return rc == SC_AGAIN ? SC_OK : rc;
}

/* ---- What was found ---- */

static struct sc_cbor cursor_at(const char *body, size_t len, uint32_t at) {
  return (struct sc_cbor){body + at, body + len, NULL};
}

static int fault_of(const struct sc_cbor *c, const char *body, struct sc_error *err) {
  return wrong(err, c->fault, (size_t)(c->p - body));
}

static int take_iterator(const char *body, size_t len, uint32_t at, struct sc_reply_facts *out, struct sc_error *err) {
  struct sc_cbor c = cursor_at(body, len, at);
  struct sc_cbor_head head;
  struct sc_slice text = {"", 0};
  if (at != 0 && (!sc_cbor_take(&c, &head) || !sc_cbor_string(&c, &head, out->iterator, SC_REPLY_ITERATOR_MAX, &text)))
    return fault_of(&c, body, err);
  if (text.len > SC_REPLY_ITERATOR_MAX) return wrong(err, "an iterator that is too long", at);
  memmove(out->iterator, text.ptr, text.len);
  out->iterator[text.len] = '\0';
  out->iterator_len = (uint32_t)text.len;
  return SC_OK;
}

static int take_millis(const char *body, size_t len, uint32_t at, struct sc_reply_facts *out, struct sc_error *err) {
  struct sc_cbor c = cursor_at(body, len, at);
  struct sc_cbor_head head;
  double value = 0;
  if (at == 0) return SC_OK;
  if (!sc_cbor_take(&c, &head)) return fault_of(&c, body, err);
  if (!sc_cbor_to_double(&head, &value) || value > MILLIS_MAX || value < -MILLIS_MAX)
    return wrong(err, "MillisBehindLatest is out of range", at);
  out->millis_behind = value < 0 ? 0 : (int64_t)value;
  return SC_OK;
}

/* A member of the last record: fills *out when it is the SequenceNumber. */
static bool take_member(struct sc_cbor *c, struct sc_sequence *out) {
  struct sc_cbor_head head;
  struct sc_slice text;
  char room[NAME_MAX_BYTES];
  if (!sc_cbor_take(c, &head) || !sc_cbor_string(c, &head, room, sizeof(room), &text)) return false;
  if (head.major != SC_CBOR_TEXT) return sc_cbor_fail(c, "a name that is no text");
  if (!sc_slice_is(text, "SequenceNumber")) return sc_cbor_skip(c);
  if (out->len != 0) return sc_cbor_fail(c, "SequenceNumber twice");
  if (!sc_cbor_take(c, &head) || !sc_cbor_string(c, &head, room, sizeof(room), &text)) return false;
  if (head.major != SC_CBOR_TEXT || !sc_sequence_parse(text, out)) return sc_cbor_fail(c, "a wrong SequenceNumber");
  return true;
}

static int take_last(const char *body, size_t len, uint32_t at, struct sc_reply_facts *out, struct sc_error *err) {
  struct sc_cbor c = cursor_at(body, len, at);
  struct sc_cbor_head head;
  struct sc_cbor_list members;
  if (at == 0) return SC_OK;
  if (!sc_cbor_take(&c, &head) || !sc_cbor_enter(&c, &head, SC_CBOR_MAP, &members)) return fault_of(&c, body, err);
  while (sc_cbor_more(&c, &members))
    if (!take_member(&c, &out->last)) break;
  if (c.fault == NULL && out->last.len == 0) sc_cbor_fail(&c, "no SequenceNumber");
  return c.fault != NULL ? fault_of(&c, body, err) : SC_OK;
}

int sc_reply_scan_cbor_finish(struct sc_reply_scan_cbor *scan, const char *body, size_t len, struct sc_reply_facts *out,
                              struct sc_error *err) {
  int rc = sc_reply_scan_cbor_feed(scan, body, len, err);
  if (rc != SC_OK) return rc;
  bool is_whole = scan->has_begun && scan->walk.depth == 0 && !scan->walk.is_tagged && scan->pos == len;
  if (!is_whole) return wrong(err, "cut short", len);
  if ((scan->seen & 1U << SC_REPLY_RECORDS) == 0) return wrong(err, "no Records", len);
  out->millis_behind = -1;
  out->has_children = scan->has_children;
  out->n_records = scan->n_records;
  out->last.len = 0;
  out->last.part = 0;
  if ((rc = take_iterator(body, len, scan->iterator_at, out, err)) != SC_OK) return rc;
  if ((rc = take_millis(body, len, scan->millis_at, out, err)) != SC_OK) return rc;
  return take_last(body, len, scan->last_record_at, out, err);
}
