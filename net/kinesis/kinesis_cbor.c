#include "net/kinesis/kinesis_cbor.h"

#include "codec/text/utf8.h"
#include "codec/wire/cbor.h"

static void add_member(struct sc_buf *out, const char *name, const char *text) {
  sc_cbor_add_text(out, sc_slice_str(name));
  sc_cbor_add_text(out, sc_slice_str(text));
}

void sc_kinesis_cbor_write_get_records(struct sc_buf *out, const char *arn, const char *iterator, uint32_t limit) {
  sc_buf_clear(out);
  sc_cbor_open(out, SC_CBOR_MAP);
  sc_cbor_add_text(out, SC_SLICE_LITERAL("Limit"));
  sc_cbor_add_int(out, limit);
  if (arn != NULL) add_member(out, "StreamARN", arn);
  add_member(out, "ShardIterator", iterator);
  sc_cbor_close(out);
}

/* A text value; anything else is skipped. */
static bool take_text(struct sc_cbor *c, char *room, size_t cap, struct sc_slice *out) {
  struct sc_cbor_head head;
  struct sc_slice text;
  if (!sc_cbor_take(c, &head)) return false;
  if (head.major != SC_CBOR_TEXT) return sc_cbor_pass(c, &head);
  if (!sc_cbor_string(c, &head, room, cap, &text)) return false;
  if (sc_utf8_valid(text.ptr, text.len)) *out = text;
  return true;
}

static bool take_member(struct sc_cbor *c, struct sc_kinesis_cbor_room *room, struct sc_kinesis_fault *fault) {
  struct sc_slice name = {"", 0};
  char name_room[32];
  if (!take_text(c, name_room, sizeof(name_room), &name)) return false;
  if (sc_slice_is(name, "__type")) return take_text(c, room->type, sizeof(room->type), &fault->type);
  if (sc_slice_is(name, "message") || sc_slice_is(name, "Message"))
    return take_text(c, room->message, sizeof(room->message), &fault->message);
  return sc_cbor_skip(c);
}

void sc_kinesis_cbor_read_fault(struct sc_slice body, struct sc_kinesis_cbor_room *room,
                                struct sc_kinesis_fault *fault) {
  struct sc_cbor c = sc_cbor_of(body);
  struct sc_cbor_head head;
  struct sc_cbor_list members;
  if (!sc_cbor_take(&c, &head) || !sc_cbor_enter(&c, &head, SC_CBOR_MAP, &members)) return;
  while (sc_cbor_more(&c, &members) && take_member(&c, room, fault)) continue;
}

bool sc_kinesis_cbor_is_refused(const struct sc_error *err) {
  static const char *const names[] = {"UnknownOperationException", "SerializationException",
                                      "UnsupportedMediaTypeException", "InvalidContentTypeException"};
  if (err->http_status == 404 || err->http_status == 406 || err->http_status == 415) return true;
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
    if (strcmp(err->service, names[i]) == 0) return true;
  return false;
}
