/* The access keys that requests are checked with (--verify-signatures): those given at start, and session keys with an end that the
 * stub credential endpoints hand out (stub_credentials.h).
 *
 * Any thread; one lock. Given keys stay; of session keys the last SC_KEYRING_SESSIONS are known, expired ones too, so that
 * the service can say that they have expired. What is found is copied out. Secrets are wiped when they are forgotten.
 */
#ifndef SC_LOCAL_KEYRING_H
#define SC_LOCAL_KEYRING_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

#define SC_KEYRING_MAX_GIVEN 1000
#define SC_KEYRING_SESSIONS 4096
#define SC_KEYRING_MAX_ID 128
#define SC_KEYRING_MAX_SECRET 256
#define SC_KEYRING_MAX_TOKEN 512
#define SC_KEYRING_MAX_OWNER 256

struct sc_key {
  char id[SC_KEYRING_MAX_ID + 1];
  char secret[SC_KEYRING_MAX_SECRET + 1];
  char token[SC_KEYRING_MAX_TOKEN + 1]; /* "": a long-lived key */
  char owner[SC_KEYRING_MAX_OWNER + 1]; /* ARN of the role session; "": the account's own user */
  int64_t expires_ms;                   /* of a session, since the epoch */
};

struct sc_keyring;

struct sc_keyring *sc_keyring_new(void);
void sc_keyring_free(struct sc_keyring *ring);

/* "AKID:SECRET", several separated by commas or line ends; blanks around them, empty lines and lines that begin with # do not count.
 * SC_E_USAGE says which is wrong without showing it. */
int sc_keyring_read(struct sc_keyring *ring, struct sc_slice text, struct sc_error *err);
int sc_keyring_read_file(struct sc_keyring *ring, const char *path, struct sc_error *err);

/* A key of that id takes the place of an older one; a session key, when there is no room, that of the oldest session. */
void sc_keyring_add(struct sc_keyring *ring, const struct sc_key *key);
/* The copy is the caller's to wipe (sc_key_wipe). */
bool sc_keyring_find(struct sc_keyring *ring, struct sc_slice id, struct sc_key *key);
void sc_key_wipe(struct sc_key *key);
size_t sc_keyring_count(struct sc_keyring *ring);

#endif
