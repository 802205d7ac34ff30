/* Faults as they are written, in an option or in a request: both are names and values, which mean what fault.h says.
 *
 * SPEC is for a command line: faults separated by semicolons, each [OPERATION:]NAME=VALUE,NAME=VALUE... A value that
 * holds a comma or a semicolon stands in double quotes, a quote in it is written twice; blanks around the parts do not
 * count:
 *   GetRecords:error=ProvisionedThroughputExceededException,p=0.05; *:kind=reset,bytes=1000,p=0.01
 * JSON is an object of the same names, or a list of such objects; null is as if it were not there. Whatever is refused
 * is SC_E_USAGE, and nothing of the whole is taken. At most SCL_FAULTS_MAX at once. Any thread.
 */
#ifndef SCL_FAULTS_FAULTSPEC_H
#define SCL_FAULTS_FAULTSPEC_H

#include "bench/local/faults/fault.h"
#include "codec/json/doc.h"

/* Zero at first. */
struct scl_faultlist {
  struct scl_fault *items; /* malloc'ed */
  size_t n, cap;
};

int scl_faultspec_read(struct sc_slice spec, struct scl_faultlist *list, struct sc_error *err);
int scl_faultspec_read_json(struct sc_json json, struct scl_faultlist *list, struct sc_error *err);
void scl_faultlist_fini(struct scl_faultlist *list);

#endif
