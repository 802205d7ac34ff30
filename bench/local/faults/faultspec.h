/* Reads faults from an option or a request: names and values as in fault.h.
 *
 * In an option, faults are separated by semicolons, each [OPERATION:]NAME=VALUE,NAME=VALUE... A value that holds a
 * comma or a semicolon stands in double quotes; a quote in it is written twice. Blanks around the parts are ignored:
 *   GetRecords:error=ProvisionedThroughputExceededException,p=0.05; *:kind=reset,bytes=1000,p=0.01
 * In a request (JSON) a fault is an object of the same names, and there may be a list of them; null is the same as
 * absent. An invalid fault is SC_E_USAGE, and then none is read. At most SCL_FAULTS_MAX at once. Any thread.
 */
#ifndef SCL_FAULTS_FAULTSPEC_H
#define SCL_FAULTS_FAULTSPEC_H

#include "bench/local/faults/fault.h"
#include "codec/json/doc.h"

/* Zeroed at first. */
struct scl_faultlist {
  struct scl_fault *items; /* malloc'ed */
  size_t n, cap;
};

int scl_faultspec_read(struct sc_slice spec, struct scl_faultlist *list, struct sc_error *err);
int scl_faultspec_read_json(struct sc_json json, struct scl_faultlist *list, struct sc_error *err);
void scl_faultlist_fini(struct scl_faultlist *list);

#endif
