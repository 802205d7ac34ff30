#include "net/kinesis/kinesis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/kinesis/reply_scan.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/batch.h"
#include "engine/program.h"
#include "net/aws/aws_config.h"
#include "net/aws/imds.h"
#include "net/kinesis/kinesis_cbor.h"
#include "net/kinesis/kinesis_error.h"
#include "net/kinesis/kinesis_url.h"

#define JSON "application/x-amz-json-1.1"
#define TARGET_PREFIX "Kinesis_20131202."

/* ---- open and close ---- */

static int set_option(void *arg, const char *name, const char *value, struct sc_error *err) {
  struct sc_options *options = arg;
  bool is_ignored = strcmp(name, "start") == 0 && !sc_options_knows(options, name);
  return is_ignored ? SC_OK : sc_options_set(options, name, value, SC_FROM_URL, err);
}

/* As the AWS CLI: AWS_DEFAULT_PROFILE goes before AWS_PROFILE. */
static const char *profile_name(const struct sc_options *options) {
  const char *names[] = {sc_options_text(options, SC_OPT_PROFILE), getenv("AWS_DEFAULT_PROFILE"),
                         getenv("AWS_PROFILE")};
  for (size_t i = 0; i < 3; i++)
    if (names[i] != NULL && *names[i]) return names[i];
  return "default";
}

/* A session token that comes from a weaker place (the environment) than both halves of the key (the URL) belongs to
 * another key. */
static const char *token_of_key(const struct sc_options *o) {
  enum sc_option_origin token = sc_options_origin(o, SC_OPT_SESSION_TOKEN);
  bool stale =
      token < sc_options_origin(o, SC_OPT_ACCESS_KEY_ID) && token < sc_options_origin(o, SC_OPT_SECRET_ACCESS_KEY);
  return stale ? NULL : sc_options_text(o, SC_OPT_SESSION_TOKEN);
}

static enum sc_choice choice(const struct sc_options *o, int id) {
  if (!sc_options_is_set(o, id)) return SC_UNSET;
  return sc_options_flag(o, id) ? SC_YES : SC_NO;
}

static void ask_services(struct sc_kinesis *k, const struct sc_options *o) {
  k->ask.services = (struct sc_endpoint_ask){.region = sc_options_text(o, SC_OPT_REGION),
                                             .fips = choice(o, SC_OPT_FIPS),
                                             .dual_stack = choice(o, SC_OPT_DUAL_STACK),
                                             .profile = profile_name(o),
                                             .config = k->config,
                                             .instance_region = sc_imds_region};
}

static int settle_endpoint(struct sc_kinesis *k, const struct sc_options *o, struct sc_error *err) {
  struct sc_endpoint_ask ask = k->ask.services;
  ask.endpoint = sc_options_text(o, SC_OPT_ENDPOINT);
  ask.arn = k->arn[0] ? k->arn : NULL;
  int rc = sc_endpoint_resolve(&ask, &k->endpoint, err);
  if (rc != SC_OK) return rc;
  const char *url = k->endpoint.at[SC_ENDPOINT_DATA].url;
  snprintf(k->described, sizeof(k->described), "%s%s%.*s (%s)", k->stream, k->stream[0] ? " at " : "",
           (int)strlen(url) - 1, url, k->endpoint.region);
  return SC_OK;
}

static const char *text_or_null(const struct sc_options *o, int id) {
  const char *text = sc_options_text(o, id);
  return text != NULL && *text ? text : NULL;
}

static int settle_credentials(struct sc_kinesis *k, const struct sc_options *o, const char *ca_bundle,
                              struct sc_error *err) {
  const char *kind = sc_options_text(o, SC_OPT_CREDENTIALS);
  k->ask.kind = strcmp(kind, "auto") == 0 ? NULL : kind;
  k->ask.key_id = sc_options_text(o, SC_OPT_ACCESS_KEY_ID);
  k->ask.secret = sc_options_text(o, SC_OPT_SECRET_ACCESS_KEY);
  k->ask.token = token_of_key(o);
  k->ask.role_arn = text_or_null(o, SC_OPT_ROLE_ARN);
  k->ask.role_session_name = text_or_null(o, SC_OPT_ROLE_SESSION_NAME);
  k->ask.external_id = text_or_null(o, SC_OPT_EXTERNAL_ID);
  k->ask.ca_bundle = ca_bundle;
  k->ask.profile_asked = sc_options_is_set(o, SC_OPT_PROFILE);
  k->ask.custom_endpoint = k->endpoint.custom && !k->endpoint.aws;
  k->ask.services.region = k->endpoint.region;
  k->ask.services.endpoint = text_or_null(o, SC_OPT_STS_ENDPOINT);
  return sc_credentials_open(&k->ask, &k->credentials, err);
}

static const char *ca_bundle(const struct sc_options *o, const struct sc_aws_config *config) {
  const char *path = sc_options_text(o, SC_OPT_CA_BUNDLE);
  if (path == NULL || !*path) path = getenv("AWS_CA_BUNDLE");
  return path != NULL && *path ? path : sc_aws_config_profile(config, profile_name(o), "ca_bundle");
}

int sc_kinesis_open(const char *url, struct sc_options *options, struct sc_kinesis **out, struct sc_error *err) {
  struct sc_kinesis *k = sc_alloc_zero(1, sizeof(*k));
  struct sc_kinesis_url parsed;
  *out = NULL;
  int rc = sc_kinesis_url_parse(url, set_option, options, &parsed, err);
  if (rc == SC_OK) rc = sc_aws_config_load(&k->config, err);
  if (rc != SC_OK) goto out;
  memcpy(k->stream, parsed.stream, sizeof(k->stream));
  memcpy(k->arn, parsed.arn, sizeof(k->arn));
  ask_services(k, options);
  const char *bundle = ca_bundle(options, k->config);
  rc = settle_endpoint(k, options, err);
  if (rc == SC_OK) rc = sc_http_new(bundle, k->endpoint.tls, &k->http, err);
  if (rc == SC_OK) rc = settle_credentials(k, options, bundle, err);
out:
  if (rc != SC_OK) sc_kinesis_close(k);
  else *out = k;
  return rc;
}

void sc_kinesis_close(struct sc_kinesis *k) {
  if (k == NULL) return;
  sc_credentials_close(k->credentials);
  sc_http_free(k->http);
  sc_aws_config_free(k->config);
  free(k);
}

int sc_kinesis_need_stream(const struct sc_kinesis *k, struct sc_error *err) {
  if (k->stream[0]) return SC_OK;
  return sc_error_fail(err, SC_E_USAGE, "kinesis://STREAM or kinesis://HOST:PORT/STREAM", "the URL names no stream: %s",
                       k->described);
}

/* ---- request bodies ---- */

static void open_with_stream(const struct sc_kinesis *k, struct sc_buf *out) {
  bool by_arn = k->arn[0] && k->endpoint.aws;
  sc_buf_clear(out);
  sc_buf_printf(out, "{\"%s\":", by_arn ? "StreamARN" : "StreamName");
  sc_buf_add_json_string(out, sc_slice_str(by_arn ? k->arn : k->stream));
}

static void add_member(struct sc_buf *out, const char *name, struct sc_slice text) {
  sc_buf_printf(out, ",\"%s\":", name);
  sc_buf_add_json_string(out, text);
}

void sc_kinesis_open_put_records(const struct sc_kinesis *k, struct sc_buf *out) {
  open_with_stream(k, out);
  sc_buf_add_str(out, ",\"Records\":[");
}

void sc_kinesis_write_stream(const struct sc_kinesis *k, struct sc_buf *out) {
  open_with_stream(k, out);
  sc_buf_add_char(out, '}');
}

static const char *iterator_type(enum sc_start start) {
  switch (start) {
    case SC_START_TRIM_HORIZON:
      return "TRIM_HORIZON";
    case SC_START_LATEST:
      return "LATEST";
    case SC_START_AT_TIME:
      return "AT_TIMESTAMP";
    case SC_START_AT:
      return "AT_SEQUENCE_NUMBER";
    case SC_START_AFTER:
      return "AFTER_SEQUENCE_NUMBER";
  }
  SC_ASSERT(!"a start that exists");
  return "";
}

/* Inside of a record, that record is wanted again. */
static const char *start_type(const struct sc_position *position) {
  bool inside = position->start == SC_START_AFTER && position->sequence.part != 0;
  return iterator_type(inside ? SC_START_AT : position->start);
}

void sc_kinesis_write_get_iterator(const struct sc_kinesis *k, struct sc_buf *out, const char *shard_id,
                                   const struct sc_position *position) {
  open_with_stream(k, out);
  add_member(out, "ShardId", sc_slice_str(shard_id));
  add_member(out, "ShardIteratorType", sc_slice_str(start_type(position)));
  if (position->start == SC_START_AT || position->start == SC_START_AFTER)
    add_member(out, "StartingSequenceNumber", sc_sequence_view(&position->sequence));
  if (position->start == SC_START_AT_TIME)
    sc_buf_printf(out, ",\"Timestamp\":%lld.%03d", (long long)(position->at_ms / 1000), (int)(position->at_ms % 1000));
  sc_buf_add_char(out, '}');
}

void sc_kinesis_write_get_records(const struct sc_kinesis *k, struct sc_buf *out, const char *iterator,
                                  uint32_t limit) {
  SC_ASSERT(iterator != NULL && limit >= 1 && limit <= SC_GET_RECORDS_MAX);
  sc_buf_clear(out);
  sc_buf_printf(out, "{\"Limit\":%u", limit);
  if (k->arn[0] && k->endpoint.aws) add_member(out, "StreamARN", sc_slice_str(k->arn));
  add_member(out, "ShardIterator", sc_slice_str(iterator));
  sc_buf_add_char(out, '}');
}

void sc_kinesis_write_subscribe(struct sc_buf *out, const char *consumer_arn, const char *shard_id,
                                const struct sc_position *position) {
  sc_buf_clear(out);
  sc_buf_add_str(out, "{\"ConsumerARN\":");
  sc_buf_add_json_string(out, sc_slice_str(consumer_arn));
  add_member(out, "ShardId", sc_slice_str(shard_id));
  sc_buf_printf(out, ",\"StartingPosition\":{\"Type\":\"%s\"", start_type(position));
  if (position->start == SC_START_AT || position->start == SC_START_AFTER)
    add_member(out, "SequenceNumber", sc_sequence_view(&position->sequence));
  if (position->start == SC_START_AT_TIME)
    sc_buf_printf(out, ",\"Timestamp\":%lld.%03d", (long long)(position->at_ms / 1000), (int)(position->at_ms % 1000));
  sc_buf_add_str(out, "}}");
}

void sc_kinesis_write_list_shards(const struct sc_kinesis *k, struct sc_buf *out, const struct sc_slice *next_token) {
  if (next_token != NULL) {
    sc_buf_clear(out);
    sc_buf_add_str(out, "{\"MaxResults\":1000");
    add_member(out, "NextToken", *next_token);
  } else {
    open_with_stream(k, out);
    sc_buf_add_str(out, ",\"MaxResults\":1000");
  }
  sc_buf_add_char(out, '}');
}

/* ---- signing ---- */

void sc_kinesis_request_fini(struct sc_kinesis_request *r) {
  sc_keys_release(r->keys);
  sc_buf_fini(&r->body);
}

int sc_kinesis_sign(const struct sc_kinesis *k, struct sc_signer *signer, enum sc_endpoint_kind kind,
                    const char *operation, struct sc_kinesis_request *r, struct sc_error *err) {
  static const char target_name[] = "X-Amz-Target: ";
  snprintf(r->target_header, sizeof(r->target_header), "%s" TARGET_PREFIX "%s", target_name, operation);
  sc_keys_release(r->keys);
  r->keys = sc_credentials_keys(k->credentials);
  struct sc_sigv4_key key = sc_keys_view(r->keys);
  struct sc_sigv4_request request = {.host = sc_slice_str(k->endpoint.at[kind].host),
                                     .content_type = sc_slice_str(r->is_cbor ? SC_KINESIS_CBOR : JSON),
                                     .target = sc_slice_str(r->target_header + sizeof(target_name) - 1),
                                     .body = sc_buf_view(&r->body)};
  int64_t now_ms = sc_clock_wall_ms() + atomic_load_explicit(&k->skew_ms, memory_order_relaxed);
  int rc = sc_sigv4_sign(signer, &key, &request, now_ms, &r->signature, err);
  if (rc != SC_OK) return rc;
  snprintf(r->date_header, sizeof(r->date_header), "X-Amz-Date: %s", r->signature.amz_date);
  snprintf(r->authorization_header, sizeof(r->authorization_header), "Authorization: %s", r->signature.authorization);
  /* libcurl would write an IPv6 address in a form of its own, and that is not what was signed. */
  snprintf(r->host_header, sizeof(r->host_header), "Host: %s", k->endpoint.at[kind].host);
  size_t n = 0;
  r->headers[n++] = r->host_header;
  r->headers[n++] = r->is_cbor ? "Content-Type: " SC_KINESIS_CBOR : "Content-Type: " JSON;
  r->headers[n++] = r->target_header;
  r->headers[n++] = r->date_header;
  r->headers[n++] = r->authorization_header;
  if (r->keys->token_header != NULL) r->headers[n++] = r->keys->token_header;
  SC_ASSERT(n < sizeof(r->headers) / sizeof(r->headers[0]));
  r->headers[n] = NULL;
  r->url = k->endpoint.at[kind].url;
  return SC_OK;
}

/* ---- what went wrong ---- */

static void note_skew(struct sc_kinesis *k, const struct sc_http_head *head) {
  if (head->date_ms == 0) return;
  int64_t skew_ms = head->date_ms - sc_clock_wall_ms();
  atomic_store_explicit(&k->skew_ms, skew_ms, memory_order_relaxed);
  sc_log_often(SC_WARN, "this machine's clock is wrong; requests are signed with the service's time", "off_ms=%lld",
               (long long)-skew_ms);
}

/* The call is made again when there will be other keys; when there are none to be had, why stands in err. */
static int credentials_expired(struct sc_kinesis *k, const struct sc_kinesis_request *request, struct sc_error *err) {
  if (sc_credentials_expired(k->credentials, request->keys, err)) sc_error_as(err, SC_CLASS_RETRY);
  return err->code;
}

int sc_kinesis_failed(struct sc_kinesis *k, struct sc_jsondoc *doc, const struct sc_kinesis_request *request,
                      const char *operation, const char *shard_id, const struct sc_http_head *head,
                      struct sc_slice body, struct sc_error *err) {
  struct sc_json root = {NULL, 0};
  struct sc_kinesis_cbor_room room;
  struct sc_kinesis_fault fault = {.status = head->status,
                                   .type = sc_slice_str(head->error_type),
                                   .operation = operation,
                                   .shard_id = shard_id,
                                   .where = k->described};
  if (sc_kinesis_is_cbor(body)) {
    sc_kinesis_cbor_read_fault(body, &room, &fault);
  } else if (sc_jsondoc_parse(doc, body, &root, err) == SC_OK) {
    sc_json_str(sc_json_get(root, "__type"), &fault.type);
    if (!sc_json_str(sc_json_get(root, "message"), &fault.message))
      sc_json_str(sc_json_get(root, "Message"), &fault.message);
  }
  int64_t signed_ms = sc_clock_wall_ms() + atomic_load_explicit(&k->skew_ms, memory_order_relaxed);
  if (head->date_ms != 0) fault.skew_ms = head->date_ms - signed_ms;
  int rc = sc_kinesis_error_set(err, &fault);
  if (rc == SC_E_SKEW) note_skew(k, head);
  return strncmp(err->service, "ExpiredToken", 12) == 0 ? credentials_expired(k, request, err) : rc;
}
