#include "net/kinesis/client.h"

#include <poll.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/base/random.h"
#include "net/kinesis/channel.h"

#define LARGEST_CONTROL_REPLY ((size_t)32 << 20)
#define PATIENCE_FIRST_MS 10000
#define PATIENCE_MS 60000
#define BACKOFF_CAP_MS 20000
#define BACKOFF_RETRY_MS 50
#define BACKOFF_THROTTLED_MS 1000
#define RETRY_AFTER_MORE_MS 5000
#define PAUSE_SLICE_MS 50

struct sc_kinesis_client {
  struct sc_kinesis_channel ch; /* without slots: there is one request */
  bool (*stopped)(void);
  struct sc_kinesis_request request;
  struct sc_buf reply;
  struct sc_http_head head;
  struct sc_random random;
  bool proven; /* a call succeeded: worth more patience */
};

int sc_kinesis_client_new(struct sc_kinesis *k, bool (*stopped)(void), struct sc_kinesis_client **out,
                          struct sc_error *err) {
  struct sc_kinesis_client *c = sc_alloc_zero(1, sizeof(*c));
  c->stopped = stopped;
  sc_random_init(&c->random, (uint64_t)sc_clock_wall_ms() ^ (uint64_t)(uintptr_t)c);
  int rc = sc_kinesis_channel_init(&c->ch, k, NULL, 1, 0, err);
  if (rc != SC_OK) sc_kinesis_client_free(c);
  *out = rc == SC_OK ? c : NULL;
  return rc;
}

void sc_kinesis_client_free(struct sc_kinesis_client *c) {
  if (c == NULL) return;
  sc_kinesis_channel_fini(&c->ch);
  sc_kinesis_request_fini(&c->request);
  sc_buf_fini(&c->reply);
  free(c);
}

struct sc_buf *sc_kinesis_client_body(struct sc_kinesis_client *c) {
  return &c->request.body;
}

int64_t sc_kinesis_client_date_ms(const struct sc_kinesis_client *c) {
  return c->head.date_ms ? c->head.date_ms : sc_clock_wall_ms();
}

int sc_kinesis_client_try(struct sc_kinesis_client *c, enum sc_endpoint_kind kind, const char *operation,
                          const char *shard_id, struct sc_json *root, struct sc_error *err) {
  int rc = sc_kinesis_sign(c->ch.k, c->ch.signer, kind, operation, &c->request, err);
  if (rc != SC_OK) return rc;
  sc_metric_add(sc_metrics_mine(), SC_M_CALLS, 1);
  struct sc_http_request request = {.url = c->request.url,
                                    .headers = c->request.headers,
                                    .body = sc_buf_view(&c->request.body),
                                    .timeout_ms = SC_HTTP_CALL_TIMEOUT_MS};
  rc = sc_http_call(c->ch.loop, &request, LARGEST_CONTROL_REPLY, c->stopped, &c->head, &c->reply, err);
  if (rc == SC_OK && c->head.status == 200) {
    *root = (struct sc_json){NULL, 0};
    if (c->reply.len) rc = sc_jsondoc_parse(c->ch.doc, sc_buf_view(&c->reply), root, err);
  } else if (rc == SC_OK) {
    return sc_kinesis_failed(c->ch.k, c->ch.doc, &c->request, operation, shard_id, &c->head, sc_buf_view(&c->reply),
                             err);
  }
  if (rc != SC_OK) sc_error_prefix(err, "%s at %s", operation, c->ch.k->endpoint.at[kind].url);
  if (rc == SC_E_NET && !err->hint[0])
    sc_error_hint(
        err, "check the endpoint and that it can be reached from here; proxies come from HTTPS_PROXY and NO_PROXY");
  return rc;
}

static int64_t back_off_ms(struct sc_kinesis_client *c, const struct sc_error *err, unsigned attempt) {
  int64_t base_ms = err->class == SC_CLASS_THROTTLE ? BACKOFF_THROTTLED_MS : BACKOFF_RETRY_MS;
  int64_t wait_ms = sc_random_backoff_ms(&c->random, base_ms, BACKOFF_CAP_MS, attempt);
  int64_t asked_ms = err->http_status ? c->head.retry_after_ms : -1;
  if (asked_ms <= wait_ms) return wait_ms;
  return asked_ms < wait_ms + RETRY_AFTER_MORE_MS ? asked_ms : wait_ms + RETRY_AFTER_MORE_MS;
}

int sc_kinesis_client_pause(struct sc_kinesis_client *c, int64_t wait_ms, struct sc_error *err) {
  for (int64_t left_ms = wait_ms; left_ms > 0; left_ms -= PAUSE_SLICE_MS) {
    if (c->stopped()) return sc_error_set(err, SC_E_STOPPED, "interrupted while waiting for %s", c->ch.k->described);
    poll(NULL, 0, (int)(left_ms < PAUSE_SLICE_MS ? left_ms : PAUSE_SLICE_MS));
  }
  return SC_OK;
}

static bool is_worth_a_retry(const struct sc_error *err) {
  return (err->class == SC_CLASS_RETRY || err->class == SC_CLASS_THROTTLE) && err->code != SC_E_EXPIRED_ITERATOR;
}

static void note_retry(const struct sc_error *err, int64_t wait_ms) {
  struct sc_metrics *m = sc_metrics_mine();
  sc_metric_add(m, SC_M_RETRIED, 1);
  if (err->class == SC_CLASS_THROTTLE) sc_metric_add(m, SC_M_THROTTLED, 1);
  sc_log_often(SC_WARN, err->text, "again_in_ms=%lld", (long long)wait_ms);
}

/* A client whose first call fails is most likely misconfigured, so it gives up early. Once a call succeeded, a failure
 * most likely passes. */
int sc_kinesis_client_call(struct sc_kinesis_client *c, enum sc_endpoint_kind kind, const char *operation,
                           const char *shard_id, struct sc_json *root, struct sc_error *err) {
  int64_t give_up_ms = sc_clock_mono_ms() + (c->proven ? PATIENCE_MS : PATIENCE_FIRST_MS);
  for (unsigned attempt = 0;; attempt++) {
    int rc = sc_kinesis_client_try(c, kind, operation, shard_id, root, err);
    if (rc == SC_OK) {
      c->proven = true;
      return SC_OK;
    }
    if (!is_worth_a_retry(err)) return rc;
    int64_t wait_ms = back_off_ms(c, err, attempt), left_ms = give_up_ms - sc_clock_mono_ms();
    if (left_ms <= 0) return rc;
    if (wait_ms > left_ms) wait_ms = left_ms;
    note_retry(err, wait_ms);
    rc = sc_kinesis_client_pause(c, wait_ms, err);
    if (rc != SC_OK) return rc;
  }
}

struct sc_kinesis *sc_kinesis_client_of(const struct sc_kinesis_client *c) {
  return c->ch.k;
}
