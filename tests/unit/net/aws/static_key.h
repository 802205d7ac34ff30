/* Credentials that need nothing but what a test gives. */
#ifndef SC_TESTS_UNIT_NET_AWS_STATIC_KEY_H
#define SC_TESTS_UNIT_NET_AWS_STATIC_KEY_H

#include "net/aws/credentials.h"

/* token: NULL without. The caller closes them. */
static inline struct sc_credentials *static_key(const char *token) {
  struct sc_credentials_ask ask = {.key_id = "AKID", .secret = "s", .token = token};
  struct sc_credentials *credentials = NULL;
  struct sc_error err;
  int rc = sc_credentials_open(&ask, &credentials, &err);
  SC_ASSERT(rc == SC_OK);
  return credentials;
}

#endif
