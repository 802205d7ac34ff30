/* JSON documents of the control plane: API replies, service requests, credential files. A C face of simdjson's DOM.
 *
 * Not for records (json_cells.h) nor for GetRecords replies (reply_scan.h, envelope_json.h).
 * A document is parsed whole and validated whole (UTF-8, escapes, surrogates, numbers, nothing behind it). Values are
 * handles into it: they, and the slices they give, live until the document is parsed again or freed. The caller's bytes
 * are copied. One owner thread. Allocates when a document is larger than all before it. No exception leaves it.
 * Bounds: SC_JSONDOC_BYTES_MAX, SC_JSONDOC_DEPTH_MAX.
 *
 * Typed access never fails loudly: every getter returns whether the value is of that type and leaves *out alone
 * otherwise, and a value that is not there (.doc == NULL) is of no type, so lookups chain:
 * sc_json_str(sc_json_get(root, "ShardId"), &id).
 * Source: RFC 8259; simdjson 3.0.
 */
#ifndef SC_CODEC_JSON_DOC_H
#define SC_CODEC_JSON_DOC_H

#include "engine/base/slice.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SC_JSONDOC_BYTES_MAX ((size_t)64 << 20) /* a full PutRecords (10 MiB, base64) is below 14 MiB */
#define SC_JSONDOC_DEPTH_MAX 64

struct sc_error;
struct sc_jsondoc;

struct sc_json {
  const void *doc; /* NULL: no such value */
  uint64_t at;
};

enum sc_json_kind {
  SC_JSON_NONE, /* no such value */
  SC_JSON_NULL,
  SC_JSON_BOOL,
  SC_JSON_INT64,  /* an integer that fits int64 */
  SC_JSON_UINT64, /* an integer that fits only uint64 */
  SC_JSON_DOUBLE, /* any other number; finite */
  SC_JSON_STRING,
  SC_JSON_ARRAY,
  SC_JSON_OBJECT
};

struct sc_jsondoc *sc_jsondoc_new(void);
void sc_jsondoc_free(struct sc_jsondoc *doc);

/* Root of the document, into *root. SC_E_PROTOCOL (text: what is wrong) when it is no JSON, empty, too large or too
 * deep. Forgets the document parsed before. */
int sc_jsondoc_parse(struct sc_jsondoc *doc, struct sc_slice bytes, struct sc_json *root, struct sc_error *err);
/* The same for callers that word their own errors: NULL, or what is wrong, a static text. */
const char *sc_jsondoc_check(struct sc_jsondoc *doc, struct sc_slice bytes, struct sc_json *root);

enum sc_json_kind sc_json_kind(struct sc_json value);
static inline bool sc_json_exists(struct sc_json value) { return value.doc != NULL; }
/* Absent or null: the AWS protocols make no difference. */
bool sc_json_absent(struct sc_json value);

/* The member of that name; of the first when it comes twice; no value when object is no object or has no such
 * member. */
struct sc_json sc_json_get(struct sc_json object, const char *name);

bool sc_json_str(struct sc_json value, struct sc_slice *out); /* string: unescaped; may hold U+0000 */
bool sc_json_i64(struct sc_json value, int64_t *out);         /* integer within int64 */
bool sc_json_u64(struct sc_json value, uint64_t *out);        /* integer within uint64 */
bool sc_json_double(struct sc_json value, double *out);       /* any number */
bool sc_json_bool(struct sc_json value, bool *out);

/* Walks arrays and objects in order. Nothing else has elements.
 *   struct sc_json_iter it = sc_json_walk(list);
 *   struct sc_json element;
 *   while (sc_json_next(&it, NULL, &element)) ... */
struct sc_json_iter {
  const void *doc;
  uint64_t at, end;
  bool object;
};
struct sc_json_iter sc_json_walk(struct sc_json container);
/* False at the end. key, when not NULL, is the member's name (of an object; empty in an array). */
bool sc_json_next(struct sc_json_iter *it, struct sc_slice *key, struct sc_json *value);
/* Number of elements or members; 0 of anything else. Walks. */
size_t sc_json_count(struct sc_json container);

/* Whether the bytes are UTF-8 (RFC 3629), by simdjson's vectors. Behind utf8.h, here for the header. Any thread. */
bool sc_jsondoc_is_utf8(struct sc_slice bytes);

#ifdef __cplusplus
}
#endif
#endif
