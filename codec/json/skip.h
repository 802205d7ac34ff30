/* Walks over one JSON value and checks all of it: structure, strings, escapes, surrogates, numbers, depth (RFC 8259).
 * UTF-8 is the caller's to check, once for the whole text (utf8.h). Pure, no recursion, no allocation, any thread.
 * Same rule for `end` as json_string.h.
 */
#ifndef SC_CODEC_JSON_SKIP_H
#define SC_CODEC_JSON_SKIP_H

#include "codec/json/number.h"
#include "codec/json/string.h"

#define SC_JSON_DEPTH_MAX 512 /* objects and arrays inside each other */

/* What is valid JSON, yet not everybody takes. Add up over calls: set to zero before the first. */
struct sc_json_seen {
  bool nul;       /* \u0000 in a string or a name */
  bool too_large; /* a number PostgreSQL's numeric does not hold */
};

/* What is wrong with the text: a static text such as "a string without end", and where. */
struct sc_json_fault {
  const char *what;
  const char *at;
};
extern const char sc_json_too_deep[]; /* the one fault to tell from the others: no mistake of the text, but our limit */

/* p is at the value's first character. Returns what follows it, NULL with *fault filled when that is no value. What may
 * follow is the caller's to check: a comma, a bracket, the end; "01" is refused here, "1true" there. */
const char *sc_json_skip(const char *p, const char *end, struct sc_json_seen *seen, struct sc_json_fault *fault);

/* The same for a string (p at its opening quote), a number, or one of true, false, null. */
const char *sc_json_skip_string(const char *p, const char *end, struct sc_json_seen *seen, struct sc_json_fault *fault);
const char *sc_json_skip_number(const char *p, const char *end, struct sc_json_number *out,
                                struct sc_json_fault *fault);
const char *sc_json_skip_literal(const char *p, const char *end, struct sc_json_fault *fault);

/* Fills *fault, returns NULL. */
static inline void *sc_json_wrong(struct sc_json_fault *fault, const char *what, const char *at) {
  *fault = (struct sc_json_fault){what, at};
  return NULL;
}

#endif
