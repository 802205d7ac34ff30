/* Reads a request body by a table of its members: types first, then constraints, with the service's own error texts.
 * A wrong type is a SerializationException, a value out of bounds a ValidationException (API Reference, "Common
 * Errors").
 *
 * JSON (members_json.c) and CBOR (members_cbor.c) give the same values, and the same errors. Values are views of the
 * document; scl_values_free frees only their table. Unknown members are ignored; of a repeated member the first counts;
 * null is the same as absent. Any thread.
 */
#ifndef SCL_API_MEMBERS_H
#define SCL_API_MEMBERS_H

#include "bench/local/base/apierror.h"
#include "codec/json/doc.h"

enum scl_member_type {
  SCL_MEMBER_TEXT,    /* min, max: characters */
  SCL_MEMBER_INTEGER, /* min, max: value */
  SCL_MEMBER_TIME,    /* read as ms. Seconds in JSON, and as a float in CBOR; an integer in CBOR is ms */
  SCL_MEMBER_FLAG,
  SCL_MEMBER_BLOB, /* JSON: base64; CBOR: a byte string; min, max: bytes */
  SCL_MEMBER_LIST, /* of structures; min, max: elements */
  SCL_MEMBER_STRUCTURE,
  SCL_MEMBER_TEXTS, /* a list of strings; min, max: elements; members: one, which describes an element */
  SCL_MEMBER_MAP    /* of strings to strings; min, max: entries; members: two, which describe keys and values */
};

enum scl_pattern {
  SCL_PATTERN_NONE,
  SCL_PATTERN_NAME,
  SCL_PATTERN_HASH_KEY,
  SCL_PATTERN_SEQUENCE,
  SCL_PATTERN_STREAM_ARN,
  SCL_PATTERN_CONSUMER_ARN,
  SCL_PATTERN_RESOURCE_ARN
};

/* A larger TEXTS or MAP is counted, and its elements are not read: its max is smaller, so it is refused. */
#define SCL_MEMBERS_MAX_ELEMENTS 1000

struct scl_member {
  const char *name;
  enum scl_member_type type;
  bool required;
  int64_t min, max; /* max 0: no bounds */
  enum scl_pattern pattern;
  const char *choices;              /* "A, B, C", in the order of the service; NULL: any */
  const struct scl_member *members; /* LIST: of an element; STRUCTURE; TEXTS; MAP */
  int n_members;
};

struct scl_value {
  bool is_set;
  bool is_base64;          /* BLOB: the text is base64; else it is the bytes */
  struct sc_slice text;    /* TEXT (UTF-8), BLOB */
  int64_t number;          /* INTEGER; TIME in ms; FLAG 0 or 1 */
  uint64_t bytes;          /* BLOB: decoded length */
  size_t n;                /* LIST, TEXTS, MAP: elements */
  struct scl_value *items; /* LIST, TEXTS, MAP: n rows of n_members; STRUCTURE: one row */
};

/* A row of n values, which the caller frees with scl_values_free even when the body is refused. */
struct scl_value *scl_values_read_json(const struct scl_member *members, int n, struct sc_json object,
                                       struct scl_refusal *refusal);
/* The same from CBOR; NULL when the bytes are no well-formed map. The bytes are changed: strings in pieces are joined.
 */
struct scl_value *scl_values_read_cbor(const struct scl_member *members, int n, char *bytes, size_t len,
                                       struct scl_refusal *refusal);
void scl_values_free(const struct scl_member *members, int n, struct scl_value *values);

#endif
