/* The access keys that requests are checked with (--verify-signatures): keys given at start, and session keys that the
 * stubs of credential services hand out and that expire (stub_credentials.h).
 *
 * Any thread; one lock. Given keys stay. Of session keys the last SCL_KEYRING_SESSIONS are known, expired ones too, so
 * that the service can answer ExpiredTokenException. Keys are copied out. Secrets are wiped before their memory is
 * freed.
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

/* Reads "AKID:SECRET" entries, separated by commas or line ends. Blanks around entries, empty lines and lines that
 * begin with # are ignored. SC_E_USAGE names the wrong entry by its number, and does not show it. */
int scl_keyring_read(struct scl_keyring *ring, struct sc_slice text, struct sc_error *err);
int scl_keyring_read_file(struct scl_keyring *ring, const char *path, struct sc_error *err);

/* Replaces the key of the same id. A session key replaces the oldest one when there are SCL_KEYRING_SESSIONS. */
void scl_keyring_add(struct scl_keyring *ring, const struct scl_key *key);
/* The caller wipes the copy (scl_key_wipe). */
bool scl_keyring_find(struct scl_keyring *ring, struct sc_slice id, struct scl_key *key);
void scl_key_wipe(struct scl_key *key);
size_t scl_keyring_count(struct scl_keyring *ring);

#endif
