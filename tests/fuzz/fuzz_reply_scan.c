/* The tokenizer of GetRecords replies against simdjson's DOM, and against itself fed in other chunks. */
#include "codec/json/doc.h"
#include "codec/kinesis/reply_scan.h"
#include "tests/fuzz/fuzz.h"

static const char *known[] = {"NextShardIterator", "MillisBehindLatest", "Records", "ChildShards"};

static struct sc_jsondoc *document(void) {
  static struct sc_jsondoc *doc;
  if (doc == NULL) doc = sc_jsondoc_new();
  return doc;
}

static size_t count_members(struct sc_json object, const char *name) {
  struct sc_json_iter it = sc_json_walk(object);
  struct sc_slice key;
  struct sc_json value;
  size_t n = 0;
  while (sc_json_next(&it, &key, &value)) n += sc_slice_is(key, name);
  return n;
}

static bool absent_or(struct sc_json value, enum sc_json_kind kind) {
  return sc_json_absent(value) || sc_json_kind(value) == kind;
}

/* What the header promises, by the DOM. False: the reply is to be refused. */
static bool expect_last(struct sc_json records, struct sc_reply_facts *want) {
  struct sc_json_iter it = sc_json_walk(records);
  struct sc_json record, last = {NULL, 0};
  struct sc_slice sequence;
  while (sc_json_next(&it, NULL, &record)) {
    if (sc_json_kind(record) != SC_JSON_OBJECT) return false;
    want->n_records++;
    last = record;
  }
  if (want->n_records == 0) return true;
  if (want->n_records > SC_GET_RECORDS_MAX || count_members(last, "SequenceNumber") != 1) return false;
  return sc_json_str(sc_json_get(last, "SequenceNumber"), &sequence) && sc_sequence_parse(sequence, &want->last);
}

static bool expect_iterator(struct sc_json value, struct sc_reply_facts *want) {
  struct sc_slice text = {"", 0};
  if (!absent_or(value, SC_JSON_STRING)) return false;
  sc_json_str(value, &text);
  if (text.len > SC_REPLY_ITERATOR_MAX) return false;
  if (text.len > 0) memcpy(want->iterator, text.ptr, text.len);
  want->iterator_len = (uint32_t)text.len;
  return true;
}

static bool expect_millis(struct sc_json value, struct sc_reply_facts *want) {
  double millis;
  want->millis_behind = -1;
  if (sc_json_absent(value)) return true;
  if (!sc_json_double(value, &millis) || millis > 9e15 || millis < -9e15) return false;
  want->millis_behind = millis < 0 ? 0 : (int64_t)millis;
  return true;
}

static bool expect(struct sc_json root, struct sc_reply_facts *want) {
  if (sc_json_kind(root) != SC_JSON_OBJECT) return false;
  for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
    if (count_members(root, known[i]) > 1) return false;
  struct sc_json records = sc_json_get(root, "Records"), children = sc_json_get(root, "ChildShards"), child;
  if (!sc_json_exists(records) || !absent_or(records, SC_JSON_ARRAY) || !absent_or(children, SC_JSON_ARRAY))
    return false;
  struct sc_json_iter it = sc_json_walk(children);
  while (sc_json_next(&it, NULL, &child))
    if (sc_json_kind(child) == SC_JSON_OBJECT || sc_json_kind(child) == SC_JSON_ARRAY) want->has_children = true;
  return expect_last(records, want) && expect_iterator(sc_json_get(root, known[0]), want) &&
         expect_millis(sc_json_get(root, "MillisBehindLatest"), want);
}

static void init(struct sc_reply_scan *scan, bool of_event) {
  if (of_event) sc_reply_scan_init_event(scan);
  else sc_reply_scan_init(scan);
}

/* Fed in chunks of 1 to 100 bytes, each from a block of just what has come and its padding. */
static int scan_in_chunks(bool of_event, const char *body, size_t size, struct sc_reply_facts *out) {
  struct sc_reply_scan scan;
  struct sc_error err;
  uint32_t random = (uint32_t)size * 2654435761U;
  init(&scan, of_event);
  for (size_t len = 0; len < size;) {
    random = random * 1664525 + 1013904223;
    len += 1 + (random >> 8) % 100;
    if (len > size) len = size;
    char *so_far = padded_copy((const uint8_t *)body, len);
    int rc = sc_reply_scan_feed(&scan, so_far, len, &err);
    free(so_far);
    if (rc != 0) return rc;
  }
  return sc_reply_scan_finish(&scan, body, size, out, &err);
}

static void same_facts(const struct sc_reply_facts *a, const struct sc_reply_facts *b) {
  CHECK(a->n_records == b->n_records);
  CHECK(a->has_children == b->has_children);
  CHECK(a->millis_behind == b->millis_behind);
  CHECK(a->iterator_len == b->iterator_len && memcmp(a->iterator, b->iterator, a->iterator_len) == 0);
  CHECK(sc_sequence_compare(&a->last, &b->last) == 0);
}

static void check(bool of_event, const char *body, size_t size) {
  struct sc_reply_facts facts, chunked, want = {.millis_behind = -1};
  struct sc_reply_scan scan;
  struct sc_error err;
  struct sc_json root;
  known[0] = of_event ? "ContinuationSequenceNumber" : "NextShardIterator";
  init(&scan, of_event);
  int rc = sc_reply_scan_finish(&scan, body, size, &facts, &err);
  CHECK(scan_in_chunks(of_event, body, size, &chunked) == rc);
  if (rc == 0) same_facts(&facts, &chunked);
  if (sc_jsondoc_check(document(), sc_slice_of(body, size), &root) != NULL) return;
  CHECK(expect(root, &want) == (rc == 0));
  if (rc == 0) same_facts(&facts, &want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *body = padded_copy(data, size);
  check(false, body, size);
  check(true, body, size);
  free(body);
  return 0;
}
