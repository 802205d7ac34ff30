#include "bench/drive/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/batch.h"

#define READ_BYTES (256L << 10)

struct lane {
  struct sc_client *client;
  CURL *easy;
  struct curl_slist *headers;
  struct sc_client_call call;
  struct sc_buf body;
  struct sc_error err; /* what data said */
};

struct sc_client {
  CURLM *multi;
  struct sc_buf url;
  char date[17];
  uint32_t n_lanes, n_active;
  bool is_stopped;
  int64_t stop_at_ms; /* 0: never */
  struct lane *lanes;
};

static size_t on_body(char *bytes, size_t size, size_t n, void *arg) {
  struct lane *lane = arg;
  struct sc_slice seen = sc_slice_of(bytes, size * n);
  long status = 0;
  curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &status);
  if (!lane->call.is_streamed || status != 200) {
    sc_buf_reserve(&lane->body, seen.len + SC_BODY_PADDING);
    sc_buf_add_slice(&lane->body, seen);
    seen = sc_buf_view(&lane->body);
  }
  if (lane->call.data == NULL || status != 200 || lane->call.data(lane->call.arg, seen, &lane->err) == SC_OK)
    return size * n;
  return CURL_WRITEFUNC_ERROR;
}

static void init_lane(struct sc_client *client, struct lane *lane, const char *ca_file) {
  lane->client = client;
  lane->easy = curl_easy_init();
  SC_ASSERT(lane->easy != NULL);
  curl_easy_setopt(lane->easy, CURLOPT_URL, sc_buf_str(&client->url));
  curl_easy_setopt(lane->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(lane->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(lane->easy, CURLOPT_BUFFERSIZE, READ_BYTES);
  curl_easy_setopt(lane->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(lane->easy, CURLOPT_WRITEDATA, lane);
  curl_easy_setopt(lane->easy, CURLOPT_PRIVATE, lane);
  curl_easy_setopt(lane->easy, CURLOPT_PROXY, "");
  curl_easy_setopt(lane->easy, CURLOPT_CAPATH, NULL);
  if (ca_file != NULL) curl_easy_setopt(lane->easy, CURLOPT_CAINFO, ca_file);
}

struct sc_client *sc_client_new(const char *endpoint, const char *ca_file, uint32_t lanes, struct sc_error *err) {
  if (strncmp(endpoint, "http://", 7) != 0 && strncmp(endpoint, "https://", 8) != 0) {
    sc_error_set(err, SC_E_USAGE, "--endpoint is no http:// or https:// URL");
    return NULL;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct sc_client *client = sc_alloc_zero(1, sizeof(*client));
  client->multi = curl_multi_init();
  SC_ASSERT(client->multi != NULL);
  curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)lanes + 8);
  sc_buf_printf(&client->url, "%s/", endpoint);
  sc_clock_format_amz(sc_clock_wall_ms(), client->date);
  client->n_lanes = lanes;
  client->lanes = sc_alloc_zero(lanes, sizeof(*client->lanes));
  for (uint32_t i = 0; i < lanes; i++) init_lane(client, &client->lanes[i], ca_file);
  return client;
}

void sc_client_free(struct sc_client *client) {
  if (client == NULL) return;
  for (uint32_t i = 0; i < client->n_lanes; i++) {
    struct lane *lane = &client->lanes[i];
    curl_multi_remove_handle(client->multi, lane->easy);
    curl_easy_cleanup(lane->easy);
    curl_slist_free_all(lane->headers);
    sc_buf_fini(&lane->body);
  }
  curl_multi_cleanup(client->multi);
  sc_buf_fini(&client->url);
  free(client->lanes);
  free(client);
}

static void add_header(struct lane *lane, const char *name, const char *value) {
  char line[512];
  snprintf(line, sizeof(line), "%s: %s", name, value);
  lane->headers = curl_slist_append(lane->headers, line);
}

static void set_headers(struct lane *lane) {
  char text[256];
  curl_slist_free_all(lane->headers);
  lane->headers = NULL;
  snprintf(text, sizeof(text), "Kinesis_20131202.%s", lane->call.operation);
  add_header(lane, "X-Amz-Target", text);
  add_header(lane, "Content-Type", lane->call.is_cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1");
  add_header(lane, "X-Amz-Date", lane->client->date);
  snprintf(text, sizeof(text),
           "AWS4-HMAC-SHA256 Credential=bench/%.8s/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, "
           "Signature=%064d",
           lane->client->date, 0);
  add_header(lane, "Authorization", text);
  lane->headers = curl_slist_append(lane->headers, "Expect:");
  curl_easy_setopt(lane->easy, CURLOPT_HTTPHEADER, lane->headers);
}

void sc_client_start(struct sc_client *client, uint32_t i, const struct sc_client_call *call) {
  SC_ASSERT(i < client->n_lanes);
  struct lane *lane = &client->lanes[i];
  bool has_headers = lane->headers != NULL && lane->call.is_cbor == call->is_cbor &&
                     strcmp(lane->call.operation, call->operation) == 0;
  lane->call = *call;
  if (!has_headers) set_headers(lane);
  sc_buf_clear(&lane->body);
  sc_error_clear(&lane->err);
  curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
  curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDS, call->body.ptr);
  curl_multi_add_handle(client->multi, lane->easy);
  client->n_active++;
}

static void finish(struct lane *lane, CURLcode result) {
  long status = 0;
  curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(lane->client->multi, lane->easy);
  lane->client->n_active--;
  struct sc_error err = lane->err;
  if (result != CURLE_OK && err.code == SC_OK)
    sc_error_set(&err, SC_E_IO, "%s: %s", lane->call.operation, curl_easy_strerror(result));
  sc_buf_reserve(&lane->body, SC_BODY_PADDING);
  struct sc_client_reply reply = {(int)status, sc_buf_view(&lane->body)};
  lane->call.done(lane->call.arg, &reply, &err);
}

static bool is_late(const struct sc_client *client) {
  return client->stop_at_ms != 0 && sc_clock_mono_ms() >= client->stop_at_ms;
}

void sc_client_run(struct sc_client *client) {
  int running, waiting;
  while (client->n_active > 0 && !client->is_stopped && !is_late(client)) {
    curl_multi_perform(client->multi, &running);
    bool is_any_done = false;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &waiting)) != NULL;) {
      char *lane;
      if (message->msg != CURLMSG_DONE) continue;
      CURLcode result = message->data.result;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &lane);
      finish((struct lane *)(void *)lane, result);
      is_any_done = true;
    }
    if (!is_any_done && client->n_active > 0) curl_multi_poll(client->multi, NULL, 0, 100, NULL);
  }
}

void sc_client_stop(struct sc_client *client) { client->is_stopped = true; }
void sc_client_stop_at(struct sc_client *client, int64_t mono_ms) { client->stop_at_ms = mono_ms; }

/* ---- one call ---- */

struct asked {
  struct sc_buf *body;
  struct sc_error *err;
  const char *operation;
};

static void answered(void *arg, const struct sc_client_reply *reply, struct sc_error *err) {
  struct asked *asked = arg;
  sc_buf_add_slice(asked->body, reply->body);
  if (err->code != SC_OK) *asked->err = *err;
  else if (reply->status != 200)
    sc_error_set(asked->err, SC_E_PROTOCOL, "%s: status %d, %.*s", asked->operation, reply->status,
                 SC_SLICE_ARGS(reply->body));
}

int sc_client_ask(struct sc_client *client, const char *operation, struct sc_slice request, struct sc_buf *body,
                  struct sc_error *err) {
  struct asked asked = {body, err, operation};
  struct sc_client_call call = {.operation = operation, .body = request, .done = answered, .arg = &asked};
  sc_buf_clear(body);
  sc_error_clear(err);
  sc_client_start(client, 0, &call);
  sc_client_run(client);
  return err->code;
}
