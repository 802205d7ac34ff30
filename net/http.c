#include "net/http.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "engine/base/clock.h"
#include "engine/base/park.h"

#define UNACKNOWLEDGED_MS 20000
#define RECEIVE_BYTES 65536L
#define STOP_LOOK_MS 100

struct sc_http {
  X509_STORE *store; /* NULL without TLS */
};

struct sc_http_transfer {
  struct sc_http_transfer *next, *prev; /* among the active; next alone among the free */
  struct sc_http_loop *loop;
  CURL *easy;
  const struct sc_http_receiver *receiver;
  void *arg;
  struct sc_http_head head;
  struct sc_error err;
  bool paused;
  int64_t deadline_ms, paused_at_ms, timeout_ms;
  struct curl_slist headers[SC_HTTP_HEADERS_MAX + 1];
  char detail[CURL_ERROR_SIZE];
};

struct sc_http_loop {
  struct sc_http *http;
  struct sc_park *park;
  struct sc_timings *timings; /* the owner's, NULL: none */
  int watched;                /* a descriptor of the owner's, -1: none */
  CURLM *multi;
  struct sc_http_transfer *active, *free;
  uint32_t n_free, most_free, n_paused;
  uint64_t pauses;
};

/* ---- what is shared ---- */

static void global_init(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

static const char *system_bundle(void) {
  const char *path = getenv("SSL_CERT_FILE");
  if (path && *path) return path;
  path = curl_version_info(CURLVERSION_NOW)->cainfo;
  return path ? path : X509_get_default_cert_file();
}

static int load_store(const char *ca_bundle, X509_STORE **out, struct sc_error *err) {
  const char *path = ca_bundle ? ca_bundle : system_bundle();
  *out = X509_STORE_new();
  SC_ASSERT(*out);
  if (X509_STORE_load_file(*out, path) && X509_STORE_set_flags(*out, X509_V_FLAG_PARTIAL_CHAIN)) return SC_OK;
  X509_STORE_free(*out);
  *out = NULL;
  sc_error_set(err, SC_E_CONFIG, "no certificate authorities can be read from %s", path);
  sc_error_hint(err, ca_bundle ? "--ca-bundle and AWS_CA_BUNDLE name a PEM file"
                               : "install the package ca-certificates, or name a PEM file with --ca-bundle");
  return err->code;
}

int sc_http_new(const char *ca_bundle, bool tls, struct sc_http **out, struct sc_error *err) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, global_init);
  X509_STORE *store = NULL;
  *out = NULL;
  int rc = tls ? load_store(ca_bundle, &store, err) : SC_OK;
  if (rc) return rc;
  *out = sc_alloc_zero(1, sizeof(**out));
  (*out)->store = store;
  return SC_OK;
}

void sc_http_free(struct sc_http *http) {
  if (!http) return;
  X509_STORE_free(http->store);
  free(http);
}

/* ---- head ---- */

static bool header_is(struct sc_slice line, const char *name, struct sc_slice *value) {
  size_t n = strlen(name);
  if (line.len <= n || line.ptr[n] != ':' || strncasecmp(line.ptr, name, n) != 0) return false;
  *value = sc_slice_of(line.ptr + n + 1, line.len - n - 1);
  while (value->len && strchr(" \t", value->ptr[0])) value->ptr++, value->len--;
  while (value->len && strchr(" \t\r\n", value->ptr[value->len - 1])) value->len--;
  return true;
}

static void status_line(struct sc_http_head *head, struct sc_slice line) {
  *head = (struct sc_http_head){.content_length = -1, .retry_after_ms = -1};
  const char *space = memchr(line.ptr, ' ', line.len);
  uint64_t status;
  if (space && line.ptr + line.len - space > 3 && sc_slice_to_u64(sc_slice_of(space + 1, 3), &status))
    head->status = (int)status;
}

static void header_line(struct sc_http_head *head, struct sc_slice line) {
  struct sc_slice value;
  int64_t n;
  if (sc_slice_starts(line, "HTTP/")) status_line(head, line);
  else if (header_is(line, "content-length", &value) && sc_slice_to_i64(value, &n) && n >= 0) head->content_length = n;
  else if (header_is(line, "date", &value) && sc_clock_parse_http_date(value, &n)) head->date_ms = n;
  else if (header_is(line, "x-amz-retry-after", &value) && sc_slice_to_i64(value, &n) && n >= 0)
    head->retry_after_ms = n;
  else if (header_is(line, "x-amzn-errortype", &value) && value.len < sizeof(head->error_type)) {
    memcpy(head->error_type, value.ptr, value.len);
    head->error_type[value.len] = '\0';
  }
}

/* ---- libcurl's callbacks ---- */

static size_t on_header(char *ptr, size_t size, size_t n, void *arg) {
  struct sc_http_transfer *t = arg;
  header_line(&t->head, sc_slice_of(ptr, size * n));
  return size * n;
}

static size_t on_data(char *ptr, size_t size, size_t n, void *arg) {
  struct sc_http_transfer *t = arg;
  int rc = t->receiver->data(t->arg, &t->head, sc_slice_of(ptr, size * n), &t->err);
  if (rc == SC_OK) return size * n;
  if (rc != SC_AGAIN) return size * n + 1;
  t->paused = true;
  t->paused_at_ms = sc_clock_mono_ms();
  t->loop->n_paused++;
  t->loop->pauses++;
  return CURL_WRITEFUNC_PAUSE;
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose) {
  (void)arg, (void)purpose;
  int ms = UNACKNOWLEDGED_MS;
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
  return CURL_SOCKOPT_OK;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *arg) {
  (void)easy;
  const struct sc_http *http = arg;
  SSL_CTX_set1_cert_store(ssl_ctx, http->store);
  return CURLE_OK;
}

/* ---- transfers ---- */

static void set_network_options(CURL *easy, const struct sc_http *http) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, http->store ? "http,https" : "http");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)SC_HTTP_CONNECT_TIMEOUT_MS);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 10L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "shardcopy/" SC_VERSION);
  if (!http->store) return;
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
  curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, http);
}

static struct sc_http_transfer *new_transfer(struct sc_http_loop *loop) {
  CURL *easy = curl_easy_init();
  if (!easy) return NULL;
  struct sc_http_transfer *t = sc_alloc_zero(1, sizeof(*t));
  t->loop = loop;
  t->easy = easy;
  set_network_options(easy, loop->http);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->detail);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
  return t;
}

static void free_transfer(struct sc_http_transfer *t) {
  curl_easy_cleanup(t->easy);
  free(t);
}

static struct sc_http_transfer *take_transfer(struct sc_http_loop *loop) {
  struct sc_http_transfer *t = loop->free;
  if (!t) return new_transfer(loop);
  loop->free = t->next;
  loop->n_free--;
  return t;
}

static void give_transfer(struct sc_http_transfer *t) {
  struct sc_http_loop *loop = t->loop;
  if (loop->n_free >= loop->most_free) {
    free_transfer(t);
    return;
  }
  t->next = loop->free;
  loop->free = t;
  loop->n_free++;
}

static void link_active(struct sc_http_transfer *t) {
  t->prev = NULL;
  t->next = t->loop->active;
  if (t->next) t->next->prev = t;
  t->loop->active = t;
}

/* Takes it out of the loop; the easy handle is free for the next use. */
static void unlink_active(struct sc_http_transfer *t) {
  if (t->prev) t->prev->next = t->next;
  else t->loop->active = t->next;
  if (t->next) t->next->prev = t->prev;
  if (t->paused) t->loop->n_paused--;
  t->paused = false;
  curl_multi_remove_handle(t->loop->multi, t->easy);
}

static void set_request(struct sc_http_transfer *t, const struct sc_http_request *request) {
  static char no_expect[] = "Expect:";
  size_t n = 0;
  t->headers[n++] = (struct curl_slist){no_expect, NULL};
  for (const char *const *h = request->headers; *h; h++) {
    SC_ASSERT(n <= SC_HTTP_HEADERS_MAX);
    t->headers[n] = (struct curl_slist){(char *)*h, NULL};
    t->headers[n - 1].next = &t->headers[n];
    n++;
  }
  curl_easy_setopt(t->easy, CURLOPT_URL, request->url);
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, request->body.len ? request->body.ptr : "");
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
}

struct sc_http_transfer *sc_http_start(struct sc_http_loop *loop, const struct sc_http_request *request,
                                       struct sc_error *err) {
  struct sc_http_transfer *t = take_transfer(loop);
  if (!t) {
    sc_error_set(err, SC_E_NET, "libcurl has no handle to give");
    return NULL;
  }
  t->receiver = request->receiver;
  t->arg = request->arg;
  t->head = (struct sc_http_head){.content_length = -1, .retry_after_ms = -1};
  t->detail[0] = '\0';
  sc_error_clear(&t->err);
  t->timeout_ms = request->timeout_ms;
  t->deadline_ms = sc_clock_mono_ms() + request->timeout_ms;
  set_request(t, request);
  CURLMcode rc = curl_multi_add_handle(loop->multi, t->easy);
  if (rc != CURLM_OK) {
    sc_error_set(err, SC_E_NET, "libcurl: %s", curl_multi_strerror(rc));
    give_transfer(t);
    return NULL;
  }
  link_active(t);
  return t;
}

void sc_http_cancel(struct sc_http_loop *loop, struct sc_http_transfer *transfer) {
  SC_ASSERT(transfer->loop == loop);
  unlink_active(transfer);
  give_transfer(transfer);
}

/* ---- the end of a transfer ---- */

static bool is_settings_fault(CURLcode rc) {
  return rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CERTPROBLEM || rc == CURLE_SSL_CACERT_BADFILE ||
         rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_URL_MALFORMAT;
}

static void curl_error(struct sc_http_transfer *t, CURLcode rc) {
  sc_error_set(&t->err, SC_E_NET, "%s", t->detail[0] ? t->detail : curl_easy_strerror(rc));
  t->err.curl_code = (int)rc;
  if (!is_settings_fault(rc)) return;
  t->err.class = SC_CLASS_CONFIG;
  if (rc == CURLE_PEER_FAILED_VERIFICATION)
    sc_error_hint(&t->err, "name the PEM file of the authority to trust with --ca-bundle or AWS_CA_BUNDLE");
}

static void finish(struct sc_http_transfer *t) {
  unlink_active(t);
  t->err.http_status = t->head.status;
  t->receiver->done(t->arg, &t->head, &t->err);
  give_transfer(t);
}

static unsigned collect_finished(struct sc_http_loop *loop) {
  unsigned n = 0;
  int left;
  for (CURLMsg *message; (message = curl_multi_info_read(loop->multi, &left)); n++) {
    struct sc_http_transfer *t = NULL;
    CURLcode rc = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
    if (rc != CURLE_OK && t->err.code == SC_OK) curl_error(t, rc);
    finish(t);
  }
  return n;
}

static unsigned end_overdue(struct sc_http_loop *loop) {
  unsigned n = 0;
  int64_t now_ms = sc_clock_mono_ms();
  for (struct sc_http_transfer *t = loop->active, *next; t; t = next) {
    next = t->next;
    if (t->paused || now_ms < t->deadline_ms) continue;
    sc_error_set(&t->err, SC_E_NET, "no complete reply within %lld ms", (long long)t->timeout_ms);
    finish(t);
    n++;
  }
  return n;
}

/* ---- the loop ---- */

int sc_http_loop_new(struct sc_http *http, struct sc_park *park, uint32_t most_active, struct sc_http_loop **out,
                     struct sc_error *err) {
  CURLM *multi = curl_multi_init();
  *out = NULL;
  if (!multi) return sc_error_set(err, SC_E_INTERNAL, "libcurl has no multi handle to give");
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)SC_HTTP_CONNECTIONS_MAX);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)SC_HTTP_CONNECTIONS_MAX);
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  struct sc_http_loop *loop = sc_alloc_zero(1, sizeof(*loop));
  *loop = (struct sc_http_loop){.http = http, .park = park, .watched = -1, .multi = multi, .most_free = most_active};
  *out = loop;
  return SC_OK;
}

void sc_http_loop_free(struct sc_http_loop *loop) {
  if (!loop) return;
  for (struct sc_http_transfer *t = loop->active, *next; t; t = next) {
    next = t->next;
    curl_multi_remove_handle(loop->multi, t->easy);
    free_transfer(t);
  }
  for (struct sc_http_transfer *t = loop->free, *next; t; t = next) {
    next = t->next;
    free_transfer(t);
  }
  curl_multi_cleanup(loop->multi);
  free(loop);
}

static void resume_paused(struct sc_http_loop *loop) {
  if (loop->n_paused == 0) return;
  int64_t now_ms = sc_clock_mono_ms();
  for (struct sc_http_transfer *t = loop->active; t; t = t->next) {
    if (!t->paused || !t->receiver->resume(t->arg)) continue;
    t->paused = false;
    loop->n_paused--;
    t->deadline_ms += now_ms - t->paused_at_ms;
    curl_easy_pause(t->easy, CURLPAUSE_CONT);
  }
}

static unsigned progress(struct sc_http_loop *loop) {
  int running;
  resume_paused(loop);
  curl_multi_perform(loop->multi, &running);
  return collect_finished(loop) + end_overdue(loop);
}

static int until_deadline(const struct sc_http_loop *loop, int timeout_ms) {
  int64_t now_ms = sc_clock_mono_ms();
  for (const struct sc_http_transfer *t = loop->active; t; t = t->next) {
    int64_t left_ms = t->deadline_ms > now_ms ? t->deadline_ms - now_ms : 0;
    if (!t->paused && left_ms < timeout_ms) timeout_ms = (int)left_ms;
  }
  return timeout_ms;
}

static void wait_for_sockets(struct sc_http_loop *loop, int timeout_ms) {
  struct curl_waitfd also[2];
  unsigned n = 0;
  if (loop->park) also[n++] = (struct curl_waitfd){.fd = sc_park_fd(loop->park), .events = CURL_WAIT_POLLIN};
  if (loop->watched >= 0) also[n++] = (struct curl_waitfd){.fd = loop->watched, .events = CURL_WAIT_POLLIN};
  int left_ms = until_deadline(loop, timeout_ms);
  if (loop->timings) sc_timings_sleep(loop->timings);
  curl_multi_poll(loop->multi, also, n, left_ms, NULL);
  if (loop->timings) sc_timings_wake(loop->timings, loop->n_paused > 0 ? SC_TIME_BLOCKED : loop->timings->in_poll);
}

void sc_http_poll(struct sc_http_loop *loop, int timeout_ms) {
  if (loop->park) sc_park_prepare(loop->park);
  if (progress(loop) == 0 && timeout_ms > 0) {
    wait_for_sockets(loop, timeout_ms);
    progress(loop);
  }
  if (loop->park) sc_park_finish(loop->park);
}

void sc_http_time(struct sc_http_loop *loop, struct sc_timings *timings) { loop->timings = timings; }

void sc_http_watch(struct sc_http_loop *loop, int fd) { loop->watched = fd; }

uint64_t sc_http_pauses(const struct sc_http_loop *loop) { return loop->pauses; }

/* ---- the blocking call ---- */

struct call {
  struct sc_buf *body;
  size_t most_bytes;
  struct sc_http_head *head;
  struct sc_error *err;
  bool over;
};

static int call_data(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err) {
  (void)head;
  struct call *call = arg;
  if (chunk.len > call->most_bytes - call->body->len)
    return sc_error_set(err, SC_E_PROTOCOL, "a reply of more than %zu bytes", call->most_bytes);
  sc_buf_add_slice(call->body, chunk);
  return SC_OK;
}

static bool call_resume(void *arg) {
  (void)arg;
  return true;
}

static void call_done(void *arg, const struct sc_http_head *head, struct sc_error *err) {
  struct call *call = arg;
  *call->head = *head;
  *call->err = *err;
  call->over = true;
}

int sc_http_call(struct sc_http_loop *loop, const struct sc_http_request *request, size_t most_bytes,
                 bool (*stopped)(void), struct sc_http_head *head, struct sc_buf *body, struct sc_error *err) {
  static const struct sc_http_receiver receiver = {call_data, call_resume, call_done};
  struct call call = {.body = body, .most_bytes = most_bytes, .head = head, .err = err};
  struct sc_http_request mine = *request;
  mine.receiver = &receiver;
  mine.arg = &call;
  sc_buf_clear(body);
  struct sc_http_transfer *t = sc_http_start(loop, &mine, err);
  if (!t) return err->code;
  while (!call.over) {
    if (stopped()) {
      sc_http_cancel(loop, t);
      return sc_error_set(err, SC_E_STOPPED, "interrupted while waiting for %s", request->url);
    }
    sc_http_poll(loop, STOP_LOOK_MS);
  }
  return err->code;
}
