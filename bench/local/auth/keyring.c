#include "bench/local/auth/keyring.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/text.h"

#define MAX_FILE (1u << 20)

struct scl_keyring {
  pthread_mutex_t lock;
  struct scl_key *given, *sessions;
  size_t n_given, n_sessions;
  size_t oldest; /* session, once there are SCL_KEYRING_SESSIONS */
};

struct scl_keyring *scl_keyring_new(void) {
  struct scl_keyring *ring = sc_alloc_zero(1, sizeof(*ring));
  pthread_mutex_init(&ring->lock, NULL);
  return ring;
}

void scl_key_wipe(struct scl_key *key) { explicit_bzero(key, sizeof(*key)); }

static void free_keys(struct scl_key *keys, size_t n) {
  for (size_t i = 0; i < n; i++) scl_key_wipe(&keys[i]);
  free(keys);
}

void scl_keyring_free(struct scl_keyring *ring) {
  if (ring == NULL) return;
  free_keys(ring->given, ring->n_given);
  free_keys(ring->sessions, ring->n_sessions);
  pthread_mutex_destroy(&ring->lock);
  free(ring);
}

static struct scl_key *find_in(struct scl_key *keys, size_t n, struct sc_slice id) {
  for (size_t i = 0; i < n; i++)
    if (sc_slice_is(id, keys[i].id)) return &keys[i];
  return NULL;
}

static struct scl_key *find(struct scl_keyring *ring, struct sc_slice id) {
  struct scl_key *key = find_in(ring->given, ring->n_given, id);
  return key != NULL ? key : find_in(ring->sessions, ring->n_sessions, id);
}

/* Room for n + 1 keys. The old memory is wiped, which realloc would not do. */
static struct scl_key *grow(struct scl_key *keys, size_t n) {
  if ((n & (n - 1)) != 0) return keys; /* there is room up to the next power of two */
  struct scl_key *more = sc_alloc_zero(n == 0 ? 1 : n * 2, sizeof(*more));
  if (n > 0) memcpy(more, keys, n * sizeof(*keys));
  free_keys(keys, n);
  return more;
}

static struct scl_key *place_for_session(struct scl_keyring *ring) {
  if (ring->n_sessions == SCL_KEYRING_SESSIONS) {
    struct scl_key *place = &ring->sessions[ring->oldest];
    ring->oldest = (ring->oldest + 1) % SCL_KEYRING_SESSIONS;
    return place;
  }
  ring->sessions = grow(ring->sessions, ring->n_sessions);
  return &ring->sessions[ring->n_sessions++];
}

static struct scl_key *place_for_given(struct scl_keyring *ring) {
  SC_ASSERT(ring->n_given < SCL_KEYRING_MAX_GIVEN);
  ring->given = grow(ring->given, ring->n_given);
  return &ring->given[ring->n_given++];
}

void scl_keyring_add(struct scl_keyring *ring, const struct scl_key *key) {
  SC_ASSERT(key->id[0] != '\0' && key->secret[0] != '\0');
  pthread_mutex_lock(&ring->lock);
  struct scl_key *place = find(ring, sc_slice_str(key->id));
  if (place == NULL) place = key->token[0] != '\0' ? place_for_session(ring) : place_for_given(ring);
  *place = *key;
  pthread_mutex_unlock(&ring->lock);
}

bool scl_keyring_find(struct scl_keyring *ring, struct sc_slice id, struct scl_key *key) {
  pthread_mutex_lock(&ring->lock);
  const struct scl_key *found = find(ring, id);
  if (found != NULL) *key = *found;
  pthread_mutex_unlock(&ring->lock);
  return found != NULL;
}

size_t scl_keyring_count(struct scl_keyring *ring) {
  pthread_mutex_lock(&ring->lock);
  size_t n = ring->n_given + ring->n_sessions;
  pthread_mutex_unlock(&ring->lock);
  return n;
}

static bool is_plain(struct sc_slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (s.ptr[i] <= ' ' || s.ptr[i] > '~') return false;
  return true;
}

/* NULL when the key was read, else what is wrong with it. */
static const char *read_key(struct sc_slice text, struct scl_key *key) {
  struct sc_slice id = text, secret = sc_text_cut(&id, ':');
  if (secret.ptr == NULL) return "is not ACCESS_KEY_ID:SECRET";
  if (id.len == 0 || id.len > SCL_KEYRING_MAX_ID) return "has no access key id of 1 to 128 characters";
  if (secret.len == 0 || secret.len > SCL_KEYRING_MAX_SECRET) return "has no secret of 1 to 256 characters";
  if (!is_plain(text)) return "has characters that keys do not have";
  if (memchr(id.ptr, '/', id.len) != NULL) return "has a / in its access key id";
  memcpy(key->id, id.ptr, id.len);
  memcpy(key->secret, secret.ptr, secret.len);
  return NULL;
}

static int read_entry(struct scl_keyring *ring, struct sc_slice text, int place, struct sc_error *err) {
  struct scl_key key = {0};
  const char *wrong = read_key(text, &key);
  if (wrong == NULL && ring->n_given == SCL_KEYRING_MAX_GIVEN) wrong = "is one too many";
  if (wrong == NULL) scl_keyring_add(ring, &key);
  scl_key_wipe(&key);
  return wrong == NULL ? SC_OK : sc_error_set(err, SC_E_USAGE, "key %d %s", place, wrong);
}

int scl_keyring_read(struct scl_keyring *ring, struct sc_slice text, struct sc_error *err) {
  struct sc_slice line, entry;
  int place = 0, rc = SC_OK;
  while (rc == SC_OK && sc_text_next(&text, '\n', &line))
    while (rc == SC_OK && sc_text_next(&line, ',', &entry)) {
      entry = sc_text_trim(entry);
      if (entry.len > 0 && entry.ptr[0] != '#') rc = read_entry(ring, entry, ++place, err);
    }
  return rc;
}

int scl_keyring_read_file(struct scl_keyring *ring, const char *path, struct sc_error *err) {
  FILE *file = fopen(path, "re");
  if (file == NULL) return sc_error_errno(err, SC_E_IO, errno, "reading %s", path);
  char *text = sc_alloc(MAX_FILE);
  size_t len = fread(text, 1, MAX_FILE, file);
  int failed = ferror(file) ? errno : 0;
  fclose(file);
  int rc;
  if (failed != 0) rc = sc_error_errno(err, SC_E_IO, failed, "reading %s", path);
  else if (len == MAX_FILE) rc = sc_error_set(err, SC_E_USAGE, "%s is too long to be a file of keys", path);
  else rc = scl_keyring_read(ring, sc_slice_of(text, len), err);
  explicit_bzero(text, MAX_FILE);
  free(text);
  return rc;
}
