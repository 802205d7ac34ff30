/* Reading a request body by a table of its members: types, then constraints, with the service's own error texts
 * (protocol.md 1.1, 1.2): SerializationException for a wrong type, ValidationException for a value out of bounds.
 *
 * From JSON (members_json.c) and from CBOR (members_cbor.c) come the same values, and of the same mistake the same error.
 * The values are views of the document; sc_values_free frees the table of them only. Members that no table knows are
 * ignored, of one that comes twice the first counts, null counts as absent. Any thread.
 */
#ifndef SC_LOCAL_MEMBERS_H
#define SC_LOCAL_MEMBERS_H

#include "codec/json/doc.h"
#include "engine/base/buf.h"

enum sc_member_type {
  SC_MEMBER_TEXT,    /* min, max: characters */
  SC_MEMBER_INTEGER, /* min, max: value */
  SC_MEMBER_TIME,    /* read as ms. JSON, and a float in CBOR: seconds; an integer in CBOR: ms, whatever its tag */
  SC_MEMBER_FLAG,
  SC_MEMBER_BLOB, /* JSON: base64; CBOR: a byte string; min, max: bytes */
  SC_MEMBER_LIST, /* of structures; min, max: elements */
  SC_MEMBER_STRUCTURE,
  SC_MEMBER_TEXTS, /* a list of strings; min, max: elements; members: the one that describes an element */
  SC_MEMBER_MAP    /* of strings by string; min, max: entries; members: two, that describe keys and values */
};

enum sc_pattern {
  SC_PATTERN_NONE,
  SC_PATTERN_NAME,
  SC_PATTERN_HASH_KEY,
  SC_PATTERN_SEQUENCE,
  SC_PATTERN_STREAM_ARN,
  SC_PATTERN_CONSUMER_ARN,
  SC_PATTERN_RESOURCE_ARN
};

/* Elements of TEXTS and of a MAP that are read; of a larger one only n is known (its max is below this). */
#define SC_MEMBERS_MAX_ELEMENTS 1000

struct sc_member {
  const char *name;
  enum sc_member_type type;
  bool required;
  int64_t min, max; /* max 0: no bounds */
  enum sc_pattern pattern;
  const char *choices;             /* "A, B, C", as the service lists them; NULL: any */
  const struct sc_member *members; /* LIST: of an element; STRUCTURE; TEXTS; MAP */
  int n_members;
};

struct sc_value {
  bool is_set;
  bool is_base64;         /* BLOB: its text is; else its text is the bytes */
  struct sc_slice text;   /* TEXT (UTF-8), BLOB */
  int64_t number;         /* INTEGER; TIME in ms; FLAG 0 or 1 */
  uint64_t bytes;         /* BLOB: decoded length */
  size_t n;               /* LIST, TEXTS, MAP: elements */
  struct sc_value *items; /* LIST, TEXTS, MAP: n rows of n_members; STRUCTURE: one row */
};

/* Why a body was refused. */
struct sc_refusal {
  const char *type; /* NULL: it was not */
  struct sc_buf text;
  int n_complaints;
};

/* A row of n values for the object, to be freed with sc_values_free even when refused. */
struct sc_value *sc_values_read_json(const struct sc_member *members, int n, struct sc_json object,
                                     struct sc_refusal *refusal);
/* For the map that bytes are, or NULL when they are no well-formed map. The bytes are changed: strings in pieces are joined. */
struct sc_value *sc_values_read_cbor(const struct sc_member *members, int n, char *bytes, size_t len,
                                     struct sc_refusal *refusal);
void sc_values_free(const struct sc_member *members, int n, struct sc_value *values);

#endif
