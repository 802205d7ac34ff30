/* The access keys that requests are checked with (--verify-signatures): those given at start, and session keys with an
 * end that the stub credential endpoints hand out (stub_credentials.h).
 *
 * Any thread; one lock. Given keys stay; of session keys the last SCL_KEYRING_SESSIONS are known, expired ones too, so
 * that the service can say that they have expired. What is found is copied out. Secrets are wiped when they are
 * forgotten.
 */
#ifndef SCL_AUTH_KEYRING_H
#define SCL_AUTH_KEYRING_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

#define SCL_KEYRING_MAX_GIVEN 1000
#define SCL_KEYRING_SESSIONS 4096
#define SCL_KEYRING_MAX_ID 128
#define SCL_KEYRING_MAX_SECRET 256
#define SCL_KEYRING_MAX_TOKEN 512
#define SCL_KEYRING_MAX_OWNER 256

struct scl_key {
  char id[SCL_KEYRING_MAX_ID + 1];
  char secret[SCL_KEYRING_MAX_SECRET + 1];
  char token[SCL_KEYRING_MAX_TOKEN + 1]; /* "": a long-lived key */
  char owner[SCL_KEYRING_MAX_OWNER + 1]; /* ARN of the role session; "": the account's own user */
  int64_t expires_ms;                    /* of a session, since the epoch */
};

struct scl_keyring;

struct scl_keyring *scl_keyring_new(void);
void scl_keyring_free(struct scl_keyring *ring);

/* "AKID:SECRET", several separated by commas or line ends; blanks around them, empty lines and lines that begin with #
 * do not count. SC_E_USAGE says which is wrong without showing it. */
int scl_keyring_read(struct scl_keyring *ring, struct sc_slice text, struct sc_error *err);
int scl_keyring_read_file(struct scl_keyring *ring, const char *path, struct sc_error *err);

/* A key of that id takes the place of an older one; a session key, when there is no room, that of the oldest
 * session. */
void scl_keyring_add(struct scl_keyring *ring, const struct scl_key *key);
/* The copy is the caller's to wipe (scl_key_wipe). */
bool scl_keyring_find(struct scl_keyring *ring, struct sc_slice id, struct scl_key *key);
void scl_key_wipe(struct scl_key *key);
size_t scl_keyring_count(struct scl_keyring *ring);

#endif
