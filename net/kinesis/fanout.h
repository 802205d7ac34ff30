/* Enhanced fan-out of a stream: its settings, and the one consumer that all readers of a load subscribe with.
 *
 * Control thread: init, settle, finish, fini. Readers ask for the ARN, which changes when the consumer was deleted
 * under the load and has been registered again. Source: AWS Kinesis API, RegisterStreamConsumer, SubscribeToShard.
 */
#ifndef SC_NET_KINESIS_FANOUT_H
#define SC_NET_KINESIS_FANOUT_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/source.h"
#include "net/kinesis/consumer.h"
#include "net/kinesis/subscription.h"

struct sc_options;

enum sc_registration {
  SC_REGISTRATION_LAZY,  /* at the start when it is not there, and back at a clean end */
  SC_REGISTRATION_EAGER, /* at the start when it is not there; kept */
  SC_REGISTRATION_NONE   /* never */
};

struct sc_fanout {
  enum sc_registration registration;
  bool is_http1;    /* --fan-out-http=1.1: a connection a subscription */
  uint32_t streams; /* --streams-per-connection */
  struct sc_subscription_times times;
  char name[SC_CONSUMER_NAME_MAX + 1];
  char stream_arn[2049];
  const char *given_arn; /* --consumer-arn; NULL */
  /* Subscriptions that the readers want, together: the more there are, the less window each has. */
  _Atomic uint32_t subscriptions;
  _Atomic uint32_t generation; /* of the ARN */
  bool registered;             /* by us */
  pthread_mutex_t lock;        /* guards arn */
  char arn[2049];              /* "" before settle */
};

/* From the options; stream: the default of --namespace, after which the consumer is named. is_aws: calls keep AWS's
 * distance; elsewhere a tenth of it, as polling is not paced there. SC_E_USAGE when the name is none. */
int sc_fanout_init(struct sc_fanout *f, const struct sc_options *options, const char *stream, bool is_aws,
                   struct sc_error *err);
void sc_fanout_fini(struct sc_fanout *f);
/* The consumer is ACTIVE afterwards (consumer.h, sc_consumer_settle); once a run. */
int sc_fanout_settle(struct sc_fanout *f, struct sc_kinesis_client *c, const struct sc_stream_identity *stream,
                     struct sc_error *err);
/* A clean end: with lazy registration a consumer that this load registered is given back. Failing to is logged. */
void sc_fanout_finish(struct sc_fanout *f, struct sc_kinesis_client *c);

/* Any thread. The generation says whether an ARN used earlier is still the one. */
uint32_t sc_fanout_arn(struct sc_fanout *f, char out[2049]);
/* The consumer has another ARN now; registered: by us. */
void sc_fanout_renew(struct sc_fanout *f, const char *arn, bool registered);

#endif
