#include "net/kinesis/fanout.h"

#include <string.h>

#include "engine/base/log.h"
#include "engine/program.h"

static enum sc_registration registration_of(const struct sc_options *o) {
  const char *text = sc_options_text(o, SC_OPT_REGISTRATION);
  if (strcmp(text, "none") == 0) return SC_REGISTRATION_NONE;
  return strcmp(text, "eager") == 0 ? SC_REGISTRATION_EAGER : SC_REGISTRATION_LAZY;
}

static int set_name(struct sc_fanout *f, const struct sc_options *o, const char *stream, struct sc_error *err) {
  const char *name = sc_options_text(o, SC_OPT_CONSUMER_NAME), *namespace = sc_options_text(o, SC_OPT_NAMESPACE);
  if (name == NULL) {
    sc_consumer_name_make("shardcopy-", namespace != NULL ? namespace : stream, f->name);
    return SC_OK;
  }
  if (!sc_consumer_name_is_valid(name))
    return sc_error_fail(err, SC_E_USAGE, "1 to 128 of a-z, A-Z, 0-9, _, . and -", "--consumer-name: %s", name);
  memcpy(f->name, name, strlen(name) + 1);
  return SC_OK;
}

int sc_fanout_init(struct sc_fanout *f, const struct sc_options *o, const char *stream, bool is_aws,
                   struct sc_error *err) {
  memset(f, 0, sizeof(*f));
  pthread_mutex_init(&f->lock, NULL);
  f->registration = registration_of(o);
  f->is_http1 = strcmp(sc_options_text(o, SC_OPT_FAN_OUT_HTTP), "1.1") == 0;
  f->streams = (uint32_t)sc_options_int(o, SC_OPT_STREAMS_PER_CONNECTION);
  f->times = sc_subscription_times;
  if (!is_aws) {
    f->times.call_apart /= 10;
    f->times.takeover /= 10;
  }
  f->times.idle = sc_options_int(o, SC_OPT_FAN_OUT_IDLE_TIMEOUT);
  f->given_arn = sc_options_text(o, SC_OPT_CONSUMER_ARN);
  return set_name(f, o, stream, err);
}

void sc_fanout_fini(struct sc_fanout *f) { pthread_mutex_destroy(&f->lock); }

int sc_fanout_settle(struct sc_fanout *f, struct sc_kinesis_client *c, const struct sc_stream_identity *stream,
                     struct sc_error *err) {
  struct sc_consumer consumer;
  bool registered;
  memcpy(f->stream_arn, stream->arn, sizeof(f->stream_arn));
  struct sc_consumer_ref ref = {f->given_arn, f->stream_arn, f->name};
  bool may_register = f->given_arn == NULL && f->registration != SC_REGISTRATION_NONE;
  int rc = sc_consumer_settle(c, &ref, may_register, &consumer, &registered, err);
  if (rc != SC_OK) return rc;
  sc_log(SC_INFO, registered ? "registered a consumer" : "subscribing with a consumer that is there", "consumer=%s",
         consumer.name);
  sc_fanout_renew(f, consumer.arn, registered);
  return SC_OK;
}

void sc_fanout_finish(struct sc_fanout *f, struct sc_kinesis_client *c) {
  struct sc_consumer_ref ref = {.arn = f->arn};
  struct sc_error err;
  if (!f->registered || f->registration != SC_REGISTRATION_LAZY) return;
  if (sc_consumer_deregister(c, &ref, &err) != SC_OK)
    sc_log_error(SC_WARN, "the consumer could not be deregistered; it is still there and costs", &err);
  else sc_log(SC_INFO, "deregistered the consumer", "consumer=%s", f->name);
  f->registered = false;
}

uint32_t sc_fanout_arn(struct sc_fanout *f, char out[2049]) {
  pthread_mutex_lock(&f->lock);
  memcpy(out, f->arn, sizeof(f->arn));
  uint32_t generation = atomic_load(&f->generation);
  pthread_mutex_unlock(&f->lock);
  return generation;
}

void sc_fanout_renew(struct sc_fanout *f, const char *arn, bool registered) {
  size_t len = strlen(arn);
  SC_ASSERT(len < sizeof(f->arn));
  pthread_mutex_lock(&f->lock);
  if (strcmp(f->arn, arn) != 0) {
    memcpy(f->arn, arn, len + 1);
    atomic_fetch_add(&f->generation, 1);
    f->registered = registered;
  }
  pthread_mutex_unlock(&f->lock);
}
