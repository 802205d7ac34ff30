/* The order in which places are asked for keys: botocore's (credentials.h). */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/aws/aws_config.h"
#include "net/aws/provider.h"
#include "net/aws/sts.h"

/* The kinds of --credentials, and what a source_profile may have. */
enum {
  AUTO = 1 << 0,
  BASIC = 1 << 1,
  ENVIRONMENT = 1 << 2,
  PROFILE = 1 << 3,
  ROLE = 1 << 4,
  WEB_IDENTITY = 1 << 5,
  SSO = 1 << 6,
  PROCESS = 1 << 7,
  CONTAINER = 1 << 8,
  INSTANCE = 1 << 9,
  SOURCE = 1 << 10
};

static const struct {
  const char *name;
  unsigned kind;
} kinds[] = {{"auto", AUTO},       {"basic", BASIC},      {"env", ENVIRONMENT},
             {"profile", PROFILE}, {"assume-role", ROLE}, {"web-identity", WEB_IDENTITY},
             {"sso", SSO},         {"process", PROCESS},  {"container", CONTAINER},
             {"imds", INSTANCE}};

static const struct {
  const char *name;
  sc_provider_fn *ask;
  unsigned kinds;
  const char *source; /* as credential_source names it */
} places[] = {
    {"options", sc_provider_options, AUTO | BASIC, NULL},
    {"environment", sc_provider_environment, AUTO | ENVIRONMENT, "Environment"},
    {"role", sc_provider_profile_role, AUTO | PROFILE | ROLE, NULL},
    {"web identity", sc_provider_web_identity, AUTO | PROFILE | WEB_IDENTITY | SOURCE, NULL},
    {"SSO", sc_provider_sso, AUTO | PROFILE | SSO | SOURCE, NULL},
    {"credentials file", sc_provider_credentials_file, AUTO | PROFILE | SOURCE, NULL},
    {"aws login", sc_provider_login, AUTO | PROFILE | SOURCE, NULL},
    {"credential process", sc_provider_process, AUTO | PROFILE | PROCESS | SOURCE, NULL},
    {"config file", sc_provider_config_file, AUTO | PROFILE | SOURCE, NULL},
    {"container", sc_provider_container, AUTO | CONTAINER, "EcsContainer"},
    {"instance metadata", sc_provider_instance, AUTO | INSTANCE, "Ec2InstanceMetadata"},
    {"dummy key", sc_provider_dummy, AUTO, NULL},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

int sc_provider_pass(struct sc_provider *p, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  if (p->passed.len > 0) sc_buf_add_str(&p->passed, "; ");
  sc_buf_vprintf(&p->passed, fmt, args);
  va_end(args);
  return SC_AGAIN;
}

const char *sc_provider_setting(const struct sc_provider *p, const char *key) {
  return sc_aws_config_profile(p->ask->services.config, p->profile, key);
}

const char *sc_provider_variable(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value ? value : NULL;
}

/* A profile that was named, and does not exist, is an error once it would be looked into. */
static int check_profile(const struct sc_provider *p, struct sc_error *err) {
  bool is_named = p->ask->profile_asked || strcmp(p->profile, "default") != 0;
  if (!is_named || sc_aws_config_has_profile(p->ask->services.config, p->profile)) return SC_OK;
  sc_error_set(err, SC_E_CONFIG, "there is no profile %s in the AWS config and credentials files", p->profile);
  sc_error_hint(err, "aws configure list-profiles shows those there are");
  return err->code;
}

static int ask_all(struct sc_provider *p, unsigned kind, size_t *place, struct sc_keys **out, struct sc_error *err) {
  int rc = SC_AGAIN;
  for (*place = 0; *place < PLACES; (*place)++) {
    if ((places[*place].kinds & kind) == 0) continue;
    rc = (places[*place].kinds & PROFILE) != 0 ? check_profile(p, err) : SC_OK;
    if (rc == SC_OK) rc = places[*place].ask(p, out, err);
    if (rc != SC_AGAIN) break;
  }
  return rc;
}

int sc_chain_of_profile(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  size_t place;
  return ask_all(p, SOURCE, &place, out, err);
}

int sc_chain_of_source(struct sc_provider *p, const char *source, struct sc_keys **out, struct sc_error *err) {
  bool with_environment = p->with_environment;
  for (size_t i = 0; i < PLACES; i++) {
    if (places[i].source == NULL || strcasecmp(places[i].source, source) != 0) continue;
    p->with_environment = true;
    int rc = places[i].ask(p, out, err);
    p->with_environment = with_environment;
    return rc;
  }
  return sc_error_set(err, SC_E_CONFIG,
                      "profile %s: credential_source is Environment, Ec2InstanceMetadata or EcsContainer", p->profile);
}

/* Puts the keys of the options' role in the place of *keys. */
static int take_role(struct sc_provider *p, struct sc_keys **keys, struct sc_error *err) {
  const struct sc_credentials_ask *ask = p->ask;
  struct sc_sts_role role = {
      .arn = ask->role_arn, .session_name = ask->role_session_name, .external_id = ask->external_id};
  struct sc_keys *source = *keys;
  if (role.arn == NULL) return SC_OK;
  int rc = sc_sts_assume_role(&ask->services, ask->ca_bundle, &role, source, keys, err);
  sc_keys_release(source);
  return rc;
}

static unsigned kind_of(const struct sc_credentials_ask *ask) {
  unsigned kind = AUTO;
  for (size_t i = 0; ask->kind != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (strcmp(kinds[i].name, ask->kind) == 0) kind = kinds[i].kind;
  return kind == ROLE && ask->role_arn != NULL ? AUTO : kind; /* that role is taken at last, whatever comes before */
}

static int none_found(const struct sc_provider *p, struct sc_error *err) {
  sc_error_set(err, SC_E_AUTH, "no AWS credentials: %s", sc_buf_str(&p->passed));
  sc_error_hint(err,
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile with --profile, or log in (aws sso "
                "login); aws sts get-caller-identity shows whether the AWS CLI finds any");
  return err->code;
}

int sc_chain_find(struct sc_provider *p, size_t *place, struct sc_keys **out, struct sc_error *err) {
  unsigned kind = kind_of(p->ask);
  p->with_environment = kind == ENVIRONMENT || (kind != PROFILE && !p->ask->profile_asked);
  int rc = ask_all(p, kind, place, out, err);
  if (rc == SC_AGAIN) return none_found(p, err);
  return rc == SC_OK ? take_role(p, out, err) : rc;
}

int sc_chain_fetch(struct sc_provider *p, size_t place, struct sc_keys **out, struct sc_error *err) {
  SC_ASSERT(place < PLACES);
  sc_buf_clear(&p->passed);
  int rc = places[place].ask(p, out, err);
  if (rc == SC_AGAIN) return sc_error_set(err, SC_E_SERVICE, "no AWS credentials any more: %s", sc_buf_str(&p->passed));
  return rc == SC_OK ? take_role(p, out, err) : rc;
}

void sc_chain_describe(const struct sc_provider *p, size_t place, struct sc_buf *out) {
  SC_ASSERT(place < PLACES);
  if ((places[place].kinds & PROFILE) != 0) sc_buf_printf(out, "profile %s: ", p->profile);
  sc_buf_add_str(out, places[place].name);
  if (p->ask->role_arn != NULL) sc_buf_printf(out, ", then role %s", p->ask->role_arn);
}
