/* shardcopy doctor's look at the source: credentials and who they are, region, endpoint, TLS, clock, and each right
 * that reading needs. Blocking, over a control client; changes nothing. */
#ifndef SC_NET_KINESIS_EXAMINE_H
#define SC_NET_KINESIS_EXAMINE_H

#include "engine/examine.h"
#include "net/kinesis/fanout.h"

/* fanout: as the load would subscribe; NULL: it polls. An error: the service cannot be reached, so there was no going
 * on. What is refused is told, and is no error here. */
int sc_kinesis_examine(struct sc_kinesis_client *c, const struct sc_fanout *fanout, struct sc_examine *x,
                       struct sc_error *err);

#endif
