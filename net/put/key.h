/* The partition key of a line: random, fixed, or made of fields of the JSON in it (Flink's rules for its Kinesis sink).
 * Pure but for its own random numbers; one thread.
 *
 * fields: the values of the named top-level members, in the order of the names, joined by the delimiter, cut at 256
 * characters as Java counts them (UTF-16 units; a pair is never split). A string gives its text, unescaped; a number,
 * true, false, an array or an object its own text as it stands in the line; null, and a member that is missing, "null".
 * Of a member that comes twice the last counts. The whole line is checked: one JSON object in UTF-8 (RFC 8259), blanks
 * around it allowed.
 */
#ifndef SC_NET_PUT_KEY_H
#define SC_NET_PUT_KEY_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

#define SC_PUT_KEY_CHARACTERS 256
#define SC_PUT_KEY_BYTES (3 * SC_PUT_KEY_CHARACTERS) /* of UTF-8 for so many UTF-16 units */
#define SC_PUT_KEY_FIELDS_MAX 64

enum sc_put_partitioner {
  SC_PUT_RANDOM, /* 16 hexadecimal digits, new for each line */
  SC_PUT_FIXED,  /* "0" */
  SC_PUT_FIELDS
};

struct sc_put_key_rules {
  enum sc_put_partitioner partitioner;
  const char *fields;    /* FIELDS: names separated by commas; borrowed */
  const char *delimiter; /* FIELDS: may be empty; borrowed */
  uint64_t seed;         /* RANDOM */
};

struct sc_put_key;

/* SC_E_USAGE: an empty or missing name, more than SC_PUT_KEY_FIELDS_MAX, text that is no UTF-8. */
int sc_put_key_new(const struct sc_put_key_rules *rules, struct sc_put_key **out, struct sc_error *err);
void sc_put_key_free(struct sc_put_key *k);

/* *key, 1 to SC_PUT_KEY_BYTES bytes of UTF-8, good until the next call. SC_E_ROW: the line is no JSON object, or the
 * key comes out empty. Behind the line SC_BODY_PADDING bytes must be readable. */
int sc_put_key_make(struct sc_put_key *k, struct sc_slice line, struct sc_slice *key, struct sc_error *err);

/* The first field that no line so far had, an empty slice when each was seen: most likely misspelt. */
struct sc_slice sc_put_key_unseen(const struct sc_put_key *k);

#endif
