#include "codec/kinesis/reply_scan.h"

#include "codec/json/number.h"
#include "codec/json/string.h"
#include "codec/kinesis/reply_members.h"
#include "engine/batch.h"

#define DEPTH_MAX 64
#define BLOCKS 64     /* masked at once */
#define SHORT_MAX 800 /* bytes of any name or number we look for, should every character be escaped */

/* Outside of nested values the reply is read byte by byte. The state says what may come next. */
enum state {
  AT_START,       /* the reply's { */
  AT_FIRST_NAME,  /* a name or } */
  AT_NAME,        /* a name */
  IN_NAME,        /* behind its opening quote */
  IN_NAME_ESCAPE, /* behind a backslash */
  AT_COLON,
  AT_VALUE,
  IN_STRING,
  IN_STRING_ESCAPE,
  IN_SCALAR,
  IN_NESTED, /* an object or array: by blocks of 64 bytes */
  AFTER_VALUE,
  AT_END /* blanks only */
};

static int wrong(struct sc_error *err, const char *what, size_t at) {
  return sc_error_set(err, SC_E_PROTOCOL, "GetRecords reply: %s at byte %zu", what, at);
}

/* The string without escapes. A string that is longer than any we look for becomes empty. */
static struct sc_slice plain(struct sc_slice text, char buffer[SHORT_MAX]) {
  if (text.len > SHORT_MAX) return SC_SLICE_LITERAL("");
  if (memchr(text.ptr, '\\', text.len) == NULL) return text;
  if (!sc_json_string_unescape(text.ptr, text.len, buffer, &text.len)) return SC_SLICE_LITERAL("");
  return sc_slice_of(buffer, text.len);
}

static enum sc_reply_member member_of(const struct sc_reply_scan *scan, struct sc_slice raw) {
  char buffer[SHORT_MAX];
  struct sc_slice name = plain(raw, buffer);
  if (scan->of_event && sc_slice_is(name, "ContinuationSequenceNumber")) return SC_REPLY_ITERATOR;
  enum sc_reply_member member = sc_reply_member_of(name);
  return scan->of_event && member == SC_REPLY_ITERATOR ? SC_REPLY_OTHER : member;
}

static struct sc_slice slice_of(const char *body, struct sc_reply_span span) {
  return sc_slice_of(body + span.start, span.end - span.start);
}

/* ---- Nested values ---- */

/* Between two records there is one comma, before the first and behind the last none. The gaps are read byte by byte,
 * since the masks show brackets only: a scalar among the records would go unseen. */
static bool gap_is_fine(const char *body, size_t from, size_t to, unsigned want_commas) {
  unsigned commas = 0;
  for (; from < to; from++) {
    if (body[from] == ',') commas++;
    else if (!sc_json_is_blank(body[from])) return false;
  }
  return commas == want_commas;
}

static int open_record(struct sc_reply_scan *scan, const char *body, size_t at, struct sc_error *err) {
  if (body[at] != '{' || !gap_is_fine(body, scan->last_record.end, at, scan->n_records > 0))
    return wrong(err, "a record that is no object", at);
  if (scan->n_records == SC_GET_RECORDS_MAX) return wrong(err, "too many records", at);
  scan->n_records++;
  scan->last_record.start = (uint32_t)at;
  return SC_OK;
}

static int open_nested(struct sc_reply_scan *scan, const char *body, size_t at, struct sc_error *err) {
  if (scan->depth == DEPTH_MAX) return wrong(err, "nested too deeply", at);
  uint64_t bit = UINT64_C(1) << scan->depth++;
  scan->kinds = body[at] == '{' ? scan->kinds | bit : scan->kinds & ~bit;
  if (scan->depth != 3) return SC_OK;
  if (scan->member == SC_REPLY_CHILDREN) scan->has_children = true;
  return scan->member == SC_REPLY_RECORDS ? open_record(scan, body, at, err) : SC_OK;
}

static int close_nested(struct sc_reply_scan *scan, const char *body, size_t at, struct sc_error *err) {
  bool object = (scan->kinds >> --scan->depth & 1) != 0;
  if (object != (body[at] == '}')) return wrong(err, "brackets that do not match", at);
  if (scan->member != SC_REPLY_RECORDS || scan->depth > 2) return SC_OK;
  if (scan->depth == 2) scan->last_record.end = (uint32_t)at + 1;
  else if (!gap_is_fine(body, scan->last_record.end, at, 0)) return wrong(err, "a record that is no object", at);
  return SC_OK;
}

/* The brackets of one block of n bytes, the first of which is at scan->pos. */
static int scan_block(struct sc_reply_scan *scan, const char *body, uint64_t brackets, size_t n, struct sc_error *err) {
  for (; brackets != 0; brackets &= brackets - 1) {
    size_t at = scan->pos + (size_t)__builtin_ctzll(brackets);
    bool opens = body[at] == '{' || body[at] == '[';
    int rc = opens ? open_nested(scan, body, at, err) : close_nested(scan, body, at, err);
    if (rc != SC_OK) return rc;
    if (scan->depth > 1) continue;
    scan->state = AFTER_VALUE;
    scan->pos = at + 1;
    return SC_OK;
  }
  scan->pos += n;
  return SC_OK;
}

static int scan_nested(struct sc_reply_scan *scan, const char *body, size_t len, struct sc_error *err) {
  uint64_t brackets[BLOCKS];
  while (scan->state == IN_NESTED && len - scan->pos >= 64) {
    size_t n = (len - scan->pos) / 64;
    if (n > BLOCKS) n = BLOCKS;
    sc_json_mask_brackets(&scan->mask, body + scan->pos, n, brackets);
    for (size_t i = 0; i < n && scan->state == IN_NESTED; i++) {
      int rc = SC_OK;
      if (brackets[i] == 0) scan->pos += 64;
      else rc = scan_block(scan, body, brackets[i], 64, err);
      if (rc != SC_OK) return rc;
    }
  }
  return SC_OK;
}

/* The last bytes of a body, fewer than a block. */
static int scan_nested_rest(struct sc_reply_scan *scan, const char *body, size_t len, struct sc_error *err) {
  char block[64];
  uint64_t brackets;
  size_t n = len - scan->pos;
  memset(block, ' ', sizeof(block));
  memcpy(block, body + scan->pos, n);
  sc_json_mask_brackets(&scan->mask, block, 1, &brackets);
  return scan_block(scan, body, brackets, n, err);
}

/* ---- The reply's own object ---- */

static int enter_nested(struct sc_reply_scan *scan, const char *body, struct sc_error *err) {
  if (body[scan->pos] == '{' && (scan->member == SC_REPLY_RECORDS || scan->member == SC_REPLY_CHILDREN))
    return wrong(err, "an object where a list belongs", scan->pos);
  if (scan->member == SC_REPLY_ITERATOR || scan->member == SC_REPLY_MILLIS)
    return wrong(err, "a wrong type of value", scan->pos);
  scan->mask = (struct sc_json_mask){0, 0};
  scan->state = IN_NESTED;
  if (scan->member == SC_REPLY_RECORDS) scan->last_record.end = (uint32_t)scan->pos + 1;
  return open_nested(scan, body, scan->pos++, err);
}

static int end_name(struct sc_reply_scan *scan, const char *body, struct sc_error *err) {
  struct sc_slice name = slice_of(body, scan->token);
  bool nul;
  if (!sc_json_string_check(name.ptr, name.len, &nul)) return wrong(err, "a wrong escape", scan->token.start);
  scan->member = member_of(scan, name);
  uint32_t bit = 1U << scan->member;
  if (scan->member != SC_REPLY_OTHER && (scan->seen & bit) != 0) return wrong(err, "a member twice", scan->token.start);
  scan->seen |= bit;
  scan->state = AT_COLON;
  return SC_OK;
}

static int end_string(struct sc_reply_scan *scan, const char *body, struct sc_error *err) {
  struct sc_slice text = slice_of(body, scan->token);
  bool nul;
  if (scan->member != SC_REPLY_OTHER && scan->member != SC_REPLY_ITERATOR)
    return wrong(err, "a wrong type of value", scan->token.start);
  if (!sc_json_string_check(text.ptr, text.len, &nul)) return wrong(err, "a wrong escape", scan->token.start);
  if (scan->member == SC_REPLY_ITERATOR) scan->iterator = scan->token;
  scan->state = AFTER_VALUE;
  return SC_OK;
}

static int end_scalar(struct sc_reply_scan *scan, const char *body, struct sc_error *err) {
  struct sc_slice text = slice_of(body, scan->token);
  const char *end = text.ptr + text.len;
  struct sc_json_number number;
  scan->state = AFTER_VALUE;
  if (sc_slice_is(text, "null")) return SC_OK;
  if (scan->member != SC_REPLY_OTHER && scan->member != SC_REPLY_MILLIS)
    return wrong(err, "a wrong type of value", scan->token.start);
  if (sc_json_number_scan(text.ptr, end, &number) == end) {
    if (scan->member == SC_REPLY_MILLIS) scan->millis = scan->token;
    return SC_OK;
  }
  if (scan->member == SC_REPLY_MILLIS || (!sc_slice_is(text, "true") && !sc_slice_is(text, "false")))
    return wrong(err, "a wrong value", scan->token.start);
  return SC_OK;
}

static void start_token(struct sc_reply_scan *scan, enum state state, size_t start) {
  scan->state = state;
  scan->token = (struct sc_reply_span){(uint32_t)start, (uint32_t)start};
}

/* A byte that may be followed by blanks. */
static int step_between(struct sc_reply_scan *scan, char c, struct sc_error *err) {
  size_t at = scan->pos++;
  switch ((enum state)scan->state) {
    case AT_START:
      if (c != '{') return wrong(err, "no object", at);
      scan->depth = 1;
      scan->state = AT_FIRST_NAME;
      return SC_OK;
    case AT_FIRST_NAME:
    case AT_NAME:
      if (c == '}' && scan->state == AT_FIRST_NAME) {
        scan->state = AT_END;
        return SC_OK;
      }
      if (c != '"') return wrong(err, "no name", at);
      start_token(scan, IN_NAME, at + 1);
      return SC_OK;
    case AT_COLON:
      if (c != ':') return wrong(err, "no colon", at);
      scan->state = AT_VALUE;
      return SC_OK;
    case AFTER_VALUE:
      if (c != ',' && c != '}') return wrong(err, "no comma", at);
      scan->state = c == ',' ? AT_NAME : AT_END;
      return SC_OK;
    default:
      return wrong(err, "bytes behind the end", at);
  }
}

static int step_value(struct sc_reply_scan *scan, const char *body, char c, struct sc_error *err) {
  if (c == '{' || c == '[') return enter_nested(scan, body, err);
  if (c == '"') start_token(scan, IN_STRING, scan->pos + 1);
  else start_token(scan, IN_SCALAR, scan->pos);
  scan->pos++;
  return SC_OK;
}

/* In a name or a string. */
static int step_string(struct sc_reply_scan *scan, const char *body, char c, struct sc_error *err) {
  bool name = scan->state == IN_NAME || scan->state == IN_NAME_ESCAPE;
  bool escaped = scan->state == IN_NAME_ESCAPE || scan->state == IN_STRING_ESCAPE;
  scan->token.end = (uint32_t)scan->pos++;
  if ((unsigned char)c < 0x20) return wrong(err, "a control character", scan->pos - 1);
  if (c == '"' && !escaped) return name ? end_name(scan, body, err) : end_string(scan, body, err);
  if (c == '\\' && !escaped) scan->state = name ? IN_NAME_ESCAPE : IN_STRING_ESCAPE;
  else scan->state = name ? IN_NAME : IN_STRING;
  return SC_OK;
}

static int step(struct sc_reply_scan *scan, const char *body, struct sc_error *err) {
  char c = body[scan->pos];
  switch ((enum state)scan->state) {
    case IN_NAME:
    case IN_NAME_ESCAPE:
    case IN_STRING:
    case IN_STRING_ESCAPE:
      return step_string(scan, body, c, err);
    case IN_SCALAR:
      scan->token.end = (uint32_t)scan->pos;
      if (c == ',' || c == '}' || sc_json_is_blank(c)) return end_scalar(scan, body, err);
      scan->pos++;
      return SC_OK;
    default:
      if (sc_json_is_blank(c)) {
        scan->pos++;
        return SC_OK;
      }
      return scan->state == AT_VALUE ? step_value(scan, body, c, err) : step_between(scan, c, err);
  }
}

void sc_reply_scan_init(struct sc_reply_scan *scan) { *scan = (struct sc_reply_scan){.state = AT_START, .kinds = 1}; }

void sc_reply_scan_init_event(struct sc_reply_scan *scan) {
  sc_reply_scan_init(scan);
  scan->of_event = true;
}

int sc_reply_scan_feed(struct sc_reply_scan *scan, const char *body, size_t len_so_far, struct sc_error *err) {
  int rc = SC_OK;
  if (len_so_far >= UINT32_MAX) return wrong(err, "too large", len_so_far);
  while (rc == SC_OK && scan->pos < len_so_far) {
    if (scan->state != IN_NESTED) {
      rc = step(scan, body, err);
      continue;
    }
    rc = scan_nested(scan, body, len_so_far, err);
    if (scan->state == IN_NESTED) break;
  }
  return rc;
}

/* ---- What was found ---- */

/* A string with its quotes, unescaped; empty when it is none, or longer than any we look for. */
static struct sc_slice text_of(struct sc_slice string, char buffer[SHORT_MAX]) {
  if (string.len < 2 || string.ptr[0] != '"' || string.ptr[string.len - 1] != '"') return SC_SLICE_LITERAL("");
  return plain(sc_slice_of(string.ptr + 1, string.len - 2), buffer);
}

/* A member of the last record, which ends at end: fills *out when it is the SequenceNumber. *at: its first byte, then
 * what follows its value. */
static int take_member(const char *body, size_t *at, size_t end, struct sc_sequence *out, struct sc_error *err) {
  char buffer[SHORT_MAX];
  const char *stop = body + end;
  struct sc_slice name = sc_json_extent(body + *at, stop);
  if (sc_json_peek(name.ptr, stop) != '"') return wrong(err, "no name", *at);
  const char *colon = sc_json_skip_blanks(name.ptr + name.len, stop);
  if (sc_json_peek(colon, stop) != ':') return wrong(err, "no colon", (size_t)(colon - body));
  struct sc_slice value = sc_json_extent(sc_json_skip_blanks(colon + 1, stop), stop);
  size_t start = (size_t)(value.ptr - body);
  *at = start + value.len;
  if (!sc_slice_is(text_of(name, buffer), "SequenceNumber")) return SC_OK;
  if (out->len != 0) return wrong(err, "SequenceNumber twice", start);
  if (!sc_sequence_parse(text_of(value, buffer), out)) return wrong(err, "a wrong SequenceNumber", start);
  return SC_OK;
}

/* Values that are not the SequenceNumber are passed over: what is in them is the parse thread's to check. */
static int take_last(const char *body, struct sc_reply_span span, struct sc_reply_facts *out, struct sc_error *err) {
  const char *end = body + span.end;
  size_t at = span.start;
  do {
    at = (size_t)(sc_json_skip_blanks(body + at + 1, end) - body);
    int rc = take_member(body, &at, span.end, &out->last, err);
    if (rc != SC_OK) return rc;
    at = (size_t)(sc_json_skip_blanks(body + at, end) - body);
  } while (sc_json_peek(body + at, end) == ',');
  if (at + 1 != span.end) return wrong(err, "no comma", at);
  return out->last.len == 0 ? wrong(err, "no SequenceNumber", at) : SC_OK;
}

static int take_iterator(const char *body, struct sc_reply_span span, struct sc_reply_facts *out,
                         struct sc_error *err) {
  size_t len = 0;
  if (span.end - span.start > SC_REPLY_ITERATOR_MAX) return wrong(err, "an iterator that is too long", span.start);
  sc_json_string_unescape(body + span.start, span.end - span.start, out->iterator, &len);
  out->iterator[len] = '\0';
  out->iterator_len = (uint32_t)len;
  return SC_OK;
}

static int take_millis(const char *body, struct sc_reply_span span, struct sc_reply_facts *out, struct sc_error *err) {
  const char *text = body + span.start, *end = body + span.end;
  struct sc_json_number number;
  double value;
  if (span.end == 0) return SC_OK;
  sc_json_number_scan(text, end, &number);
  if (!sc_json_number_to_double(&number, text, (size_t)(end - text), &value) || value > 9e15 || value < -9e15)
    return wrong(err, "MillisBehindLatest is out of range", span.start);
  out->millis_behind = value < 0 ? 0 : (int64_t)value;
  return SC_OK;
}

int sc_reply_scan_finish(struct sc_reply_scan *scan, const char *body, size_t len, struct sc_reply_facts *out,
                         struct sc_error *err) {
  int rc = sc_reply_scan_feed(scan, body, len, err);
  while (rc == SC_OK && scan->state == IN_NESTED && scan->pos < len) {
    rc = scan_nested_rest(scan, body, len, err);
    if (rc == SC_OK) rc = sc_reply_scan_feed(scan, body, len, err);
  }
  if (rc != SC_OK) return rc;
  if (scan->state != AT_END) return wrong(err, "cut short", len);
  if ((scan->seen & 1U << SC_REPLY_RECORDS) == 0) return wrong(err, "no Records", len);
  out->millis_behind = -1;
  out->has_children = scan->has_children;
  out->n_records = scan->n_records;
  out->last.len = 0;
  out->last.part = 0;
  if ((rc = take_iterator(body, scan->iterator, out, err)) != SC_OK) return rc;
  if ((rc = take_millis(body, scan->millis, out, err)) != SC_OK) return rc;
  if (scan->n_records == 0) return SC_OK;
  return take_last(body, scan->last_record, out, err);
}
