#include "codec/kinesis/message_id.h"

#include <stdlib.h>

#include "codec/text/base64.h"
#include "codec/wire/digest.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

enum { DIGEST_BYTES = 15 };
_Static_assert((DIGEST_BYTES + 2) / 3 * 4 == SC_MESSAGE_ID_LEN, "a message id needs no padding");

struct sc_message_id {
  struct sc_digest *shake;
};

struct sc_message_id *sc_message_id_new(void) {
  struct sc_message_id *m = sc_alloc_zero(1, sizeof(*m));
  m->shake = sc_digest_new("SHAKE128");
  SC_ASSERT(m->shake != NULL);
  return m;
}

void sc_message_id_free(struct sc_message_id *m) {
  if (m == NULL) return;
  sc_digest_free(m->shake);
  free(m);
}

void sc_message_id_make(struct sc_message_id *m, struct sc_slice shard_id, struct sc_slice sequence,
                        char out[SC_MESSAGE_ID_LEN]) {
  unsigned char digest[DIGEST_BYTES];
  bool done = sc_digest_begin(m->shake) && sc_digest_add(m->shake, shard_id) && sc_digest_add(m->shake, sequence) &&
              sc_digest_end(m->shake, digest, sizeof(digest));
  SC_ASSERT(done);
  sc_base64_encode(digest, sizeof(digest), out);
}
