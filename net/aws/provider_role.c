/* Keys of a role: the profile's role_arn with keys from elsewhere, and roles taken with a web identity's token ("Assume
 * role credential provider", AWS SDKs and Tools Reference Guide). */
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "net/aws/aws_config.h"
#include "net/aws/files.h"
#include "net/aws/provider.h"
#include "net/aws/sts.h"

#define TOKEN_BYTES_MAX ((size_t)64 << 10)

/* ---- web identity ---- */

/* The environment's value where it counts, else the profile's. */
static const char *web_setting(const struct sc_provider *p, const char *variable, const char *key) {
  const char *value = p->with_environment ? sc_provider_variable(variable) : NULL;
  return value != NULL ? value : sc_provider_setting(p, key);
}

/* The file is read each time: its token is renewed by whoever put it there. */
int sc_provider_web_identity(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  const char *file = web_setting(p, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  struct sc_sts_role role = {.arn = web_setting(p, "AWS_ROLE_ARN", "role_arn"),
                             .session_name = web_setting(p, "AWS_ROLE_SESSION_NAME", "role_session_name")};
  struct sc_buf text = SC_BUF_INIT;
  if (file == NULL)
    return sc_provider_pass(
        p, "web identity: no AWS_WEB_IDENTITY_TOKEN_FILE, nor web_identity_token_file in profile %s", p->profile);
  if (role.arn == NULL)
    return sc_error_fail(err, SC_E_CONFIG, "set AWS_ROLE_ARN, or role_arn in the profile",
                         "web identity: there is a token file, but no role to take with it");
  int rc = sc_aws_file_read(file, TOKEN_BYTES_MAX, &text, err);
  if (rc == SC_AGAIN) rc = sc_error_set(err, SC_E_CONFIG, "web identity: there is no token file %s", file);
  if (rc == SC_OK)
    rc = sc_sts_assume_role_with_web_identity(&p->ask->services, p->ask->ca_bundle, &role,
                                              sc_text_trim(sc_buf_view(&text)), out, err);
  sc_aws_wipe(&text);
  return rc;
}

/* ---- a role of the profile ---- */

static bool has_keys(const struct sc_provider *p, const char *profile) {
  const struct sc_aws_config *config = p->ask->services.config;
  return sc_aws_config_profile(config, profile, "aws_access_key_id") != NULL ||
         sc_aws_config_profile(config, profile, "aws_secret_access_key") != NULL;
}

static int bad_profile(const struct sc_provider *p, const char *what, const char *which, struct sc_error *err) {
  return sc_error_set(err, SC_E_CONFIG, "profile %s: %s%s", p->profile, what, which != NULL ? which : "");
}

static int refuse_mfa(const struct sc_provider *p, struct sc_error *err) {
  sc_error_set(err, SC_E_CONFIG, "profile %s has mfa_serial: its role needs a code that a person types", p->profile);
  sc_error_hint(err,
                "take the role with the AWS CLI, and export its keys: eval \"$(aws configure export-credentials "
                "--profile %s --format env)\"",
                p->profile);
  return err->code;
}

/* A profile may be its own source when it has static keys. */
static int visit(struct sc_provider *p, const char *source, struct sc_error *err) {
  if (!sc_aws_config_has_profile(p->ask->services.config, source))
    return bad_profile(p, "there is no profile of its source_profile ", source, err);
  bool is_own = strcmp(source, p->profile) == 0 && has_keys(p, source);
  for (size_t i = 0; i < p->n_visited; i++)
    if (strcmp(p->visited[i], source) == 0 && !is_own)
      return bad_profile(p, "its roles are taken with each other in a circle, by source_profile ", source, err);
  if (p->n_visited == SC_PROVIDER_DEPTH_MAX)
    return bad_profile(p, "too many roles, one taken with the other", NULL, err);
  p->visited[p->n_visited++] = source;
  return SC_OK;
}

/* The source's static keys go before a role it has itself, as in botocore. */
static int keys_of_profile(struct sc_provider *p, const char *source, struct sc_keys **out, struct sc_error *err) {
  const char *profile = p->profile;
  bool with_environment = p->with_environment;
  int rc = visit(p, source, err);
  if (rc != SC_OK) return rc;
  p->profile = source;
  p->with_environment = false;
  rc = has_keys(p, source) ? SC_AGAIN : sc_provider_profile_role(p, out, err);
  if (rc == SC_AGAIN) rc = sc_chain_of_profile(p, out, err);
  p->n_visited--;
  p->profile = profile;
  p->with_environment = with_environment;
  return rc == SC_AGAIN ? bad_profile(p, "there are no credentials in its source_profile ", source, err) : rc;
}

static int source_keys(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  const char *profile = sc_provider_setting(p, "source_profile");
  const char *source = sc_provider_setting(p, "credential_source");
  if (profile != NULL && source != NULL)
    return bad_profile(p, "it has both source_profile and credential_source", NULL, err);
  if (profile != NULL) return keys_of_profile(p, profile, out, err);
  if (source == NULL) return bad_profile(p, "role_arn needs source_profile or credential_source", NULL, err);
  int rc = sc_chain_of_source(p, source, out, err);
  return rc == SC_AGAIN ? bad_profile(p, "nothing was found in its credential_source ", source, err) : rc;
}

int sc_provider_profile_role(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  struct sc_sts_role role = {.arn = sc_provider_setting(p, "role_arn"),
                             .session_name = sc_provider_setting(p, "role_session_name"),
                             .external_id = sc_provider_setting(p, "external_id"),
                             .duration_s = sc_provider_setting(p, "duration_seconds")};
  struct sc_keys *source = NULL;
  if (role.arn == NULL || sc_provider_setting(p, "web_identity_token_file") != NULL)
    return sc_provider_pass(p, "role: no role_arn in profile %s", p->profile);
  if (sc_provider_setting(p, "mfa_serial") != NULL) return refuse_mfa(p, err);
  int rc = source_keys(p, &source, err);
  if (rc != SC_OK) return rc;
  rc = sc_sts_assume_role(&p->ask->services, p->ask->ca_bundle, &role, source, out, err);
  sc_keys_release(source);
  return rc;
}
