/* A reply body on its way into a batch, paid for before it is received (architecture.md, Memory).
 *
 * With a Content-Length the credit is taken and the batch allocated once, at the first byte. Without one (chunked
 * replies of emulators) the batch grows by doubling, within credit. When the pool has no credit left, the reserve is
 * tried. When that is taken too, the caller pauses the transfer and asks again with sc_body_resume.
 *
 * Owned by one fetch thread; no call blocks; allocates only what it has credit for.
 */
#ifndef SC_NET_HTTP_BODY_H
#define SC_NET_HTTP_BODY_H

#include "engine/base/error.h"
#include "engine/batch.h"

struct sc_body {
  struct sc_budget *budget;
  size_t largest_bytes; /* sc_batch_cost of it is at most the budget's reserve, else a body could wait forever */
  int64_t expected;     /* Content-Length, -1 unknown */
  size_t wanted;        /* body bytes credit is missing for; 0: none */
  struct sc_batch *batch;
};

void sc_body_init(struct sc_body *body, struct sc_budget *budget, size_t largest_bytes);
/* The head of a reply came: nothing of an earlier one is kept. */
void sc_body_begin(struct sc_body *body, int64_t content_length);
/* Of a body whose length is known: takes its credit before its first byte is there. SC_AGAIN: there is none; ask again.
 */
int sc_body_prepare(struct sc_body *body, struct sc_error *err);
/* SC_OK: chunk is in the batch. SC_AGAIN: no credit, nothing was taken; pause, sc_body_resume, add again.
 * SC_E_PROTOCOL: the body is larger than largest_bytes or than announced. */
int sc_body_add(struct sc_body *body, struct sc_slice chunk, struct sc_error *err);
/* After SC_AGAIN: true when the credit is there now. */
bool sc_body_resume(struct sc_body *body);
/* What has come so far. */
struct sc_slice sc_body_view(const struct sc_body *body);
/* Hands the batch over with its body_len set; NULL when nothing came. */
struct sc_batch *sc_body_take(struct sc_body *body);
/* Gives everything back. */
void sc_body_drop(struct sc_body *body);

#endif
