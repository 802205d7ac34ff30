/* Who we are to AWS: an access key, found once at start. Control thread; reads the environment and files, no network.
 *
 * Order: the options (URL user info and parameters, command line, SHARDCOPY_* environment); AWS_ACCESS_KEY_ID with
 * AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, unless a profile was asked for by option; the profile of the shared
 * files (AWS CLI User Guide, "Configuration and credential file settings"). On a custom endpoint a dummy key at last,
 * said once. Roles, SSO, processes, containers and instances are not supported yet: a profile that needs one is an
 * error that says so.
 *
 * Nothing here is ever logged; sc_credentials_fini wipes. After resolve the struct is immutable and read by all
 * threads.
 */
#ifndef SC_NET_AWS_CREDENTIALS_H
#define SC_NET_AWS_CREDENTIALS_H

#include "engine/base/error.h"
#include "net/aws/sigv4.h"

struct sc_aws_config;

struct sc_credentials {
  char *key_id, *secret; /* never NULL once resolved */
  char *token;           /* NULL without */
  const char *origin;    /* for messages: "options", "environment", "profile", "dummy" */
};

struct sc_credentials_ask {
  const char *key_id, *secret, *token; /* options; NULL unset */
  const char *profile;                 /* the profile in force */
  bool profile_asked;                  /* by --profile or ?profile=: the environment's keys are skipped */
  bool custom_endpoint;
  const struct sc_aws_config *config;
};

/* SC_E_CONFIG: half a key, a profile that does not exist or needs what is not supported, a token with control
 * characters. SC_E_AUTH: nothing found. */
int sc_credentials_resolve(const struct sc_credentials_ask *ask, struct sc_credentials *out, struct sc_error *err);
void sc_credentials_fini(struct sc_credentials *c);
static inline struct sc_sigv4_key sc_credentials_key(const struct sc_credentials *c) {
  return (struct sc_sigv4_key){c->key_id, c->secret, c->token};
}

#endif
