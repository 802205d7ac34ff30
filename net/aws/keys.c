#include "net/aws/keys.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

#define TOKEN_MAX 16384
#define TOKEN_HEADER "X-Amz-Security-Token: "

/* One header value: visible ASCII without blanks. */
static bool is_header_safe(struct sc_slice s, size_t most) {
  for (size_t i = 0; i < s.len; i++)
    if ((unsigned char)s.ptr[i] < 0x21 || (unsigned char)s.ptr[i] > 0x7e) return false;
  return s.len <= most;
}

static int check(struct sc_slice key_id, struct sc_slice secret, struct sc_slice token, const char *where,
                 struct sc_error *err) {
  if (key_id.len == 0 || secret.len == 0)
    return sc_error_set(err, SC_E_CONFIG, "half a key: the AWS %s is missing (%s)",
                        key_id.len == 0 ? "access key id" : "secret access key", where);
  if (!is_header_safe(key_id, SC_SIGV4_KEY_ID_MAX))
    return sc_error_set(err, SC_E_CONFIG, "the AWS access key id (%s) is too long or has blanks in it", where);
  if (secret.len > SC_SIGV4_SECRET_MAX || memchr(secret.ptr, 0, secret.len) != NULL)
    return sc_error_set(err, SC_E_CONFIG, "the AWS secret key (%s) is too long, or has a zero byte in it", where);
  if (!is_header_safe(token, TOKEN_MAX))
    return sc_error_set(err, SC_E_CONFIG, "the AWS session token (%s) is too long or has blanks in it", where);
  return SC_OK;
}

static char *token_header(struct sc_slice token) {
  char *header = sc_alloc(sizeof(TOKEN_HEADER) + token.len);
  memcpy(header, TOKEN_HEADER, sizeof(TOKEN_HEADER) - 1);
  memcpy(header + sizeof(TOKEN_HEADER) - 1, token.ptr, token.len);
  header[sizeof(TOKEN_HEADER) - 1 + token.len] = '\0';
  return header;
}

int sc_keys_new(struct sc_slice key_id, struct sc_slice secret, struct sc_slice token, int64_t expires_ms,
                const char *where, struct sc_keys **out, struct sc_error *err) {
  key_id = sc_text_trim(key_id);
  secret = sc_text_trim(secret);
  token = sc_text_trim(token);
  *out = NULL;
  int rc = check(key_id, secret, token, where, err);
  if (rc != SC_OK) return rc;
  struct sc_keys *keys = sc_alloc_zero(1, sizeof(*keys));
  keys->key_id = sc_strndup(key_id);
  keys->secret = sc_strndup(secret);
  if (token.len > 0) keys->token_header = token_header(token);
  keys->expires_ms = expires_ms;
  atomic_init(&keys->holders, 1);
  *out = keys;
  return SC_OK;
}

int sc_keys_of_json(struct sc_json object, const struct sc_keys_names *names, int64_t expires_ms, const char *where,
                    struct sc_keys **out, struct sc_error *err) {
  struct sc_slice key_id, secret, token = SC_SLICE_LITERAL("");
  struct sc_json token_member = sc_json_get(object, names->token);
  *out = NULL;
  if (!sc_json_str(sc_json_get(object, names->key_id), &key_id) ||
      !sc_json_str(sc_json_get(object, names->secret), &secret) ||
      (!sc_json_absent(token_member) && !sc_json_str(token_member, &token)))
    return sc_error_set(err, SC_E_PROTOCOL, "%s: the reply has no %s and %s, or no proper %s", where, names->key_id,
                        names->secret, names->token);
  if (expires_ms < 0) return sc_error_set(err, SC_E_PROTOCOL, "%s: the reply has an expiration that is no time", where);
  return sc_keys_new(key_id, secret, token, expires_ms, where, out, err);
}

int64_t sc_keys_time(struct sc_json value) {
  struct sc_slice text;
  int64_t ms;
  if (sc_json_absent(value)) return SC_KEYS_FOREVER;
  return sc_json_str(value, &text) && sc_clock_parse_time(text, &ms) ? ms : -1;
}

struct sc_keys *sc_keys_hold(struct sc_keys *keys) {
  atomic_fetch_add_explicit(&keys->holders, 1, memory_order_relaxed);
  return keys;
}

static void wipe(char *text) {
  if (text != NULL) explicit_bzero(text, strlen(text));
  free(text);
}

void sc_keys_release(struct sc_keys *keys) {
  if (keys == NULL || atomic_fetch_sub_explicit(&keys->holders, 1, memory_order_acq_rel) > 1) return;
  wipe(keys->key_id);
  wipe(keys->secret);
  wipe(keys->token_header);
  free(keys);
}

struct sc_sigv4_key sc_keys_view(const struct sc_keys *keys) {
  const char *token = keys->token_header != NULL ? keys->token_header + sizeof(TOKEN_HEADER) - 1 : NULL;
  return (struct sc_sigv4_key){keys->key_id, keys->secret, token};
}
