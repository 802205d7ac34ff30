#include "net/aws/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/text.h"
#include "net/aws/aws_config.h"

struct partition {
  const char *region_prefix;              /* the first that fits */
  const char *suffix, *dual_stack_suffix; /* of host names */
  bool account_endpoints;
};

static const struct partition partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", true},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", false},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", true},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", false},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", true},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", true},
    {"", "amazonaws.com", "api.aws", true}, /* aws and aws-us-gov */
};

static const struct partition *partition_of(const char *region) {
  const struct partition *p = partitions;
  while (strncmp(region, p->region_prefix, strlen(p->region_prefix)) != 0) p++;
  return p;
}

/* ---- names ---- */

static bool all_of(struct sc_slice s, const char *also) {
  for (size_t i = 0; i < s.len; i++) {
    char c = s.ptr[i];
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!plain && (c == '\0' || strchr(also, c) == NULL)) return false;
  }
  return true;
}

bool sc_stream_name_is_valid(struct sc_slice name) { return name.len >= 1 && name.len <= 128 && all_of(name, "_.-"); }

static bool is_region(struct sc_slice s) {
  return s.len >= 1 && s.len <= SC_REGION_MAX && s.ptr[0] != '-' && all_of(s, "-");
}

static bool is_account(struct sc_slice s) {
  uint64_t n;
  return s.len == 12 && sc_slice_to_u64(s, &n);
}

bool sc_stream_arn_parse(struct sc_slice text, struct sc_stream_arn *out) {
  static const char prefix[] = "stream/";
  struct sc_slice rest = text, arn, service;
  if (text.len > 2048 || !sc_text_next(&rest, ':', &arn) || !sc_text_next(&rest, ':', &out->partition) ||
      !sc_text_next(&rest, ':', &service) || !sc_text_next(&rest, ':', &out->region) ||
      !sc_text_next(&rest, ':', &out->account) || rest.ptr == NULL || !sc_slice_starts(rest, prefix))
    return false;
  out->name = sc_slice_of(rest.ptr + sizeof(prefix) - 1, rest.len - sizeof(prefix) + 1);
  return sc_slice_is(arn, "arn") && sc_slice_starts(out->partition, "aws") && all_of(out->partition, "-") &&
         sc_slice_is(service, "kinesis") && is_region(out->region) && is_account(out->account) &&
         sc_stream_name_is_valid(out->name);
}

static bool ends_with(struct sc_slice host, const char *suffix) {
  size_t n = strlen(suffix);
  return host.len > n && host.ptr[host.len - n - 1] == '.' && strncasecmp(host.ptr + host.len - n, suffix, n) == 0;
}

bool sc_endpoint_is_aws_host(struct sc_slice host) {
  for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++)
    if (ends_with(host, partitions[i].suffix) || ends_with(host, partitions[i].dual_stack_suffix)) return true;
  return false;
}

struct sc_slice sc_endpoint_host(struct sc_slice authority) {
  struct sc_slice host = authority;
  if (authority.len > 0 && authority.ptr[0] == '[' && sc_text_cut(&host, ']').ptr != NULL)
    return sc_slice_of(authority.ptr, host.len + 1);
  sc_text_cut(&host, ':');
  return host;
}

bool sc_endpoint_is_loopback(struct sc_slice host) {
  char text[INET6_ADDRSTRLEN + 1];
  struct in_addr v4;
  struct in6_addr v6;
  if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
    host = sc_slice_of(host.ptr + 1, host.len - 2);
  if (sc_text_equals_nocase(host, SC_SLICE_LITERAL("localhost")) || ends_with(host, "localhost")) return true;
  if (host.len >= sizeof(text)) return false;
  memcpy(text, host.ptr, host.len);
  text[host.len] = '\0';
  if (inet_pton(AF_INET, text, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* ---- region ---- */

static const char *set_variable(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value ? value : NULL;
}

static const char *first_of(const char *a, const char *b) { return a != NULL && *a ? a : b; }

static int take_region(struct sc_slice region, char out[SC_REGION_MAX + 1], struct sc_error *err) {
  if (!is_region(region))
    return sc_error_set(err, SC_E_CONFIG, "%.*s is no AWS region", (int)(region.len < 80 ? region.len : 80),
                        region.ptr);
  memcpy(out, region.ptr, region.len);
  out[region.len] = '\0';
  return SC_OK;
}

static int settle_region(const struct sc_endpoint_ask *ask, const struct sc_stream_arn *arn, struct sc_endpoint *out,
                         struct sc_error *err) {
  char instance[SC_REGION_MAX + 1];
  const char *name = first_of(ask->region, NULL);
  if (arn != NULL && name != NULL && !sc_slice_is(arn->region, name))
    return sc_error_fail(err, SC_E_CONFIG, "leave --region out: a stream is read in its own region",
                         "the region is %.80s, but the stream's ARN is of %.*s", name, SC_SLICE_ARGS(arn->region));
  if (arn != NULL) return take_region(arn->region, out->region, err);
  if (name == NULL) name = first_of(set_variable("AWS_REGION"), set_variable("AWS_DEFAULT_REGION"));
  if (name == NULL) name = sc_aws_config_profile(ask->config, ask->profile, "region");
  if (name == NULL && out->custom) name = "us-east-1";
  if (name == NULL && ask->instance_region != NULL && ask->instance_region(ask, instance)) name = instance;
  if (name != NULL) return take_region(sc_slice_str(name), out->region, err);
  sc_error_set(err, SC_E_CONFIG, "no AWS region is set");
  sc_error_hint(err, "give --region, set AWS_REGION, or set region in profile %s of the AWS config file", ask->profile);
  return err->code;
}

/* ---- endpoint ---- */

static bool is_true(const char *value) { return value != NULL && strcasecmp(value, "true") == 0; }

/* variable: AWS_ENDPOINT_URL_KINESIS; service: its name in a services section. */
static const char *configured_endpoint(const struct sc_endpoint_ask *ask, const char *variable, const char *service) {
  if (ask->endpoint != NULL && *ask->endpoint) return ask->endpoint;
  if (is_true(getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) ||
      is_true(sc_aws_config_profile(ask->config, ask->profile, "ignore_configured_endpoint_urls")))
    return NULL;
  const char *url = set_variable(variable);
  if (url == NULL) url = set_variable("AWS_ENDPOINT_URL");
  if (url == NULL) url = sc_aws_config_service(ask->config, ask->profile, service, "endpoint_url");
  return url != NULL ? url : sc_aws_config_profile(ask->config, ask->profile, "endpoint_url");
}

static int bad_endpoint(struct sc_error *err, const char *what) {
  sc_error_set(err, SC_E_CONFIG, "the endpoint URL %s", what);
  sc_error_hint(err, "an endpoint is http://HOST[:PORT] or https://HOST[:PORT]");
  return err->code;
}

/* "host", "host:port" or "[v6]:port": the host without the port; false when it is malformed. */
static bool split_host(struct sc_slice authority, struct sc_slice *host, struct sc_slice *port) {
  const char *bracket = authority.len && authority.ptr[0] == '[' ? memchr(authority.ptr, ']', authority.len) : NULL;
  size_t from = bracket != NULL ? (size_t)(bracket - authority.ptr) + 1 : 0;
  const char *colon = memchr(authority.ptr + from, ':', authority.len - from);
  size_t len = colon != NULL ? (size_t)(colon - authority.ptr) : authority.len;
  *host = sc_slice_of(authority.ptr, len);
  *port = colon != NULL ? sc_slice_of(colon + 1, authority.len - len - 1) : sc_slice_of(NULL, 0);
  uint64_t n = 0;
  if (colon != NULL && (!sc_slice_to_u64(*port, &n) || n < 1 || n > 65535)) return false;
  if (bracket != NULL) return from == len && len > 2 && all_of(sc_slice_of(host->ptr + 1, len - 2), ":.%");
  return len > 0 && len <= 253 && all_of(*host, ".-_");
}

/* The Host header is without the zone of a link-local address (RFC 6874), which the URL keeps. */
static void put_host(struct sc_endpoint_at *at, bool tls, struct sc_slice host, struct sc_slice port) {
  bool usual = port.len == 0 || sc_slice_is(port, tls ? "443" : "80");
  const char *colon = usual ? "" : ":", *scheme = tls ? "https" : "http";
  if (usual) port.len = 0;
  snprintf(at->url, sizeof(at->url), "%s://%.*s%s%.*s/", scheme, SC_SLICE_ARGS(host), colon, SC_SLICE_ARGS(port));
  bool has_zone = sc_text_cut(&host, '%').ptr != NULL;
  snprintf(at->host, sizeof(at->host), "%.*s%s%s%.*s", SC_SLICE_ARGS(host), has_zone ? "]" : "", colon,
           SC_SLICE_ARGS(port));
}

static int custom_endpoint(const char *url, struct sc_endpoint_at *at, bool *tls, bool *aws, struct sc_error *err) {
  struct sc_slice rest = sc_slice_str(url), host, port;
  bool http = strncasecmp(url, "http://", 7) == 0, https = strncasecmp(url, "https://", 8) == 0;
  if (!http && !https) return bad_endpoint(err, "is neither http:// nor https://");
  rest = sc_slice_of(rest.ptr + (https ? 8 : 7), rest.len - (https ? 8 : 7));
  if (memchr(rest.ptr, '@', rest.len) != NULL) return bad_endpoint(err, "has user info; give keys as options");
  if (rest.len && rest.ptr[rest.len - 1] == '/') rest.len--;
  if (memchr(rest.ptr, '/', rest.len) != NULL || memchr(rest.ptr, '?', rest.len) != NULL)
    return bad_endpoint(err, "has a path or query");
  if (!split_host(rest, &host, &port)) return bad_endpoint(err, "has no proper host and port");
  *tls = https;
  *aws = sc_endpoint_is_aws_host(host);
  put_host(at, https, host, port);
  return SC_OK;
}

static bool asks_for(const struct sc_endpoint_ask *ask, enum sc_choice option, const char *variable, const char *key) {
  if (option != SC_UNSET) return option == SC_YES;
  return is_true(first_of(getenv(variable), sc_aws_config_profile(ask->config, ask->profile, key)));
}

struct variant {
  bool fips, dual_stack;
};

static struct variant variant_of(const struct sc_endpoint_ask *ask) {
  return (struct variant){asks_for(ask, ask->fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
                          asks_for(ask, ask->dual_stack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")};
}

static int refuse_variant(struct variant v, struct sc_error *err) {
  if (!v.fips && !v.dual_stack) return SC_OK;
  return sc_error_fail(err, SC_E_CONFIG,
                       "leave out the endpoint, or what asks for the variant: the options --fips and --dual-stack, "
                       "AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, the profile",
                       "%s is asked for together with an endpoint of your own",
                       v.fips ? "a FIPS endpoint" : "a dual-stack endpoint");
}

/* In us-gov the services' plain names are FIPS endpoints already; accounts' are not. */
static bool is_fips_already(const char *region, struct variant v) {
  return !v.dual_stack && strncmp(region, "us-gov-", 7) == 0;
}

/* NAME[-fips].REGION.SUFFIX */
static void aws_host(struct sc_endpoint_at *at, const char *name, const char *region, struct variant v) {
  char host[256];
  const struct partition *p = partition_of(region);
  snprintf(host, sizeof(host), "%s%s.%s.%s", name, v.fips ? "-fips" : "", region,
           v.dual_stack ? p->dual_stack_suffix : p->suffix);
  put_host(at, true, sc_slice_str(host), sc_slice_of(NULL, 0));
}

static void kinesis_hosts(const struct sc_stream_arn *arn, struct variant v, struct sc_endpoint *out) {
  static const char *const kinds[] = {[SC_ENDPOINT_CONTROL] = "control", [SC_ENDPOINT_DATA] = "data"};
  bool of_account = arn != NULL && partition_of(out->region)->account_endpoints;
  if (!of_account && is_fips_already(out->region, v)) v.fips = false;
  out->tls = out->aws = true;
  for (int kind = 0; kind < SC_ENDPOINT_KINDS; kind++) {
    char name[64] = "kinesis";
    if (of_account) snprintf(name, sizeof(name), "%.*s.%s-kinesis", SC_SLICE_ARGS(arn->account), kinds[kind]);
    aws_host(&out->at[kind], name, out->region, v);
  }
}

int sc_endpoint_resolve(const struct sc_endpoint_ask *ask, struct sc_endpoint *out, struct sc_error *err) {
  struct sc_stream_arn parsed, *arn = NULL;
  struct variant v = variant_of(ask);
  *out = (struct sc_endpoint){0};
  if (ask->arn != NULL && sc_stream_arn_parse(sc_slice_str(ask->arn), &parsed)) arn = &parsed;
  const char *url = configured_endpoint(ask, "AWS_ENDPOINT_URL_KINESIS", "kinesis");
  out->custom = url != NULL;
  int rc = settle_region(ask, arn, out, err);
  if (rc == SC_OK && url == NULL) kinesis_hosts(arn, v, out);
  if (rc != SC_OK || url == NULL) return rc;
  rc = custom_endpoint(url, &out->at[SC_ENDPOINT_CONTROL], &out->tls, &out->aws, err);
  out->at[SC_ENDPOINT_DATA] = out->at[SC_ENDPOINT_CONTROL];
  return rc == SC_OK ? refuse_variant(v, err) : rc;
}

/* ---- the services that hand out credentials ---- */

/* Regions whose STS was the global one before there were regional ones (AWS SDKs and Tools Reference Guide). */
static bool is_global_sts(const struct sc_endpoint_ask *ask) {
  static const char *const regions[] = {"ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
                                        "aws-global",     "ca-central-1", "eu-central-1",   "eu-north-1",
                                        "eu-west-1",      "eu-west-2",    "eu-west-3",      "sa-east-1",
                                        "us-east-1",      "us-east-2",    "us-west-1",      "us-west-2"};
  const char *mode = first_of(getenv("AWS_STS_REGIONAL_ENDPOINTS"),
                              sc_aws_config_profile(ask->config, ask->profile, "sts_regional_endpoints"));
  if (mode == NULL || strcasecmp(mode, "legacy") != 0) return false;
  for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
    if (strcmp(ask->region, regions[i]) == 0) return true;
  return false;
}

int sc_endpoint_of_service(const struct sc_endpoint_ask *ask, enum sc_service service, struct sc_service_endpoint *out,
                           struct sc_error *err) {
  static const struct {
    const char *host, *variable, *section;
  } names[SC_SERVICES] = {[SC_SERVICE_STS] = {"sts", "AWS_ENDPOINT_URL_STS", "sts"},
                          [SC_SERVICE_SSO] = {"portal.sso", "AWS_ENDPOINT_URL_SSO", "sso"},
                          [SC_SERVICE_SSO_OIDC] = {"oidc", "AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc"}};
  struct variant v = variant_of(ask);
  bool tls, aws;
  int rc = take_region(sc_slice_str(ask->region), out->region, err);
  if (rc != SC_OK) return rc;
  const char *url = configured_endpoint(ask, names[service].variable, names[service].section);
  if (url != NULL) {
    rc = custom_endpoint(url, &out->at, &tls, &aws, err);
    return rc == SC_OK ? refuse_variant(v, err) : rc;
  }
  if (service == SC_SERVICE_STS && !v.fips && !v.dual_stack && is_global_sts(ask)) {
    memcpy(out->region, "us-east-1", sizeof("us-east-1"));
    put_host(&out->at, true, SC_SLICE_LITERAL("sts.amazonaws.com"), sc_slice_of(NULL, 0));
    return SC_OK;
  }
  if (is_fips_already(out->region, v)) v.fips = false;
  aws_host(&out->at, names[service].host, out->region, v);
  return SC_OK;
}
