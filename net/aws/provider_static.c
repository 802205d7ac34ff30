/* Keys that stand somewhere as they are: options, environment, profile files. */
#include <stdlib.h>

#include "engine/base/log.h"
#include "net/aws/aws_config.h"
#include "net/aws/provider.h"

static struct sc_slice view(const char *text) { return text != NULL ? sc_slice_str(text) : SC_SLICE_LITERAL(""); }

static bool is_set(const char *text) { return text != NULL && *text; }

int sc_provider_options(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  const struct sc_credentials_ask *ask = p->ask;
  if (!is_set(ask->key_id) && !is_set(ask->secret)) return sc_provider_pass(p, "options: no --access-key-id");
  return sc_keys_new(view(ask->key_id), view(ask->secret), view(ask->token), SC_KEYS_FOREVER, "options", out, err);
}

/* AWS_CREDENTIAL_EXPIRATION is not heeded: a running process gets no other environment. */
int sc_provider_environment(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  const char *key_id = sc_provider_variable("AWS_ACCESS_KEY_ID");
  const char *token = sc_provider_variable("AWS_SECURITY_TOKEN");
  if (!p->with_environment) return sc_provider_pass(p, "environment: skipped for --profile");
  if (key_id == NULL) return sc_provider_pass(p, "environment: AWS_ACCESS_KEY_ID is not set");
  if (token == NULL) token = sc_provider_variable("AWS_SESSION_TOKEN");
  return sc_keys_new(view(key_id), view(sc_provider_variable("AWS_SECRET_ACCESS_KEY")), view(token), SC_KEYS_FOREVER,
                     "environment", out, err);
}

static int from_file(struct sc_provider *p, bool is_credentials, const char *what, struct sc_keys **out,
                     struct sc_error *err) {
  const struct sc_aws_config *config = p->ask->services.config;
  const char *key_id = sc_aws_config_profile_in(config, is_credentials, p->profile, "aws_access_key_id");
  const char *token = sc_aws_config_profile_in(config, is_credentials, p->profile, "aws_security_token");
  if (key_id == NULL) return sc_provider_pass(p, "%s: no aws_access_key_id in profile %s", what, p->profile);
  if (token == NULL) token = sc_aws_config_profile_in(config, is_credentials, p->profile, "aws_session_token");
  return sc_keys_new(view(key_id),
                     view(sc_aws_config_profile_in(config, is_credentials, p->profile, "aws_secret_access_key")),
                     view(token), SC_KEYS_FOREVER, what, out, err);
}

int sc_provider_credentials_file(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  return from_file(p, true, "credentials file", out, err);
}

int sc_provider_config_file(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  return from_file(p, false, "config file", out, err);
}

/* `aws login` keeps tokens whose renewal is signed with a key of the CLI's own. */
int sc_provider_login(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  (void)out;
  if (sc_provider_setting(p, "login_session") == NULL) return SC_AGAIN;
  sc_error_set(err, SC_E_CONFIG, "profile %s has login_session: sessions of aws login are the AWS CLI's own",
               p->profile);
  sc_error_hint(err,
                "let the CLI hand its keys over: a profile with credential_process = aws configure "
                "export-credentials --profile %s",
                p->profile);
  return err->code;
}

int sc_provider_dummy(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  if (!p->ask->custom_endpoint) return SC_AGAIN;
  sc_log(SC_INFO, "no AWS credentials found: signing for the custom endpoint with a dummy key", NULL);
  return sc_keys_new(SC_SLICE_LITERAL("dummy"), SC_SLICE_LITERAL("dummy"), SC_SLICE_LITERAL(""), SC_KEYS_FOREVER,
                     "dummy", out, err);
}
