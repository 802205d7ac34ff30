#include "net/aws/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/log.h"
#include "net/aws/aws_config.h"

#define TOKEN_MAX 16384
#define EXPORT_HINT \
  "export keys to the environment: eval \"$(aws configure export-credentials --profile %s --format env)\""

void sc_credentials_fini(struct sc_credentials *c) {
  char *texts[] = {c->key_id, c->secret, c->token};
  for (size_t i = 0; i < 3; i++) {
    if (texts[i] != NULL) explicit_bzero(texts[i], strlen(texts[i]));
    free(texts[i]);
  }
  *c = (struct sc_credentials){0};
}

/* Empty is unset. */
static const char *given(const char *text) { return text != NULL && *text ? text : NULL; }

static const char *variable(const char *name) { return given(getenv(name)); }

static bool is_header_safe(const char *text, size_t most) {
  size_t n = 0;
  for (; text[n]; n++)
    if ((unsigned char)text[n] < 0x21 || (unsigned char)text[n] > 0x7e || n == most) return false;
  return true;
}

static int take(struct sc_credentials *out, const char *key_id, const char *secret, const char *token,
                const char *origin, struct sc_error *err) {
  if (!is_header_safe(key_id, SC_SIGV4_KEY_ID_MAX))
    return sc_error_set(err, SC_E_CONFIG, "the AWS access key id (%s) is too long or has blanks in it", origin);
  if (strlen(secret) > SC_SIGV4_SECRET_MAX)
    return sc_error_set(err, SC_E_CONFIG, "the AWS secret key (%s) is too long", origin);
  if (token != NULL && !is_header_safe(token, TOKEN_MAX))
    return sc_error_set(err, SC_E_CONFIG, "the AWS session token (%s) is too long or has blanks in it", origin);
  *out = (struct sc_credentials){.key_id = sc_strdup(key_id),
                                 .secret = sc_strdup(secret),
                                 .token = token != NULL ? sc_strdup(token) : NULL,
                                 .origin = origin};
  return SC_OK;
}

/* SC_AGAIN: neither is set, look on. */
static int take_pair(struct sc_credentials *out, const char *key_id, const char *secret, const char *token,
                     const char *origin, struct sc_error *err) {
  if (given(key_id) == NULL && given(secret) == NULL) return SC_AGAIN;
  if (given(key_id) != NULL && given(secret) != NULL) return take(out, key_id, secret, given(token), origin, err);
  return sc_error_set(err, SC_E_CONFIG, "half a key: the AWS %s is missing (%s)",
                      given(key_id) != NULL ? "secret access key" : "access key id", origin);
}

/* ---- profiles ---- */

static int not_supported(const struct sc_credentials_ask *ask, const char *key, const char *what,
                         struct sc_error *err) {
  sc_error_set(err, SC_E_CONFIG, "profile %s has %s: %s are not supported yet", ask->profile, key, what);
  sc_error_hint(err, EXPORT_HINT, ask->profile);
  return err->code;
}

/* What the AWS CLI would look at before static keys (role, SSO), then what it would after. */
static int refuse_providers(const struct sc_credentials_ask *ask, bool before_keys, struct sc_error *err) {
  static const struct {
    const char *key, *what;
    bool before_keys;
  } providers[] = {
      {"role_arn", "roles", true},
      {"web_identity_token_file", "web identity tokens", true},
      {"sso_session", "SSO sessions", true},
      {"sso_start_url", "SSO sessions", true},
      {"login_session", "login sessions", false},
      {"credential_process", "credential processes", false},
      {"credential_source", "credential sources", false},
  };
  for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
    if (providers[i].before_keys == before_keys &&
        sc_aws_config_profile(ask->config, ask->profile, providers[i].key) != NULL)
      return not_supported(ask, providers[i].key, providers[i].what, err);
  return SC_OK;
}

static int from_profile(const struct sc_credentials_ask *ask, struct sc_credentials *out, struct sc_error *err) {
  if (!sc_aws_config_has_profile(ask->config, ask->profile)) {
    if (strcmp(ask->profile, "default") == 0) return SC_AGAIN;
    sc_error_set(err, SC_E_CONFIG, "there is no profile %s in the AWS config and credentials files", ask->profile);
    sc_error_hint(err, "aws configure list-profiles shows those there are");
    return err->code;
  }
  int rc = refuse_providers(ask, true, err);
  if (rc != SC_OK) return rc;
  rc = take_pair(out, sc_aws_config_profile(ask->config, ask->profile, "aws_access_key_id"),
                 sc_aws_config_profile(ask->config, ask->profile, "aws_secret_access_key"),
                 sc_aws_config_profile(ask->config, ask->profile, "aws_session_token"), "profile", err);
  if (rc != SC_AGAIN) return rc;
  rc = refuse_providers(ask, false, err);
  return rc != SC_OK ? rc : SC_AGAIN;
}

/* ---- the end of the chain ---- */

static int nothing_found(const struct sc_credentials_ask *ask, struct sc_error *err) {
  const char *found = variable("AWS_WEB_IDENTITY_TOKEN_FILE") != NULL ? "a web identity token"
                      : variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL ||
                              variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL
                          ? "a container's credentials"
                          : NULL;
  if (found != NULL)
    sc_error_set(err, SC_E_AUTH, "no AWS access key; the environment names %s, which is not supported yet", found);
  else sc_error_set(err, SC_E_AUTH, "no AWS access key in the options, the environment or profile %s", ask->profile);
  sc_error_hint(err,
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a profile with --profile; "
                "roles of instances and containers are not supported yet");
  return err->code;
}

static int use_dummy(struct sc_credentials *out, struct sc_error *err) {
  sc_log(SC_INFO, "no AWS credentials found: signing for the custom endpoint with a dummy key", NULL);
  return take(out, "dummy", "dummy", NULL, "dummy", err);
}

int sc_credentials_resolve(const struct sc_credentials_ask *ask, struct sc_credentials *out, struct sc_error *err) {
  *out = (struct sc_credentials){0};
  int rc = take_pair(out, ask->key_id, ask->secret, ask->token, "options", err);
  if (rc == SC_AGAIN && !ask->profile_asked)
    rc = take_pair(out, variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"), variable("AWS_SESSION_TOKEN"),
                   "environment", err);
  if (rc == SC_AGAIN) rc = from_profile(ask, out, err);
  if (rc == SC_AGAIN) rc = ask->custom_endpoint ? use_dummy(out, err) : nothing_found(ask, err);
  return rc;
}
