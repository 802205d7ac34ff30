/* The errors of the API and of the front end before it, by their names on the wire: the status of each, and its usual
 * text (API Reference, "Common Errors"). Constant; any thread. */
#ifndef SCL_BASE_APIERROR_H
#define SCL_BASE_APIERROR_H

#include "engine/base/buf.h"

struct scl_apierror {
  const char *code;
  int status;
  const char *message; /* "": none is sent */
};

extern const struct scl_apierror scl_apierrors[];
extern const int scl_apierrors_n;

/* NULL for any other code. */
const struct scl_apierror *scl_apierror_find(struct sc_slice code);
/* The member that holds the text of an error: "message", but "Message" for SerializationException. */
const char *scl_apierror_member(const char *code);

/* Why a request was refused. Zero at first; the owner frees the text. */
struct scl_refusal {
  const char *type; /* NULL: it was not */
  struct sc_buf text;
  int n_complaints; /* of members.h: how many the text lists */
};

/* Sets the type and adds a sentence to the text. */
void scl_refusal_add(struct scl_refusal *refusal, const char *type, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
