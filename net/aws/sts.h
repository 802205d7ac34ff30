/* Calls of AWS STS (API version 2011-06-15, the AWS query protocol): taking a role, and asking who one is. Blocking, as
 * fetch.h says. A request refused for the time it was signed with is made once more with the service's time.
 */
#ifndef SC_NET_AWS_STS_H
#define SC_NET_AWS_STS_H

#include "engine/base/buf.h"
#include "net/aws/endpoint.h"
#include "net/aws/keys.h"

/* NULL where not set. */
struct sc_sts_role {
  const char *arn;
  const char *session_name; /* NULL: one of our own */
  const char *external_id, *duration_s;
};

/* services: region and settings; its endpoint is --sts-endpoint. SC_E_AUTH when STS refuses, with its words;
 * SC_E_SERVICE, SC_E_THROTTLED, SC_E_NET when it may take it later; SC_E_CONFIG for an endpoint or a role that is
 * none. */
int sc_sts_assume_role(const struct sc_endpoint_ask *services, const char *ca_bundle, const struct sc_sts_role *role,
                       const struct sc_keys *source, struct sc_keys **out, struct sc_error *err);
/* token: the web identity's, a JWT or what the identity provider hands out. Not signed. */
int sc_sts_assume_role_with_web_identity(const struct sc_endpoint_ask *services, const char *ca_bundle,
                                         const struct sc_sts_role *role, struct sc_slice token, struct sc_keys **out,
                                         struct sc_error *err);

struct sc_sts_identity {
  char account[13];
  char arn[2049];
};
int sc_sts_identity(const struct sc_endpoint_ask *services, const char *ca_bundle, const struct sc_keys *keys,
                    struct sc_sts_identity *out, struct sc_error *err);

#endif
