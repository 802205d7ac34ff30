/* Keys from the agent of a container: ECS, EKS Pod Identity ("Container credential provider", AWS SDKs and Tools
 * Reference Guide). No proxy is asked for them. */
#include <string.h>

#include "engine/base/text.h"
#include "net/aws/fetch.h"
#include "net/aws/files.h"
#include "net/aws/provider.h"

#define TIMEOUT_MS 2000
#define ATTEMPTS 3
#define TOKEN_BYTES_MAX ((size_t)64 << 10)
#define ECS_HOST "http://169.254.170.2"

static struct sc_slice host_of(struct sc_slice url) {
  struct sc_slice authority = {url.ptr + 7, url.len - 7};
  sc_text_cut(&authority, '/');
  sc_text_cut(&authority, '?');
  return sc_endpoint_host(authority);
}

/* The token that goes with the request must not go to just anybody in the clear. */
static bool is_trusted(const char *url) {
  static const char *const known[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
  struct sc_slice text = sc_slice_str(url);
  for (size_t i = 0; i < text.len; i++)
    if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == '@') return false;
  if (sc_slice_starts(text, "https://")) return true;
  if (!sc_slice_starts(text, "http://")) return false;
  struct sc_slice host = host_of(text);
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
    if (sc_slice_is(host, known[i])) return true;
  return sc_endpoint_is_loopback(host);
}

/* "Authorization: TOKEN" in *header, which stays empty when no token is configured. The file is read each time, since
 * its token is renewed. */
static int authorization(struct sc_buf *header, struct sc_error *err) {
  const char *file = sc_provider_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const char *token = sc_provider_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  struct sc_buf text = SC_BUF_INIT;
  int rc = SC_OK;
  if (file != NULL) rc = sc_aws_file_read(file, TOKEN_BYTES_MAX, &text, err);
  else if (token != NULL) sc_buf_add_str(&text, token);
  if (rc == SC_AGAIN)
    rc = sc_error_set(err, SC_E_CONFIG, "there is no file %s (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)", file);
  for (size_t i = 0; rc == SC_OK && i < text.len; i++)
    if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
      rc = sc_error_set(err, SC_E_CONFIG, "the container's authorization token has control characters in it");
  if (rc == SC_OK && text.len > 0) {
    sc_buf_reserve(header, text.len + 32);
    sc_buf_printf(header, "Authorization: %s", text.ptr);
  }
  sc_aws_wipe(&text);
  return rc;
}

static int read_keys(const struct sc_http_head *head, struct sc_slice reply, struct sc_keys **out,
                     struct sc_error *err) {
  static const struct sc_keys_names names = {"AccessKeyId", "SecretAccessKey", "Token"};
  struct sc_jsondoc *doc = sc_jsondoc_new();
  struct sc_json root = {NULL, 0};
  int rc;
  if (head->status != 200) rc = sc_error_set(err, SC_E_AUTH, "the agent answers with HTTP status %d", head->status);
  else if (sc_jsondoc_check(doc, reply, &root) != NULL)
    rc = sc_error_set(err, SC_E_PROTOCOL, "the agent answers no JSON");
  else rc = sc_keys_of_json(root, &names, sc_keys_time(sc_json_get(root, "Expiration")), "the agent", out, err);
  sc_jsondoc_free(doc);
  return rc;
}

static int ask_agent(const char *url, const char *ca_bundle, struct sc_keys **out, struct sc_error *err) {
  struct sc_buf header = SC_BUF_INIT, reply = SC_BUF_INIT;
  struct sc_http_head head;
  int rc = authorization(&header, err);
  const char *headers[] = {"Accept: application/json", header.ptr, NULL};
  struct sc_aws_fetch fetch = {.method = "GET",
                               .url = url,
                               .headers = headers,
                               .timeout_ms = TIMEOUT_MS,
                               .attempts = ATTEMPTS,
                               .direct = true,
                               .ca_bundle = ca_bundle};
  if (rc == SC_OK) rc = sc_aws_fetch(&fetch, &head, &reply, err);
  if (rc == SC_OK) rc = read_keys(&head, sc_buf_view(&reply), out, err);
  sc_aws_wipe(&header);
  sc_aws_wipe(&reply);
  if (rc != SC_OK) sc_error_prefix(err, "the container's credentials");
  return rc;
}

int sc_provider_container(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  const char *relative = sc_provider_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const char *full = sc_provider_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  struct sc_buf url = SC_BUF_INIT;
  int rc;
  if (relative == NULL && full == NULL)
    return sc_provider_pass(p, "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set");
  if (relative != NULL) sc_buf_printf(&url, "%s%s%s", ECS_HOST, relative[0] == '/' ? "" : "/", relative);
  else sc_buf_add_str(&url, full);
  if (is_trusted(url.ptr)) rc = ask_agent(url.ptr, p->ask->ca_bundle, out, err);
  else
    rc = sc_error_fail(err, SC_E_CONFIG,
                       "it is https://, or http:// to this machine or an agent's address of ECS or EKS",
                       "AWS_CONTAINER_CREDENTIALS_FULL_URI names a place that the container's token must not go to");
  sc_buf_fini(&url);
  return rc;
}
