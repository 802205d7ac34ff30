/* An access key as a whole: what one request is signed with. Immutable once made and shared by count: a request holds
 * the keys it was signed with until it is over, whatever the refreshing thread puts in their place meanwhile.
 *
 * Any thread; no call blocks. The last release wipes and frees. Nothing here is ever logged.
 */
#ifndef SC_NET_AWS_KEYS_H
#define SC_NET_AWS_KEYS_H

#include <stdatomic.h>

#include "codec/json/doc.h"
#include "engine/base/error.h"
#include "net/aws/sigv4.h"

#define SC_KEYS_FOREVER INT64_MAX

struct sc_keys {
  char *key_id, *secret; /* never NULL */
  char *token_header;    /* "X-Amz-Security-Token: ..."; NULL: long-lived keys, which have no token */
  int64_t expires_ms;    /* epoch; SC_KEYS_FOREVER: never */
  _Atomic uint32_t holders;
};

/* Copies the parts, without blanks around them; an empty token is none. SC_E_CONFIG when a part is missing, too long or
 * has what no header may have in it. where: "environment" ..., for the text. */
int sc_keys_new(struct sc_slice key_id, struct sc_slice secret, struct sc_slice token, int64_t expires_ms,
                const char *where, struct sc_keys **out, struct sc_error *err);
/* The same from members of a JSON object, by their names. SC_E_PROTOCOL when one is no string, or expires_ms says that
 * it could not be read (negative). */
struct sc_keys_names {
  const char *key_id, *secret, *token;
};
int sc_keys_of_json(struct sc_json object, const struct sc_keys_names *names, int64_t expires_ms, const char *where,
                    struct sc_keys **out, struct sc_error *err);
/* The time in a JSON string, for expires_ms above: epoch ms, SC_KEYS_FOREVER when the value is absent, -1 when it is no
 * time. */
int64_t sc_keys_time(struct sc_json value);

struct sc_keys *sc_keys_hold(struct sc_keys *keys);
void sc_keys_release(struct sc_keys *keys); /* NULL is allowed */

/* What to sign with: views that live as long as keys. */
struct sc_sigv4_key sc_keys_view(const struct sc_keys *keys);

#endif
