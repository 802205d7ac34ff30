/* How credentials are asked for: what credentials.h takes, and each provider reads. */
#ifndef SC_NET_AWS_CREDENTIALS_ASK_H
#define SC_NET_AWS_CREDENTIALS_ASK_H

#include "net/aws/endpoint.h"

/* Borrowed as a whole: everything lives until close. NULL: not set. */
struct sc_credentials_ask {
  const char *kind;                                       /* --credentials; NULL: "auto" */
  const char *key_id, *secret, *token;                    /* options */
  const char *role_arn, *role_session_name, *external_id; /* options: a role to take at last */
  const char *ca_bundle;
  bool profile_asked;   /* by --profile or ?profile=: the environment's settings are skipped */
  bool custom_endpoint; /* not AWS's: a dummy key will do, and an instance's metadata is asked only where it is named */
  /* region, FIPS and dual-stack, the profile in force and the files; endpoint is --sts-endpoint */
  struct sc_endpoint_ask services;
};

#endif
