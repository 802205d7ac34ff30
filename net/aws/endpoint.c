#include "net/aws/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/aws/aws_config.h"

struct partition {
  const char *region_prefix; /* the first that fits */
  const char *suffix;        /* of host names */
  bool account_endpoints;
};

static const struct partition partitions[] = {
    {"cn-", "amazonaws.com.cn", true}, {"us-isob-", "sc2s.sgov.gov", false}, {"us-isof-", "csp.hci.ic.gov", true},
    {"us-iso-", "c2s.ic.gov", false},  {"eu-isoe-", "cloud.adc-e.uk", true}, {"eusc-", "amazonaws.eu", true},
    {"", "amazonaws.com", true}, /* aws and aws-us-gov */
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

static struct sc_slice part(struct sc_slice *rest) {
  const char *colon = rest->len ? memchr(rest->ptr, ':', rest->len) : NULL;
  struct sc_slice s = {rest->ptr, colon != NULL ? (size_t)(colon - rest->ptr) : rest->len};
  *rest = colon != NULL ? sc_slice_of(colon + 1, rest->len - s.len - 1) : sc_slice_of(NULL, 0);
  return s;
}

bool sc_stream_arn_parse(struct sc_slice text, struct sc_stream_arn *out) {
  static const char prefix[] = "stream/";
  if (text.len > 2048 || !sc_slice_is(part(&text), "arn")) return false;
  out->partition = part(&text);
  if (!sc_slice_starts(out->partition, "aws") || !all_of(out->partition, "-")) return false;
  if (!sc_slice_is(part(&text), "kinesis")) return false;
  out->region = part(&text);
  out->account = part(&text);
  if (!sc_slice_starts(text, prefix)) return false;
  out->name = sc_slice_of(text.ptr + sizeof(prefix) - 1, text.len - sizeof(prefix) + 1);
  return is_region(out->region) && is_account(out->account) && sc_stream_name_is_valid(out->name);
}

static bool ends_with(struct sc_slice host, const char *suffix) {
  size_t n = strlen(suffix);
  return host.len > n && host.ptr[host.len - n - 1] == '.' && strncasecmp(host.ptr + host.len - n, suffix, n) == 0;
}

bool sc_endpoint_is_aws_host(struct sc_slice host) {
  for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++)
    if (ends_with(host, partitions[i].suffix)) return true;
  return ends_with(host, "api.aws") || ends_with(host, "api.amazonwebservices.com.cn") ||
         ends_with(host, "api.amazonwebservices.eu");
}

/* ---- region ---- */

static const char *set_variable(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value ? value : NULL;
}

static const char *first_of(const char *a, const char *b) { return a != NULL && *a ? a : b; }

static int settle_region(const struct sc_endpoint_ask *ask, const struct sc_stream_arn *arn, struct sc_endpoint *out,
                         struct sc_error *err) {
  const char *env = first_of(set_variable("AWS_REGION"), set_variable("AWS_DEFAULT_REGION"));
  const char *name = first_of(env, sc_aws_config_profile(ask->config, ask->profile, "region"));
  if (name == NULL && out->custom) name = "us-east-1";
  struct sc_slice region = name != NULL ? sc_slice_str(name) : sc_slice_of(NULL, 0);
  if (arn != NULL) region = arn->region;
  if (ask->region != NULL && *ask->region) region = sc_slice_str(ask->region);
  if (region.len == 0) {
    sc_error_set(err, SC_E_CONFIG, "no AWS region is set");
    sc_error_hint(err, "give --region, set AWS_REGION, or set region in profile %s of the AWS config file",
                  ask->profile);
    return err->code;
  }
  if (!is_region(region))
    return sc_error_set(err, SC_E_CONFIG, "%.*s is no AWS region", (int)(region.len < 80 ? region.len : 80),
                        region.ptr);
  memcpy(out->region, region.ptr, region.len);
  out->region[region.len] = '\0';
  return SC_OK;
}

/* ---- endpoint ---- */

static bool is_true(const char *value) { return value != NULL && strcasecmp(value, "true") == 0; }

static const char *configured_endpoint(const struct sc_endpoint_ask *ask) {
  if (ask->endpoint != NULL && *ask->endpoint) return ask->endpoint;
  if (is_true(getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) ||
      is_true(sc_aws_config_profile(ask->config, ask->profile, "ignore_configured_endpoint_urls")))
    return NULL;
  const char *url = set_variable("AWS_ENDPOINT_URL_KINESIS");
  if (url == NULL) url = set_variable("AWS_ENDPOINT_URL");
  if (url == NULL) url = sc_aws_config_service(ask->config, ask->profile, "kinesis", "endpoint_url");
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
  if (bracket != NULL) return from == len && len > 2 && all_of(sc_slice_of(host->ptr + 1, len - 2), ":.");
  return len > 0 && len <= 253 && all_of(*host, ".-_");
}

static void put_host(struct sc_endpoint *out, enum sc_endpoint_kind kind, struct sc_slice host, struct sc_slice port) {
  char text[sizeof(out->at[kind].host)];
  bool usual = port.len == 0 || sc_slice_is(port, out->tls ? "443" : "80");
  if (usual) snprintf(text, sizeof(text), "%.*s", SC_SLICE_ARGS(host));
  else snprintf(text, sizeof(text), "%.*s:%.*s", SC_SLICE_ARGS(host), SC_SLICE_ARGS(port));
  memcpy(out->at[kind].host, text, sizeof(text));
  snprintf(out->at[kind].url, sizeof(out->at[kind].url), "%s://%s/", out->tls ? "https" : "http", text);
}

static int custom_endpoint(const char *url, struct sc_endpoint *out, struct sc_error *err) {
  struct sc_slice rest = sc_slice_str(url), host, port;
  bool http = strncasecmp(url, "http://", 7) == 0, https = strncasecmp(url, "https://", 8) == 0;
  if (!http && !https) return bad_endpoint(err, "is neither http:// nor https://");
  rest = sc_slice_of(rest.ptr + (https ? 8 : 7), rest.len - (https ? 8 : 7));
  if (memchr(rest.ptr, '@', rest.len) != NULL) return bad_endpoint(err, "has user info; give keys as options");
  if (rest.len && rest.ptr[rest.len - 1] == '/') rest.len--;
  if (memchr(rest.ptr, '/', rest.len) != NULL || memchr(rest.ptr, '?', rest.len) != NULL)
    return bad_endpoint(err, "has a path or query");
  if (!split_host(rest, &host, &port)) return bad_endpoint(err, "has no proper host and port");
  out->tls = https;
  out->aws = sc_endpoint_is_aws_host(host);
  put_host(out, SC_ENDPOINT_CONTROL, host, port);
  put_host(out, SC_ENDPOINT_DATA, host, port);
  return SC_OK;
}

static void aws_endpoint(const struct sc_stream_arn *arn, struct sc_endpoint *out) {
  static const char *const kinds[] = {[SC_ENDPOINT_CONTROL] = "control", [SC_ENDPOINT_DATA] = "data"};
  const struct partition *p = partition_of(out->region);
  out->tls = out->aws = true;
  for (int kind = 0; kind < SC_ENDPOINT_KINDS; kind++) {
    char host[256];
    if (arn != NULL && p->account_endpoints)
      snprintf(host, sizeof(host), "%.*s.%s-kinesis.%s.%s", SC_SLICE_ARGS(arn->account), kinds[kind], out->region,
               p->suffix);
    else snprintf(host, sizeof(host), "kinesis.%s.%s", out->region, p->suffix);
    put_host(out, (enum sc_endpoint_kind)kind, sc_slice_str(host), sc_slice_of(NULL, 0));
  }
}

static int refuse_variants(const struct sc_endpoint_ask *ask, struct sc_error *err) {
  static const char *const variants[][3] = {
      {"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", "FIPS endpoints"},
      {"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", "dual-stack endpoints"},
  };
  for (size_t i = 0; i < 2; i++) {
    const char *value =
        first_of(getenv(variants[i][0]), sc_aws_config_profile(ask->config, ask->profile, variants[i][1]));
    if (!is_true(value)) continue;
    sc_error_set(err, SC_E_CONFIG, "%s are asked for (%s), which is not supported yet", variants[i][2], variants[i][0]);
    sc_error_hint(err, "name the host with --endpoint, e.g. https://kinesis-fips.us-east-1.amazonaws.com");
    return err->code;
  }
  return SC_OK;
}

int sc_endpoint_resolve(const struct sc_endpoint_ask *ask, struct sc_endpoint *out, struct sc_error *err) {
  struct sc_stream_arn parsed, *arn = NULL;
  *out = (struct sc_endpoint){0};
  if (ask->arn != NULL && sc_stream_arn_parse(sc_slice_str(ask->arn), &parsed)) arn = &parsed;
  const char *url = configured_endpoint(ask);
  out->custom = url != NULL;
  int rc = settle_region(ask, arn, out, err);
  if (rc != SC_OK) return rc;
  if (url != NULL) return custom_endpoint(url, out, err);
  rc = refuse_variants(ask, err);
  if (rc == SC_OK) aws_endpoint(arn, out);
  return rc;
}
