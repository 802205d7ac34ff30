/* The errors of the API and of the front end before it, by the names they have on the wire (protocol.md 1.2): what
 * status goes with each and what it says when nobody has anything better to say. Constant; any thread. */
#ifndef SCL_BASE_APIERROR_H
#define SCL_BASE_APIERROR_H

#include "engine/base/slice.h"

struct scl_apierror {
  const char *code;
  int status;
  const char *message; /* "": the service sends none */
};

extern const struct scl_apierror scl_apierrors[];
extern const int scl_apierrors_n;

/* NULL when it is none of them. */
const struct scl_apierror *scl_apierror_find(struct sc_slice code);
/* The member that an error's text is in: "message", but for SerializationException. */
const char *scl_apierror_member(const char *code);

#endif
