/* What an error reply of Kinesis means: its name to a code of errors.def, a text and a hint. Pure.
 *
 * Names: Kinesis API Reference ("Errors" of each operation, "Common Errors"); the classes follow the AWS SDKs' retry
 * rules.
 */
#ifndef SC_NET_KINESIS_KINESIS_ERROR_H
#define SC_NET_KINESIS_KINESIS_ERROR_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

struct sc_kinesis_fault {
  int status;           /* of HTTP */
  struct sc_slice type; /* __type or x-amzn-ErrorType, as it came: "ns#Name:http://..." */
  struct sc_slice message;
  const char *operation; /* "GetRecords" */
  const char *shard_id;  /* NULL when the operation names none */
  const char *where;     /* sc_kinesis.described */
  int64_t skew_ms;       /* Date of the reply minus the time signed with; 0 unknown */
};

/* Everything up to # and from : on is cut. */
struct sc_slice sc_kinesis_error_name(struct sc_slice type);
/* Fills err; returns its code. A signature error with |skew| of 4 minutes and more is SC_E_SKEW. */
int sc_kinesis_error_set(struct sc_error *err, const struct sc_kinesis_fault *fault);

#endif
