#include "net/http/body.h"

#include <string.h>

#include "engine/base/budget.h"

#define FIRST_GUESS_BYTES ((size_t)64 << 10)

void sc_body_init(struct sc_body *body, struct sc_budget *budget, size_t largest_bytes) {
  *body = (struct sc_body){.budget = budget, .largest_bytes = largest_bytes, .expected = -1};
}

void sc_body_begin(struct sc_body *body, int64_t content_length) {
  SC_ASSERT(content_length >= -1);
  sc_body_drop(body);
  body->expected = content_length;
}

static int too_large(const struct sc_body *body, struct sc_error *err) {
  return sc_error_set(err, SC_E_PROTOCOL, "a reply of more than %zu bytes", body->largest_bytes);
}

/* Room for body_cap bytes, paid from the pool or, when that is empty, from the reserve. */
static struct sc_batch *paid_batch(const struct sc_body *body, size_t body_cap) {
  size_t cost = sc_batch_cost(body_cap);
  if (sc_budget_take(body->budget, SC_POOL_BODIES, cost)) return sc_batch_new(body->budget, body_cap, cost, false);
  if (body->expected < 0) { /* a body from the reserve never grows again, so it gets the largest size at once */
    body_cap = body->largest_bytes;
    cost = sc_batch_cost(body_cap);
  }
  if (sc_budget_take_reserve(body->budget, cost)) return sc_batch_new(body->budget, body_cap, cost, true);
  return NULL;
}

bool sc_body_resume(struct sc_body *body) {
  if (body->wanted == 0) return true;
  struct sc_batch *old = body->batch, *batch = paid_batch(body, body->wanted);
  if (batch == NULL) return false;
  if (old != NULL) {
    memcpy(batch->body, old->body, old->body_len);
    batch->body_len = old->body_len;
    sc_batch_free(old);
  }
  body->batch = batch;
  body->wanted = 0;
  return true;
}

static size_t next_cap(const struct sc_body *body, size_t needed) {
  if (body->expected >= 0) return (size_t)body->expected;
  size_t cap = body->batch != NULL ? body->batch->body_cap : FIRST_GUESS_BYTES;
  while (cap < needed) cap *= 2;
  return cap < body->largest_bytes ? cap : body->largest_bytes;
}

int sc_body_prepare(struct sc_body *body, struct sc_error *err) {
  SC_ASSERT(body->expected >= 0);
  if (body->expected > (int64_t)body->largest_bytes) return too_large(body, err);
  if (body->batch == NULL) body->wanted = next_cap(body, 1);
  return sc_body_resume(body) ? SC_OK : SC_AGAIN;
}

int sc_body_add(struct sc_body *body, struct sc_slice chunk, struct sc_error *err) {
  SC_ASSERT(body->wanted == 0); /* after SC_AGAIN, resume comes first */
  if (chunk.len == 0) return SC_OK;
  size_t have = body->batch != NULL ? body->batch->body_len : 0;
  if (body->expected > (int64_t)body->largest_bytes || chunk.len > body->largest_bytes - have)
    return too_large(body, err);
  if (body->expected >= 0 && chunk.len > (size_t)body->expected - have)
    return sc_error_set(err, SC_E_PROTOCOL, "a reply longer than its Content-Length");
  if (body->batch == NULL || chunk.len > body->batch->body_cap - have) body->wanted = next_cap(body, have + chunk.len);
  if (!sc_body_resume(body)) return SC_AGAIN;
  SC_ASSERT(body->batch != NULL);
  memcpy(body->batch->body + have, chunk.ptr, chunk.len);
  body->batch->body_len = have + chunk.len;
  return SC_OK;
}

struct sc_slice sc_body_view(const struct sc_body *body) {
  return body->batch != NULL ? sc_slice_of(body->batch->body, body->batch->body_len) : sc_slice_of(NULL, 0);
}

struct sc_batch *sc_body_take(struct sc_body *body) {
  struct sc_batch *batch = body->batch;
  if (batch != NULL) memset(batch->body + batch->body_len, 0, SC_BODY_PADDING);
  body->batch = NULL;
  body->wanted = 0;
  return batch;
}

void sc_body_drop(struct sc_body *body) {
  sc_batch_free(body->batch);
  body->batch = NULL;
  body->wanted = 0;
}
