/* A place that access keys come from, and what all such places share. One file a family: provider_static.c
 * (options, environment, files), provider_process.c, provider_http.c (container, instance), provider_role.c (roles, web
 * identity), provider_sso.c; chain.c is the table that orders them.
 *
 * A provider is asked at start, and the one that had keys again whenever they are due: everything but the profile files
 * is read anew each time. It may block (fetch.h), on one thread at a time.
 */
#ifndef SC_NET_AWS_PROVIDER_H
#define SC_NET_AWS_PROVIDER_H

#include "engine/base/buf.h"
#include "net/aws/credentials_ask.h"
#include "net/aws/keys.h"

#define SC_PROVIDER_DEPTH_MAX 16 /* roles taken one with the other */

struct sc_provider {
  const struct sc_credentials_ask *ask;
  const char *profile;                        /* whose settings are read */
  bool with_environment;                      /* the environment's settings go before the profile's */
  const char *visited[SC_PROVIDER_DEPTH_MAX]; /* profiles whose roles are being taken, the last innermost */
  size_t n_visited;
  struct sc_buf passed; /* why each place that was asked has none, for people */
};

/* SC_OK: *out has keys. SC_AGAIN: this place is not set up; sc_provider_pass said so. Else it is set up, and failed. */
typedef int sc_provider_fn(struct sc_provider *p, struct sc_keys **out, struct sc_error *err);

sc_provider_fn sc_provider_options, sc_provider_environment, sc_provider_credentials_file, sc_provider_login,
    sc_provider_config_file, sc_provider_dummy;
sc_provider_fn sc_provider_process;
sc_provider_fn sc_provider_container, sc_provider_instance;
sc_provider_fn sc_provider_profile_role, sc_provider_web_identity;
sc_provider_fn sc_provider_sso;

/* Notes why a place has no keys; returns SC_AGAIN. */
int sc_provider_pass(struct sc_provider *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A setting of p->profile; NULL: not there, or empty. */
const char *sc_provider_setting(const struct sc_provider *p, const char *key);
/* An environment variable; NULL: not there, or empty. */
const char *sc_provider_variable(const char *name);
/* Asks the places of p->profile alone, in order: what a role's source_profile means. */
int sc_chain_of_profile(struct sc_provider *p, struct sc_keys **out, struct sc_error *err);
/* Asks the place that credential_source names: Environment, Ec2InstanceMetadata, EcsContainer. */
int sc_chain_of_source(struct sc_provider *p, const char *source, struct sc_keys **out, struct sc_error *err);

/* ---- chain.c ---- */

/* Asks each place of the kind in order. *place: what sc_chain_fetch takes. SC_E_AUTH with p->passed when none has
 * keys. */
int sc_chain_find(struct sc_provider *p, size_t *place, struct sc_keys **out, struct sc_error *err);
/* Asks that place alone. Both take the role of the options at last. */
int sc_chain_fetch(struct sc_provider *p, size_t place, struct sc_keys **out, struct sc_error *err);
/* For people: "profile work: credential process". */
void sc_chain_describe(const struct sc_provider *p, size_t place, struct sc_buf *out);

#endif
