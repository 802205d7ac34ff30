#include "net/kinesis/channel.h"

#include <stdlib.h>

#include "engine/base/metrics.h"

int sc_kinesis_channel_init(struct sc_kinesis_channel *ch, struct sc_kinesis *k, struct sc_park *park,
                            uint32_t most_active, size_t slot_bytes, struct sc_error *err) {
  SC_ASSERT(most_active >= 1);
  ch->k = k;
  ch->most_active = most_active;
  ch->slot_bytes = slot_bytes;
  ch->doc = sc_jsondoc_new();
  int rc = sc_signer_new(k->endpoint.region, "kinesis", &ch->signer, err);
  return rc != SC_OK ? rc : sc_http_loop_new(k->http, park, most_active, &ch->loop, err);
}

static void free_slots(struct sc_kinesis_slot *slot) {
  for (struct sc_kinesis_slot *next; slot != NULL; slot = next) {
    next = LIST_NEXT(slot, link);
    sc_kinesis_request_fini(&slot->request);
    sc_buf_fini(&slot->text);
    free(slot);
  }
}

void sc_kinesis_channel_fini(struct sc_kinesis_channel *ch) {
  sc_http_loop_free(ch->loop); /* first: its transfers borrow from the slots */
  free_slots(LIST_FIRST(&ch->active));
  free_slots(LIST_FIRST(&ch->free));
  sc_jsondoc_free(ch->doc);
  sc_signer_free(ch->signer);
}

void *sc_kinesis_channel_take(struct sc_kinesis_channel *ch) {
  SC_ASSERT(ch->n_active < ch->most_active && ch->slot_bytes >= sizeof(struct sc_kinesis_slot));
  struct sc_kinesis_slot *slot = LIST_FIRST(&ch->free);
  if (slot != NULL) LIST_REMOVE(slot, link);
  else slot = sc_alloc_zero(1, ch->slot_bytes);
  LIST_INSERT_HEAD(&ch->active, slot, link);
  ch->n_active++;
  sc_buf_clear(&slot->text);
  return slot;
}

void sc_kinesis_channel_give(struct sc_kinesis_channel *ch, struct sc_kinesis_slot *slot) {
  SC_ASSERT(ch->n_active > 0);
  LIST_REMOVE(slot, link);
  LIST_INSERT_HEAD(&ch->free, slot, link);
  ch->n_active--;
  slot->transfer = NULL;
}

int sc_kinesis_channel_send(struct sc_kinesis_channel *ch, struct sc_kinesis_slot *slot, const char *operation,
                            int64_t timeout_ms, const struct sc_http_receiver *receiver, struct sc_error *err) {
  slot->transfer = NULL;
  sc_metric_add(sc_metrics_mine(), SC_M_CALLS, 1);
  enum sc_endpoint_kind kind = slot->of_control ? SC_ENDPOINT_CONTROL : SC_ENDPOINT_DATA;
  int rc = sc_kinesis_sign(ch->k, ch->signer, kind, operation, &slot->request, err);
  if (rc != SC_OK) return rc;
  struct sc_http_request request = {.url = slot->request.url,
                                    .headers = slot->request.headers,
                                    .body = sc_buf_view(&slot->request.body),
                                    .timeout_ms = timeout_ms,
                                    .receiver = receiver,
                                    .arg = slot};
  slot->transfer = sc_http_start(ch->loop, &request, err);
  return slot->transfer != NULL ? SC_OK : err->code;
}

int sc_kinesis_channel_done(struct sc_kinesis_channel *ch, struct sc_kinesis_slot *slot, const char *operation,
                            const char *shard_id, const struct sc_http_head *head, struct sc_error *err) {
  slot->transfer = NULL;
  if (err->code != SC_OK) sc_error_prefix(err, "%s at %s", operation, slot->request.url);
  else if (head->status != 200)
    sc_kinesis_failed(ch->k, ch->doc, &slot->request, operation, shard_id, head, sc_buf_view(&slot->text), err);
  return err->code;
}
