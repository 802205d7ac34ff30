/* Registered consumers of a stream (enhanced fan-out): found, registered, waited for, given back. Blocking, over a
 * control client (client.h); errors and bounds are the client's unless said here. One thread at a time.
 *
 * A consumer registered again has another ARN: its creation time is part of it. Source: AWS Kinesis API,
 * RegisterStreamConsumer, DescribeStreamConsumer, ListStreamConsumers, DeregisterStreamConsumer.
 */
#ifndef SC_NET_KINESIS_CONSUMER_H
#define SC_NET_KINESIS_CONSUMER_H

#include "net/kinesis/client.h"

#define SC_CONSUMER_NAME_MAX 128
#define SC_CONSUMERS_MAX 10000 /* of a stream; more is SC_E_PROTOCOL */

struct sc_consumer {
  char name[SC_CONSUMER_NAME_MAX + 1];
  char arn[2049];
  char status[16]; /* CREATING, ACTIVE, DELETING */
  int64_t created_ms;
};

/* 1..128 of [a-zA-Z0-9_.-]. */
bool sc_consumer_name_is_valid(const char *name);
/* prefix and text as such a name: other characters become _, what is too long is cut. */
void sc_consumer_name_make(const char *prefix, const char *text, char out[SC_CONSUMER_NAME_MAX + 1]);

/* Which one: by its ARN, or by stream and name. The first way alone reaches a stream of another account. */
struct sc_consumer_ref {
  const char *arn; /* NULL: by the others */
  const char *stream_arn, *name;
};

/* found false: there is none, which is no error. SC_E_NO_SOURCE: there is no such stream. */
int sc_consumer_describe(struct sc_kinesis_client *c, const struct sc_consumer_ref *ref, struct sc_consumer *out,
                         bool *found, struct sc_error *err);
/* All pages; *consumers is malloc'ed. */
int sc_consumer_list(struct sc_kinesis_client *c, const char *stream_arn, struct sc_consumer **consumers, size_t *n,
                     struct sc_error *err);
/* One that is gone already is no error. */
int sc_consumer_deregister(struct sc_kinesis_client *c, const struct sc_consumer_ref *ref, struct sc_error *err);

/* The consumer, ACTIVE. One that is being created is waited for; one that is being deleted until it is gone. One that
 * is not there is registered when may_register, which needs stream and name; *registered says so. At most two minutes.
 * SC_E_CONFIG with a hint: there is none and it may not be registered; the stream has as many as it may, which are
 * named. SC_E_SERVICE: the time is up. */
int sc_consumer_settle(struct sc_kinesis_client *c, const struct sc_consumer_ref *ref, bool may_register,
                       struct sc_consumer *out, bool *registered, struct sc_error *err);

#endif
