/* The errors of the API and of the front end before it, by the names they have on the wire (protocol.md 1.2): what status
 * goes with each and what it says when nobody has anything better to say. Constant; any thread. */
#ifndef SC_LOCAL_APIERROR_H
#define SC_LOCAL_APIERROR_H

#include "engine/base/slice.h"

struct sc_apierror {
  const char *code;
  int status;
  const char *message; /* "": the service sends none */
};

extern const struct sc_apierror sc_apierrors[];
extern const int sc_apierrors_n;

/* NULL when it is none of them. */
const struct sc_apierror *sc_apierror_find(struct sc_slice code);
/* The member that an error's text is in: "message", but for SerializationException. */
const char *sc_apierror_member(const char *code);

#endif
