#include "net/aws/imds.h"

#include <string.h>
#include <strings.h>

#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "net/aws/aws_config.h"
#include "net/aws/fetch.h"
#include "net/aws/files.h"
#include "net/aws/provider.h"

#define TOKEN_HEADER "X-aws-ec2-metadata-token: "
#define ROLE_PATH "latest/meta-data/iam/security-credentials/"
#define ROLE_BYTES_MAX 128

/* One conversation: a token, then what is asked with it. */
struct imds {
  char base[320]; /* "http://169.254.169.254/" */
  int64_t timeout_ms;
  unsigned attempts;
  bool v1_disabled;
  struct sc_buf token_header; /* empty: IMDSv1 */
  struct sc_http_head head;
  struct sc_buf reply;
};

/* ---- settings ---- */

static const char *setting(const struct sc_endpoint_ask *ask, const char *variable, const char *key) {
  const char *value = sc_provider_variable(variable);
  return value != NULL ? value : sc_aws_config_profile(ask->config, ask->profile, key);
}

static bool is_true(const char *value) { return value != NULL && strcasecmp(value, "true") == 0; }

static uint64_t number(const struct sc_endpoint_ask *ask, const char *variable, const char *key, uint64_t most) {
  const char *text = setting(ask, variable, key);
  uint64_t n;
  return text != NULL && sc_slice_to_u64(sc_slice_str(text), &n) && n >= 1 ? (n < most ? n : most) : 1;
}

static const char *named_address(const struct sc_endpoint_ask *ask) {
  return setting(ask, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
}

bool sc_imds_is_named(const struct sc_endpoint_ask *ask) { return named_address(ask) != NULL; }

static bool is_disabled(void) { return is_true(sc_provider_variable("AWS_EC2_METADATA_DISABLED")); }

static int open_imds(const struct sc_endpoint_ask *ask, struct imds *m, struct sc_error *err) {
  const char *mode = setting(ask, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
  const char *address = named_address(ask);
  *m = (struct imds){
      .timeout_ms = 1000 * (int64_t)number(ask, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 60),
      .attempts = (unsigned)number(ask, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 10),
      .v1_disabled = is_true(setting(ask, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"))};
  if (address == NULL)
    address = mode != NULL && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]/" : "http://169.254.169.254/";
  size_t len = strlen(address);
  bool is_http = strncasecmp(address, "http://", 7) == 0 || strncasecmp(address, "https://", 8) == 0;
  if (!is_http || len + 2 > sizeof(m->base) || strpbrk(address, " \t\r\n@") != NULL)
    return sc_error_set(err, SC_E_CONFIG, "AWS_EC2_METADATA_SERVICE_ENDPOINT is no http:// URL");
  memcpy(m->base, address, len);
  if (m->base[len - 1] != '/') m->base[len] = '/';
  return SC_OK;
}

static void close_imds(struct imds *m) {
  sc_aws_wipe(&m->token_header);
  sc_aws_wipe(&m->reply);
}

/* ---- calls ---- */

static int call(struct imds *m, const char *method, const char *path, const char *header, struct sc_error *err) {
  struct sc_buf url = SC_BUF_INIT;
  const char *headers[] = {header, NULL};
  sc_buf_printf(&url, "%s%s", m->base, path);
  struct sc_aws_fetch fetch = {.method = method,
                               .url = url.ptr,
                               .headers = headers,
                               .timeout_ms = m->timeout_ms,
                               .attempts = m->attempts,
                               .direct = true};
  int rc = sc_aws_fetch(&fetch, &m->head, &m->reply, err);
  sc_buf_fini(&url);
  return rc;
}

/* 403, 404 and 405 mean that only IMDSv1 is there; so may silence, when a token's answer has too few hops to live. */
static int get_token(struct imds *m, struct sc_error *err) {
  int rc = call(m, "PUT", "latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 21600", err);
  struct sc_slice token = sc_text_trim(sc_buf_view(&m->reply));
  if (rc == SC_OK && m->head.status == 200) {
    for (size_t i = 0; i < token.len; i++)
      if ((unsigned char)token.ptr[i] < 0x21 || (unsigned char)token.ptr[i] > 0x7e)
        return sc_error_set(err, SC_E_PROTOCOL, "the metadata's token is no header value");
    sc_buf_reserve(&m->token_header, sizeof(TOKEN_HEADER) + token.len);
    sc_buf_add_str(&m->token_header, TOKEN_HEADER);
    sc_buf_add_slice(&m->token_header, token);
    return SC_OK;
  }
  bool is_old = rc == SC_OK && (m->head.status == 403 || m->head.status == 404 || m->head.status == 405);
  if ((is_old || rc == SC_E_NET) && !m->v1_disabled) return SC_OK;
  return rc != SC_OK ? rc : sc_error_set(err, SC_E_AUTH, "no token: HTTP status %d", m->head.status);
}

/* The reply's text, without blanks around it. */
static int get(struct imds *m, const char *path, struct sc_slice *text, struct sc_error *err) {
  int rc = call(m, "GET", path, m->token_header.ptr, err);
  if (rc != SC_OK) return rc;
  *text = sc_text_trim(sc_buf_view(&m->reply));
  if (m->head.status == 200 && text->len > 0) return SC_OK;
  return sc_error_set(err, SC_E_AUTH, "%s answers with HTTP status %d", path, m->head.status);
}

static int ask_region(struct imds *m, char region[SC_REGION_MAX + 1], struct sc_error *err) {
  struct sc_slice text;
  int rc = get_token(m, err);
  if (rc == SC_OK) rc = get(m, "latest/meta-data/placement/region", &text, err);
  if (rc != SC_OK) return rc;
  if (text.len > SC_REGION_MAX) return sc_error_set(err, SC_E_PROTOCOL, "the metadata's region is no region");
  memcpy(region, text.ptr, text.len);
  region[text.len] = '\0';
  return SC_OK;
}

bool sc_imds_region(const struct sc_endpoint_ask *ask, char region[SC_REGION_MAX + 1]) {
  struct imds m;
  struct sc_error err;
  if (is_disabled() || open_imds(ask, &m, &err) != SC_OK) return false;
  int rc = ask_region(&m, region, &err);
  close_imds(&m);
  return rc == SC_OK;
}

/* ---- keys ---- */

static int read_keys(struct sc_slice reply, struct sc_keys **out, struct sc_error *err) {
  static const struct sc_keys_names names = {"AccessKeyId", "SecretAccessKey", "Token"};
  struct sc_jsondoc *doc = sc_jsondoc_new();
  struct sc_json root = {NULL, 0};
  struct sc_slice code;
  int rc;
  if (sc_jsondoc_check(doc, reply, &root) != NULL) rc = sc_error_set(err, SC_E_PROTOCOL, "the metadata is no JSON");
  else if (sc_json_str(sc_json_get(root, "Code"), &code) && !sc_slice_is(code, "Success"))
    rc = sc_error_set(err, SC_E_AUTH, "the instance's role gives no keys: %.*s", (int)(code.len < 80 ? code.len : 80),
                      code.ptr);
  else rc = sc_keys_of_json(root, &names, sc_keys_time(sc_json_get(root, "Expiration")), "the metadata", out, err);
  sc_jsondoc_free(doc);
  return rc;
}

static int ask_keys(struct imds *m, struct sc_keys **out, struct sc_error *err) {
  char path[sizeof(ROLE_PATH) + ROLE_BYTES_MAX];
  struct sc_slice text;
  int rc = get_token(m, err);
  if (rc == SC_OK) rc = get(m, ROLE_PATH, &text, err);
  if (rc != SC_OK) return rc;
  struct sc_slice behind = sc_text_cut(&text, '\n');
  if (behind.ptr != NULL) text = sc_text_trim(text);
  if (text.len > ROLE_BYTES_MAX) return sc_error_set(err, SC_E_PROTOCOL, "the metadata's role has no proper name");
  memcpy(path, ROLE_PATH, sizeof(ROLE_PATH));
  memcpy(path + sizeof(ROLE_PATH) - 1, text.ptr, text.len);
  path[sizeof(ROLE_PATH) - 1 + text.len] = '\0';
  rc = get(m, path, &text, err);
  return rc == SC_OK ? read_keys(text, out, err) : rc;
}

/* Nothing but the last place of the chain says that there is no such service, so to find none is no error there. */
int sc_provider_instance(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  const struct sc_endpoint_ask *ask = &p->ask->services;
  struct imds m;
  if (is_disabled()) return sc_provider_pass(p, "instance metadata: AWS_EC2_METADATA_DISABLED");
  if (p->ask->custom_endpoint && p->ask->kind == NULL && !sc_imds_is_named(ask))
    return sc_provider_pass(p, "instance metadata: not asked for a custom endpoint");
  int rc = open_imds(ask, &m, err);
  if (rc != SC_OK) return rc;
  rc = ask_keys(&m, out, err);
  close_imds(&m);
  if (rc == SC_OK || rc == SC_E_STOPPED) return rc;
  return sc_provider_pass(p, "instance metadata: %s", err->text);
}
