#include "net/aws/fetch.h"

#include <poll.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/stop.h"

#define REPLY_BYTES_MAX ((size_t)1 << 20)
#define BACKOFF_BASE_MS 200
#define BACKOFF_CAP_MS 2000
#define PAUSE_SLICE_MS 50

static _Thread_local const atomic_bool *obeyed;

void sc_aws_fetch_obey(const atomic_bool *flag) { obeyed = flag; }

bool sc_aws_fetch_is_stopped(void) {
  return sc_stop_now() || (obeyed != NULL && atomic_load_explicit(obeyed, memory_order_relaxed));
}

static int fetch_once(const struct sc_aws_fetch *fetch, struct sc_http_head *head, struct sc_buf *reply,
                      struct sc_error *err) {
  struct sc_http *http;
  struct sc_http_loop *loop = NULL;
  struct sc_http_request request = {.method = fetch->method,
                                    .direct = fetch->direct,
                                    .url = fetch->url,
                                    .headers = fetch->headers,
                                    .body = fetch->body,
                                    .timeout_ms = fetch->timeout_ms};
  int rc = sc_http_new(fetch->ca_bundle, strncmp(fetch->url, "https:", 6) == 0, &http, err);
  if (rc != SC_OK) return rc;
  rc = sc_http_loop_new(http, NULL, 1, &loop, err);
  if (rc == SC_OK) rc = sc_http_call(loop, &request, REPLY_BYTES_MAX, sc_aws_fetch_is_stopped, head, reply, err);
  sc_http_loop_free(loop);
  sc_http_free(http);
  if (rc == SC_OK && head->status == 429) rc = sc_error_set(err, SC_E_THROTTLED, "HTTP status 429");
  else if (rc == SC_OK && head->status >= 500) rc = sc_error_set(err, SC_E_SERVICE, "HTTP status %d", head->status);
  if (rc != SC_OK && rc != SC_E_STOPPED) sc_error_prefix(err, "%s", fetch->url);
  return rc;
}

static void pause_for(int64_t wait_ms) {
  for (; wait_ms > 0 && !sc_aws_fetch_is_stopped(); wait_ms -= PAUSE_SLICE_MS)
    poll(NULL, 0, (int)(wait_ms < PAUSE_SLICE_MS ? wait_ms : PAUSE_SLICE_MS));
}

int sc_aws_fetch(const struct sc_aws_fetch *fetch, struct sc_http_head *head, struct sc_buf *reply,
                 struct sc_error *err) {
  struct sc_random random;
  sc_random_init(&random, (uint64_t)sc_clock_mono_us());
  for (unsigned attempt = 1;; attempt++) {
    int rc = fetch_once(fetch, head, reply, err);
    bool is_passing = rc != SC_OK && (err->class == SC_CLASS_RETRY || err->class == SC_CLASS_THROTTLE);
    if (!is_passing || attempt >= fetch->attempts) return rc;
    pause_for(sc_random_backoff_ms(&random, BACKOFF_BASE_MS, BACKOFF_CAP_MS, attempt));
  }
}
