#include "codec/message_id.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "codec/base64.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

enum { DIGEST_BYTES = 15 };
_Static_assert((DIGEST_BYTES + 2) / 3 * 4 == SC_MESSAGE_ID_LEN, "a message id needs no padding");

struct sc_message_id {
  EVP_MD *shake;
  EVP_MD_CTX *context;
};

struct sc_message_id *sc_message_id_new(void) {
  struct sc_message_id *m = sc_alloc_zero(1, sizeof(*m));
  m->shake = EVP_MD_fetch(NULL, "SHAKE128", NULL);
  m->context = EVP_MD_CTX_new();
  SC_ASSERT(m->shake != NULL && m->context != NULL);
  return m;
}

void sc_message_id_free(struct sc_message_id *m) {
  if (m == NULL) return;
  EVP_MD_CTX_free(m->context);
  EVP_MD_free(m->shake);
  free(m);
}

void sc_message_id_make(struct sc_message_id *m, struct sc_slice shard_id, struct sc_slice sequence,
                        char out[SC_MESSAGE_ID_LEN]) {
  unsigned char digest[DIGEST_BYTES];
  bool done = EVP_DigestInit_ex2(m->context, m->shake, NULL) == 1 &&
              EVP_DigestUpdate(m->context, shard_id.ptr, shard_id.len) == 1 &&
              EVP_DigestUpdate(m->context, sequence.ptr, sequence.len) == 1 &&
              EVP_DigestFinalXOF(m->context, digest, sizeof(digest)) == 1;
  SC_ASSERT(done);
  sc_base64_encode(digest, sizeof(digest), out);
}
