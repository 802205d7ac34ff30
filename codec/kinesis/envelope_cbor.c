#include "codec/kinesis/envelope_cbor.h"

#include "codec/json/string.h"
#include "codec/kinesis/record_members.h"
#include "codec/kinesis/reply_scan.h"
#include "codec/text/utf8.h"
#include "codec/wire/cbor.h"
#include "engine/base/big_endian.h"
#include "engine/position.h"

#define MICROS_A_SECOND 1e6
#define SECONDS_MAX 9e12
#define IS(text, name) (memcmp((text), name, sizeof(name) - 1) == 0)

/* The place in the body. Every function here moves c.p on, or returns false after c.fault says why. */
struct opener {
  struct sc_cbor c;
  char *body; /* the same bytes, to be written */
};

static bool wrong(struct opener *o, const char *what) { return sc_cbor_fail(&o->c, what); }

/* Takes a string of that type when it is in one piece of less than 64 KiB, as nearly all strings are. False, with
 * nothing taken, for anything else. */
static inline bool take_plain(struct opener *o, enum sc_cbor_major major, struct sc_slice *out) {
  const unsigned char *p = (const unsigned char *)o->c.p;
  unsigned info = (unsigned)p[0] - ((unsigned)major << 5);
  size_t head = 1, len = info;
  if (info == 24) head = 2, len = p[1];
  else if (info == 25) head = 3, len = (size_t)p[1] << 8 | p[2];
  else if (info > 25) return false;
  if (o->c.p >= o->c.end || (size_t)(o->c.end - o->c.p) < head + len) return false;
  *out = sc_slice_of(o->c.p + head, len);
  o->c.p += head + len;
  return true;
}

/* The string that head begins. Pieces are joined in the body, at the place of the first one. */
static inline bool take_string(struct opener *o, const struct sc_cbor_head *head, struct sc_slice *out) {
  char *room = o->body + (o->c.p - o->body);
  return sc_cbor_string(&o->c, head, room, (size_t)(o->c.end - o->c.p), out);
}

/* ---- The members of a record ---- */

static bool is_number(struct sc_slice text) {
  const char *p = text.ptr, *end = text.ptr + text.len;
  while (end - p >= 16 && sc_json_digits_stop(p) == 16) p += 16;
  return p + sc_json_digits_stop(p) >= end && text.len > 0 && text.len <= SC_SEQUENCE_DIGITS;
}

static bool take_text(struct opener *o, struct sc_slice *out, const char *what) {
  struct sc_cbor_head head;
  if (!sc_cbor_take(&o->c, &head)) return false;
  return head.major == SC_CBOR_TEXT ? take_string(o, &head, out) : wrong(o, what);
}

static inline bool take_sequence(struct opener *o, struct sc_record *record) {
  if (!take_plain(o, SC_CBOR_TEXT, &record->sequence) &&
      !take_text(o, &record->sequence, "a SequenceNumber that is no text"))
    return false;
  return is_number(record->sequence) || wrong(o, "a wrong SequenceNumber");
}

static bool take_any_arrival(struct opener *o, struct sc_record *record) {
  struct sc_cbor_head head;
  int64_t ms;
  double seconds;
  if (!sc_cbor_take(&o->c, &head)) return false;
  if (sc_cbor_is_null(&head)) return true;
  if (head.major > SC_CBOR_NEGATIVE) {
    if (!sc_cbor_to_double(&head, &seconds)) return wrong(o, "a wrong ApproximateArrivalTimestamp");
    if (seconds > SECONDS_MAX || seconds < -SECONDS_MAX) return wrong(o, "an ApproximateArrivalTimestamp out of range");
    record->arrival_us = (int64_t)(seconds * MICROS_A_SECOND + (seconds < 0 ? -0.5 : 0.5));
    return true;
  }
  if (!sc_cbor_to_int(&head, &ms) || __builtin_mul_overflow(ms, 1000, &record->arrival_us))
    return wrong(o, "an ApproximateArrivalTimestamp out of range");
  return true;
}

/* Tag 1 and an integer of eight bytes, as the service writes it. Anything else goes the slow way. */
static inline bool take_arrival(struct opener *o, struct sc_record *record) {
  if (o->c.end - o->c.p < 10 || !IS(o->c.p, "\xc1\x1b")) return take_any_arrival(o, record);
  uint64_t ms = sc_be_get64(o->c.p + 2);
  if (ms > INT64_MAX / 1000) return take_any_arrival(o, record);
  record->arrival_us = (int64_t)ms * 1000;
  o->c.p += 10;
  return true;
}

static inline bool take_data(struct opener *o, struct sc_record *record) {
  struct sc_cbor_head head;
  if (take_plain(o, SC_CBOR_BYTES, &record->data)) return true;
  if (!sc_cbor_take(&o->c, &head)) return false;
  if (head.major == SC_CBOR_BYTES) return take_string(o, &head, &record->data);
  return sc_cbor_is_null(&head) || wrong(o, "Data that is no byte string");
}

static bool take_partition_key(struct opener *o, struct sc_record *record) {
  struct sc_cbor_head head;
  if (!take_plain(o, SC_CBOR_TEXT, &record->partition_key)) {
    if (!sc_cbor_take(&o->c, &head)) return false;
    if (sc_cbor_is_null(&head)) return true;
    if (head.major != SC_CBOR_TEXT) return wrong(o, "a PartitionKey that is no text");
    if (!take_string(o, &head, &record->partition_key)) return false;
  }
  return sc_utf8_valid(record->partition_key.ptr, record->partition_key.len) ||
         wrong(o, "a PartitionKey that is no UTF-8");
}

/* ---- Names ---- */

/* A name that take_name does not know: it may be in pieces. */
static bool take_any_name(struct opener *o, enum member *member) {
  struct sc_slice name;
  if (!take_text(o, &name, "a name that is no text")) return false;
  *member = sc_record_member_of(name);
  return true;
}

#define FOUND(found, name)      \
  if (IS(o->c.p, name)) {       \
    *member = found;            \
    o->c.p += sizeof(name) - 1; \
    return true;                \
  }                             \
  break

/* Names are compared with their heads, as encoders write them. The comparison may read the padding behind the end. A
 * name found there is not believed: no value follows within the body. */
static inline bool take_name(struct opener *o, enum member *member) {
  switch ((unsigned char)*o->c.p) {
    case 0x6e:
      FOUND(SEQUENCE, "\x6eSequenceNumber");
    case 0x78:
      FOUND(ARRIVAL,
            "\x78\x1b"
            "ApproximateArrivalTimestamp");
    case 0x64:
      FOUND(DATA,
            "\x64"
            "Data");
    case 0x6c:
      FOUND(PARTITION_KEY, "\x6cPartitionKey");
    default:
      break;
  }
  return take_any_name(o, member);
}

/* ---- Records ---- */

static inline bool take_member(struct opener *o, struct sc_record *record, unsigned *seen) {
  enum member member;
  if (!take_name(o, &member)) return false;
  if (member != OTHER && (*seen & 1U << member) != 0) return wrong(o, "a member twice");
  *seen |= 1U << member;
  switch (member) {
    case SEQUENCE:
      return take_sequence(o, record);
    case ARRIVAL:
      return take_arrival(o, record);
    case DATA:
      return take_data(o, record);
    case PARTITION_KEY:
      return take_partition_key(o, record);
    default:
      return sc_cbor_skip(&o->c);
  }
}

static bool take_record(struct opener *o, struct sc_record *record) {
  struct sc_cbor_head head;
  struct sc_cbor_list members;
  unsigned seen = 0;
  *record = (struct sc_record){.data = {"", 0}, .partition_key = {"", 0}, .arrival_us = INT64_MIN};
  if (!sc_cbor_take(&o->c, &head) || !sc_cbor_enter(&o->c, &head, SC_CBOR_MAP, &members)) return false;
  while (sc_cbor_more(&o->c, &members))
    if (!take_member(o, record, &seen)) return false;
  if (o->c.fault != NULL) return false;
  return record->sequence.len > 0 || wrong(o, "a record without SequenceNumber");
}

static bool take_records(struct opener *o, struct sc_records *records) {
  struct sc_cbor_head head;
  struct sc_cbor_list list;
  if (!sc_cbor_take(&o->c, &head)) return false;
  if (sc_cbor_is_null(&head)) return true;
  if (!sc_cbor_enter(&o->c, &head, SC_CBOR_ARRAY, &list)) return false;
  while (sc_cbor_more(&o->c, &list)) {
    if (records->n == SC_GET_RECORDS_MAX) return wrong(o, "too many records");
    if (!take_record(o, sc_records_next(records))) return false;
    records->n++;
  }
  return o->c.fault == NULL;
}

static bool take_reply_member(struct opener *o, struct sc_records *records, bool *found) {
  enum member member;
  if (!take_any_name(o, &member)) return false;
  if (member != RECORDS) return sc_cbor_skip(&o->c);
  if (*found) return wrong(o, "Records twice");
  *found = true;
  return take_records(o, records);
}

static bool take_reply(struct opener *o, struct sc_records *records) {
  struct sc_cbor_head head;
  struct sc_cbor_list members;
  bool found = false;
  if (!sc_cbor_take(&o->c, &head) || !sc_cbor_enter(&o->c, &head, SC_CBOR_MAP, &members)) return false;
  while (sc_cbor_more(&o->c, &members))
    if (!take_reply_member(o, records, &found)) return false;
  if (o->c.fault != NULL) return false;
  if (o->c.p < o->c.end) return wrong(o, "bytes behind the end");
  return found || wrong(o, "no Records");
}

int sc_envelope_cbor_open(char *body, size_t len, struct sc_records *records, struct sc_error *err) {
  struct opener o = {sc_cbor_of(sc_slice_of(body, len)), body};
  SC_ASSERT(body != NULL);
  records->n = 0;
  if (take_reply(&o, records)) return SC_OK;
  return sc_error_fail(err, SC_E_PROTOCOL, "is this CBOR as Kinesis sends it? --protocol=json asks for JSON",
                       "GetRecords reply: %s at byte %zu", o.c.fault, (size_t)(o.c.p - body));
}
