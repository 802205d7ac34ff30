#include "net/kinesis/examine.h"

#include <stdlib.h>
#include <string.h>

#include "codec/json/index.h"
#include "engine/base/clock.h"
#include "net/aws/sts.h"
#include "net/kinesis/kinesis_stream.h"

#define CLOCK_OFF_MS                                                                               \
  5000 /* worth a word; requests are refused from 5 minutes on, and signed with the service's time \
        */

/* ---- who we are ---- */

static void examine_keys(const struct sc_kinesis *k, const struct sc_keys *keys) {
  size_t len = strlen(keys->key_id);
  const char *end = keys->key_id + (len > 4 ? len - 4 : 0);
  char until[25];
  if (keys->expires_ms == SC_KEYS_FOREVER) {
    sc_examine_ok("credentials", "from %s, key ...%s", sc_credentials_origin(k->credentials), end);
    return;
  }
  sc_clock_format_ms(keys->expires_ms, until);
  sc_examine_ok("credentials", "from %s, key ...%s, renewed before %s", sc_credentials_origin(k->credentials), end,
                until);
}

/* GetCallerIdentity needs no right, and a load does not need it: whatever keeps it from answering is only noted. STS of
 * AWS is not asked about keys of an endpoint that is not AWS's. */
static void examine_identity(const struct sc_kinesis *k, const struct sc_keys *keys) {
  struct sc_service_endpoint sts;
  struct sc_sts_identity identity;
  struct sc_error err;
  int rc = sc_endpoint_of_service(&k->ask.services, SC_SERVICE_STS, &sts, &err);
  if (rc == SC_OK && !k->endpoint.aws && sc_endpoint_is_aws_host(sc_endpoint_host(sc_slice_str(sts.at.host)))) {
    sc_examine_note("identity", "--sts-endpoint names an STS to ask", "not asked: the endpoint is not AWS's");
    return;
  }
  if (rc == SC_OK) rc = sc_sts_identity(&k->ask.services, k->ask.ca_bundle, keys, &identity, &err);
  if (rc == SC_OK) sc_examine_ok("identity", "%s (account %s)", identity.arn, identity.account);
  else sc_examine_note("identity", err.hint, "STS does not tell: %s", err.text);
}

static void examine_place(const struct sc_kinesis *k) {
  const struct sc_endpoint *e = &k->endpoint;
  const char *control = e->at[SC_ENDPOINT_CONTROL].url, *data = e->at[SC_ENDPOINT_DATA].url;
  bool is_one = strcmp(control, data) == 0;
  sc_examine_ok("region", "%s", e->region);
  sc_examine_ok("endpoint", "%s%s%s%s", control, is_one ? "" : " and ", is_one ? "" : data,
                e->custom ? " (named by you)" : "");
  if (!e->tls) sc_examine_note("TLS", NULL, "none: what is read crosses the network in the clear");
}

/* ---- what we may do ---- */

static bool is_unreachable(const struct sc_error *err) {
  return err->code == SC_E_NET || err->code == SC_E_STOPPED || err->curl_code != 0;
}

static void examine_clock(struct sc_kinesis_client *c, bool tls) {
  int64_t off_ms = sc_clock_wall_ms() - sc_kinesis_client_date_ms(c);
  if (tls) sc_examine_ok("TLS", "the endpoint's certificate is verified");
  if (llabs((long long)off_ms) < CLOCK_OFF_MS) sc_examine_ok("clock", "right within %d s", CLOCK_OFF_MS / 1000);
  else
    sc_examine_note("clock", "set this machine's clock right (NTP)", "%lld s %s the service's",
                    llabs((long long)off_ms) / 1000, off_ms > 0 ? "ahead of" : "behind");
}

static int examine_stream(struct sc_kinesis_client *c, struct sc_examine *x, struct sc_stream_identity *identity,
                          struct sc_error *err) {
  char status[32];
  int rc = sc_kinesis_describe(c, identity, status, err);
  if (rc != SC_OK && is_unreachable(err)) return rc;
  examine_clock(c, sc_kinesis_client_of(c)->endpoint.tls);
  if (rc != SC_OK) sc_examine_fail(x, "kinesis:DescribeStreamSummary", err);
  else
    sc_examine_ok("kinesis:DescribeStreamSummary", "%s is %s, keeps records for %lld h", identity->name, status,
                  (long long)(identity->retention_ms / 3600000));
  return SC_OK;
}

/* The first open shard's id, "" when there is none. */
static void examine_shards(struct sc_kinesis_client *c, struct sc_examine *x, char shard_id[129]) {
  struct sc_listed *shards = NULL;
  struct sc_error err;
  size_t n = 0, n_open = 0;
  shard_id[0] = '\0';
  if (sc_kinesis_list_shards(c, &shards, &n, &err) != SC_OK) {
    sc_examine_fail(x, "kinesis:ListShards", &err);
    return;
  }
  for (size_t i = n; i-- > 0;) {
    if (shards[i].closed) continue;
    n_open++;
    memcpy(shard_id, shards[i].id, strlen(shards[i].id) + 1);
  }
  sc_examine_ok("kinesis:ListShards", "%zu shards, %zu of them open", n, n_open);
  free(shards);
}

/* One record, if there is one: a stream's KMS key has its say only then. */
static void examine_records(struct sc_kinesis_client *c, struct sc_examine *x, const char *shard_id) {
  struct sc_position oldest = {.start = SC_START_TRIM_HORIZON};
  const struct sc_kinesis *k = sc_kinesis_client_of(c);
  struct sc_json root;
  struct sc_slice view;
  struct sc_error err;
  sc_kinesis_write_get_iterator(k, sc_kinesis_client_body(c), shard_id, &oldest);
  if (sc_kinesis_client_call(c, SC_ENDPOINT_DATA, "GetShardIterator", shard_id, &root, &err) != SC_OK) {
    sc_examine_fail(x, "kinesis:GetShardIterator", &err);
    return;
  }
  sc_examine_ok("kinesis:GetShardIterator", "%s", shard_id);
  if (!sc_json_str(sc_json_get(root, "ShardIterator"), &view)) return;
  char *iterator = sc_strndup(view);
  sc_kinesis_write_get_records(k, sc_kinesis_client_body(c), iterator, 1);
  free(iterator);
  if (sc_kinesis_client_call(c, SC_ENDPOINT_DATA, "GetRecords", shard_id, &root, &err) == SC_OK)
    sc_examine_ok("kinesis:GetRecords", "%zu records came", sc_json_count(sc_json_get(root, "Records")));
  else sc_examine_fail(x, "kinesis:GetRecords", &err);
}

/* Whether SubscribeToShard is allowed shows with the load: a subscription made here would be taken from one that runs.
 */
static void examine_consumer(struct sc_kinesis_client *c, const struct sc_fanout *f, const char *stream_arn,
                             struct sc_examine *x) {
  static const char what[] = "kinesis:DescribeStreamConsumer";
  struct sc_consumer_ref ref = {.arn = f->given_arn, .stream_arn = stream_arn, .name = f->name};
  struct sc_consumer *consumer = sc_alloc_zero(1, sizeof(*consumer));
  struct sc_error err;
  bool found = false, may_register = f->registration != SC_REGISTRATION_NONE && f->given_arn == NULL;
  int rc = sc_consumer_describe(c, &ref, consumer, &found, &err);
  if (rc == SC_OK && !found && !may_register)
    rc = sc_error_fail(&err, SC_E_CONFIG, "shardcopy consumers register makes it", "there is no such consumer: %s",
                       f->given_arn != NULL ? f->given_arn : f->name);
  if (rc != SC_OK) sc_examine_fail(x, what, &err);
  else if (found) sc_examine_ok(what, "consumer %s is %s", consumer->name, consumer->status);
  else
    sc_examine_note(what, "the load needs kinesis:RegisterStreamConsumer too", "consumer %s is not there yet", f->name);
  free(consumer);
}

int sc_kinesis_examine(struct sc_kinesis_client *c, const struct sc_fanout *fanout, struct sc_examine *x,
                       struct sc_error *err) {
  const struct sc_kinesis *k = sc_kinesis_client_of(c);
  struct sc_stream_identity *identity = sc_alloc_zero(1, sizeof(*identity));
  struct sc_keys *keys = sc_credentials_keys(k->credentials);
  char shard_id[129];
  sc_examine_ok("libraries", "shardcopy %s, %s, %s", SC_VERSION, sc_json_index_kernel(), sc_http_libraries());
  examine_place(k);
  examine_keys(k, keys);
  examine_identity(k, keys);
  sc_keys_release(keys);
  int rc = examine_stream(c, x, identity, err);
  if (rc == SC_OK) {
    examine_shards(c, x, shard_id);
    if (shard_id[0]) examine_records(c, x, shard_id);
    else sc_examine_note("kinesis:GetRecords", NULL, "not tried: no open shard is known");
    if (fanout != NULL && identity->arn[0]) examine_consumer(c, fanout, identity->arn, x);
  }
  free(identity);
  return rc;
}
