#include "net/http/http.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/park.h"
#include "net/http/http_parts.h"

#define UNACKNOWLEDGED_MS 20000
#define RECEIVE_BYTES 65536L
#define READ_AHEAD_BYTES (4 * (16384 + 22) + 8) /* four whole TLS 1.3 records, and room to align them */
#define EVENTS_A_TURN 4                         /* few: a whole reply is handed over while it is in the caches */
#define ASKS_A_TURN 16                          /* TLS records of one transfer, before the next one's turn */
#define DATE_MAX INT64_C(253402300799)          /* seconds: the end of the year 9999 */

struct sc_http_transfer {
  LIST_ENTRY(sc_http_transfer) link; /* among the active or the free */
  struct sc_http_loop *loop;
  CURL *easy;
  const struct sc_http_receiver *receiver;
  void *arg;
  struct sc_http_head head;
  struct sc_error err;
  curl_socket_t fd; /* that libcurl watches for it; CURL_SOCKET_BAD: none */
  bool paused;
  int64_t deadline_ms, paused_at_ms, timeout_ms;
  struct curl_slist headers[SC_HTTP_HEADERS_MAX + 1];
  char detail[CURL_ERROR_SIZE];
};

LIST_HEAD(transfers, sc_http_transfer);

struct sc_http_loop {
  struct sc_http *http;
  struct sc_park *park;
  struct sc_timings *timings; /* the owner's, NULL: none */
  int watched;                /* a descriptor of the owner's, -1: none */
  bool watches_file;          /* it is a file, which can always be read and epoll does not take */
  int epoll;
  int64_t timer_ms; /* when libcurl wants to be called whatever its sockets do; INT64_MAX: never */
  CURLM *multi;
  struct transfers active, free;
  uint32_t n_free, most_free, n_paused;
  uint64_t pauses;
};

/* ---- what is shared ---- */

static void global_init(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

static const char *system_bundle(void) {
  const char *path = getenv("SSL_CERT_FILE");
  if (path != NULL && *path) return path;
  path = curl_version_info(CURLVERSION_NOW)->cainfo;
  return path != NULL ? path : X509_get_default_cert_file();
}

static int load_store(const char *ca_bundle, X509_STORE **out, struct sc_error *err) {
  const char *path = ca_bundle != NULL ? ca_bundle : system_bundle();
  *out = X509_STORE_new();
  SC_ASSERT(*out);
  if (X509_STORE_load_file(*out, path) && X509_STORE_set_flags(*out, X509_V_FLAG_PARTIAL_CHAIN)) return SC_OK;
  X509_STORE_free(*out);
  *out = NULL;
  return sc_error_fail(err, SC_E_CONFIG,
                       ca_bundle != NULL ? "--ca-bundle and AWS_CA_BUNDLE name a PEM file"
                                         : "install the package ca-certificates, or name a PEM file with --ca-bundle",
                       "no certificate authorities can be read from %s", path);
}

int sc_http_new(const char *ca_bundle, bool tls, struct sc_http **out, struct sc_error *err) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, global_init);
  X509_STORE *store = NULL;
  *out = NULL;
  int rc = tls ? load_store(ca_bundle, &store, err) : SC_OK;
  if (rc != SC_OK) return rc;
  *out = sc_alloc_zero(1, sizeof(**out));
  (*out)->store = store;
  return SC_OK;
}

const char *sc_http_libraries(void) { return curl_version(); }

void sc_http_free(struct sc_http *http) {
  if (http == NULL) return;
  X509_STORE_free(http->store);
  free(http);
}

/* ---- head ---- */

int64_t sc_http_parse_date(const char *text) {
  time_t seconds = curl_getdate(text, NULL);
  return seconds > 0 && seconds <= DATE_MAX ? (int64_t)seconds * 1000 : 0;
}

static const char *header(CURL *easy, const char *name) {
  struct curl_header *found;
  return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : NULL;
}

/* The head is complete when the first byte of the body comes, or when the transfer is over. */
static void read_head(struct sc_http_transfer *t) {
  struct sc_http_head *head = &t->head;
  long status = 0;
  curl_off_t length = -1;
  int64_t ms;
  if (head->status != 0) return;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  head->status = (int)status;
  head->content_length = length;
  const char *date = header(t->easy, "Date"), *after = header(t->easy, "x-amz-retry-after");
  const char *type = header(t->easy, "x-amzn-ErrorType");
  if (date != NULL) head->date_ms = sc_http_parse_date(date);
  if (after != NULL && sc_slice_to_i64(sc_slice_str(after), &ms) && ms >= 0) head->retry_after_ms = ms;
  if (type != NULL && strlen(type) < sizeof(head->error_type)) memcpy(head->error_type, type, strlen(type) + 1);
}

/* ---- libcurl's callbacks ---- */

static size_t on_data(char *ptr, size_t size, size_t n, void *arg) {
  struct sc_http_transfer *t = arg;
  read_head(t);
  int rc = t->receiver->data(t->arg, &t->head, sc_slice_of(ptr, size * n), &t->err);
  if (rc == SC_OK) return size * n;
  if (rc != SC_AGAIN) return size * n + 1;
  t->paused = true;
  t->paused_at_ms = sc_clock_mono_ms();
  t->loop->n_paused++;
  t->loop->pauses++;
  return CURL_WRITEFUNC_PAUSE;
}

void sc_http_set_socket(curl_socket_t fd) {
  int ms = UNACKNOWLEDGED_MS;
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose) {
  (void)arg, (void)purpose;
  sc_http_set_socket(fd);
  return CURL_SOCKOPT_OK;
}

void sc_http_set_tls(SSL_CTX *context, const struct sc_http *http) {
  SSL_CTX_set1_cert_store(context, http->store);
  /* One read of the socket for several TLS records, instead of two for each; the buffer is kept between them. */
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD_BYTES);
  SSL_CTX_clear_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *arg) {
  (void)easy;
  sc_http_set_tls(ssl_ctx, arg);
  return CURLE_OK;
}

/* ---- transfers ---- */

void sc_http_set_network(CURL *easy, const struct sc_http *http) {
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
  if (http->store == NULL) return;
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
  curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, http);
}

static struct sc_http_transfer *new_transfer(struct sc_http_loop *loop) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) return NULL;
  struct sc_http_transfer *t = sc_alloc_zero(1, sizeof(*t));
  t->loop = loop;
  t->easy = easy;
  t->fd = CURL_SOCKET_BAD;
  sc_http_set_network(easy, loop->http);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->detail);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
  return t;
}

static void free_transfer(struct sc_http_transfer *t) {
  curl_easy_cleanup(t->easy);
  free(t);
}

static struct sc_http_transfer *take_transfer(struct sc_http_loop *loop) {
  struct sc_http_transfer *t = LIST_FIRST(&loop->free);
  if (t == NULL) return new_transfer(loop);
  LIST_REMOVE(t, link);
  loop->n_free--;
  return t;
}

static void give_transfer(struct sc_http_transfer *t) {
  struct sc_http_loop *loop = t->loop;
  if (loop->n_free >= loop->most_free) {
    free_transfer(t);
    return;
  }
  LIST_INSERT_HEAD(&loop->free, t, link);
  loop->n_free++;
}

/* Takes the transfer out of the loop; its easy handle is free for the next use. */
static void end_transfer(struct sc_http_transfer *t) {
  SC_ASSERT(!t->paused || t->loop->n_paused > 0);
  LIST_REMOVE(t, link);
  t->loop->n_paused -= t->paused;
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
  bool is_get = request->method != NULL && strcmp(request->method, "GET") == 0;
  curl_easy_setopt(t->easy, CURLOPT_URL, request->url);
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
  curl_easy_setopt(t->easy, CURLOPT_NOPROXY, request->direct ? "*" : NULL);
  curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, is_get ? NULL : request->method);
  if (is_get) {
    curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
    return;
  }
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, request->body.len ? request->body.ptr : "");
  curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
}

struct sc_http_transfer *sc_http_start(struct sc_http_loop *loop, const struct sc_http_request *request,
                                       struct sc_error *err) {
  SC_ASSERT(request->receiver != NULL && request->timeout_ms > 0);
  struct sc_http_transfer *t = take_transfer(loop);
  if (t == NULL) {
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
  LIST_INSERT_HEAD(&loop->active, t, link);
  return t;
}

void sc_http_cancel(struct sc_http_loop *loop, struct sc_http_transfer *transfer) {
  SC_ASSERT(transfer->loop == loop);
  end_transfer(transfer);
  give_transfer(transfer);
}

/* ---- the end of a transfer ---- */

static bool is_settings_fault(CURLcode rc) {
  return rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CERTPROBLEM || rc == CURLE_SSL_CACERT_BADFILE ||
         rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_URL_MALFORMAT;
}

void sc_http_curl_error(CURLcode rc, const char *detail, struct sc_error *err) {
  sc_error_set(err, SC_E_NET, "%s", detail[0] ? detail : curl_easy_strerror(rc));
  err->curl_code = (int)rc;
  if (!is_settings_fault(rc)) return;
  sc_error_as(err, SC_CLASS_CONFIG);
  if (rc == CURLE_PEER_FAILED_VERIFICATION)
    sc_error_hint(err, "name the PEM file of the authority to trust with --ca-bundle or AWS_CA_BUNDLE");
}

/* A transfer that failed counts as overdue, so the next look at deadlines ends it. */
static void fail(struct sc_http_transfer *t, CURLcode rc) {
  if (t->err.code == SC_OK) sc_http_curl_error(rc, t->detail, &t->err);
  t->deadline_ms = 0;
}

static void finish(struct sc_http_transfer *t) {
  read_head(t);
  end_transfer(t);
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
    if (rc != CURLE_OK && t->err.code == SC_OK) sc_http_curl_error(rc, t->detail, &t->err);
    finish(t);
  }
  return n;
}

static unsigned end_overdue(struct sc_http_loop *loop) {
  unsigned n = 0;
  int64_t now_ms = sc_clock_mono_ms();
  for (struct sc_http_transfer *t = LIST_FIRST(&loop->active), *next; t != NULL; t = next) {
    next = LIST_NEXT(t, link); /* finish may start transfers, which go to the front */
    if (t->paused || now_ms < t->deadline_ms) continue;
    if (t->err.code == SC_OK)
      sc_error_set(&t->err, SC_E_NET, "no complete reply within %lld ms", (long long)t->timeout_ms);
    finish(t);
    n++;
  }
  return n;
}

/* ---- libcurl's sockets and timer (curl_multi_socket_action(3)) ---- */

static int on_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *is_added) {
  struct sc_http_loop *loop = arg;
  struct sc_http_transfer *t = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL); /* it may be closed already */
    curl_multi_assign(loop->multi, fd, NULL);
    if (t != NULL && t->fd == fd) t->fd = CURL_SOCKET_BAD;
    return 0;
  }
  struct epoll_event event = {.data.fd = fd};
  if (what & CURL_POLL_IN) event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  if (epoll_ctl(loop->epoll, is_added != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event)) return -1;
  curl_multi_assign(loop->multi, fd, loop);
  if (t != NULL) t->fd = fd;
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg) {
  (void)multi;
  struct sc_http_loop *loop = arg;
  loop->timer_ms = ms < 0 ? INT64_MAX : sc_clock_mono_ms() + ms;
  return 0;
}

static void act(struct sc_http_loop *loop, curl_socket_t fd, int events) {
  int running;
  curl_multi_socket_action(loop->multi, fd, events, &running);
}

static void act_on_timer(struct sc_http_loop *loop) {
  if (sc_clock_mono_ms() < loop->timer_ms) return;
  loop->timer_ms = INT64_MAX; /* libcurl sets it anew, if it wants to */
  act(loop, CURL_SOCKET_TIMEOUT, 0);
}

/* OpenSSL gave all that libcurl asked for last, so it may hold more decrypted bytes. */
static bool may_hold_bytes(const struct sc_http_transfer *t) {
  const struct curl_tlssessioninfo *tls = NULL;
  if (t->paused || t->fd == CURL_SOCKET_BAD) return false;
  curl_easy_getinfo(t->easy, CURLINFO_TLS_SSL_PTR, &tls);
  return tls != NULL && tls->internals != NULL && SSL_want_nothing((SSL *)tls->internals);
}

/* Bytes that OpenSSL has read ahead do not make their socket readable, so epoll does not report them. libcurl takes one
 * TLS record each time it is asked. So every transfer whose OpenSSL may hold bytes is asked in every turn. True when
 * there was such a transfer. */
static bool drain_tls(struct sc_http_loop *loop) {
  bool any = false;
  const struct sc_http_transfer *t;
  LIST_FOREACH(t, &loop->active, link) {
    for (int asks = 0; asks < ASKS_A_TURN && may_hold_bytes(t); asks++) {
      act(loop, t->fd, CURL_CSELECT_IN);
      any = true;
    }
  }
  return any;
}

static void act_on(struct sc_http_loop *loop, const struct epoll_event *event) {
  int fd = event->data.fd, events = 0;
  if (fd == loop->watched || (loop->park != NULL && fd == sc_park_fd(loop->park))) return;
  if (event->events & EPOLLIN) events |= CURL_CSELECT_IN;
  if (event->events & EPOLLOUT) events |= CURL_CSELECT_OUT;
  if (event->events & (EPOLLERR | EPOLLHUP)) events |= CURL_CSELECT_IN | CURL_CSELECT_ERR;
  act(loop, fd, events);
}

/* ---- the loop ---- */

static int wait_on(struct sc_http_loop *loop, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void set_multi_options(struct sc_http_loop *loop) {
  long connections = loop->most_free > SC_HTTP_CONNECTIONS_MAX ? (long)loop->most_free : SC_HTTP_CONNECTIONS_MAX;
  curl_multi_setopt(loop->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
  curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, connections);
  curl_multi_setopt(loop->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
  curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
  curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
}

int sc_http_loop_new(struct sc_http *http, struct sc_park *park, uint32_t most_active, struct sc_http_loop **out,
                     struct sc_error *err) {
  struct sc_http_loop *loop = sc_alloc_zero(1, sizeof(*loop));
  *loop = (struct sc_http_loop){.http = http,
                                .park = park,
                                .watched = -1,
                                .epoll = epoll_create1(EPOLL_CLOEXEC),
                                .timer_ms = INT64_MAX,
                                .multi = curl_multi_init(),
                                .most_free = most_active};
  *out = loop;
  if (loop->multi != NULL && loop->epoll >= 0 && (park == NULL || wait_on(loop, sc_park_fd(park)) == 0)) {
    set_multi_options(loop);
    return SC_OK;
  }
  sc_http_loop_free(loop);
  *out = NULL;
  return sc_error_set(err, SC_E_INTERNAL, "no epoll descriptor or no libcurl handle to be had");
}

void sc_http_loop_free(struct sc_http_loop *loop) {
  struct sc_http_transfer *t;
  if (loop == NULL) return;
  /* A handle must leave its multi handle before either is freed (curl_multi_cleanup(3)). */
  while ((t = LIST_FIRST(&loop->active)) != NULL) {
    end_transfer(t);
    free_transfer(t);
  }
  while ((t = LIST_FIRST(&loop->free)) != NULL) {
    LIST_REMOVE(t, link);
    free_transfer(t);
  }
  curl_multi_cleanup(loop->multi);
  if (loop->epoll >= 0) close(loop->epoll);
  free(loop);
}

/* curl_easy_pause gives the receiver at once what libcurl kept. When the receiver refuses it, libcurl reports that as
 * the result of the call alone and does not end the transfer, so we do. */
static void resume_paused(struct sc_http_loop *loop) {
  struct sc_http_transfer *t;
  if (loop->n_paused == 0) return;
  int64_t now_ms = sc_clock_mono_ms();
  LIST_FOREACH(t, &loop->active, link) {
    if (!t->paused || !t->receiver->resume(t->arg)) continue;
    t->paused = false;
    loop->n_paused--;
    t->deadline_ms += now_ms - t->paused_at_ms;
    CURLcode rc = curl_easy_pause(t->easy, CURLPAUSE_CONT);
    if (rc == CURLE_OK) act(loop, t->fd, CURL_CSELECT_IN);
    else fail(t, rc);
  }
}

static int until_next(const struct sc_http_loop *loop, int timeout_ms) {
  if (loop->watches_file) return 0;
  int64_t now_ms = sc_clock_mono_ms(), next_ms = loop->timer_ms;
  const struct sc_http_transfer *t;
  LIST_FOREACH(t, &loop->active, link)
  if (!t->paused && t->deadline_ms < next_ms) next_ms = t->deadline_ms;
  if (next_ms <= now_ms) return 0;
  return next_ms - now_ms < timeout_ms ? (int)(next_ms - now_ms) : timeout_ms;
}

static int wait_for_events(struct sc_http_loop *loop, struct epoll_event *events, int timeout_ms) {
  timeout_ms = drain_tls(loop) ? 0 : until_next(loop, timeout_ms);
  if (timeout_ms == 0) return epoll_wait(loop->epoll, events, EVENTS_A_TURN, 0);
  if (loop->timings != NULL) sc_timings_sleep(loop->timings);
  int n = epoll_wait(loop->epoll, events, EVENTS_A_TURN, timeout_ms);
  if (loop->timings != NULL)
    sc_timings_wake(loop->timings, loop->n_paused > 0 ? SC_TIME_BLOCKED : loop->timings->in_poll);
  return n;
}

/* Whether credit is there is asked after the park is prepared: credit that comes back later wakes the wait. Finished
 * transfers are collected before the wait, so that the owner can start others at once, and behind it. */
void sc_http_poll(struct sc_http_loop *loop, int timeout_ms) {
  struct epoll_event events[EVENTS_A_TURN];
  if (loop->park != NULL) sc_park_prepare(loop->park);
  resume_paused(loop);
  act_on_timer(loop);
  unsigned over = collect_finished(loop) + end_overdue(loop);
  int n = wait_for_events(loop, events, over > 0 ? 0 : timeout_ms);
  for (int i = 0; i < n; i++) act_on(loop, &events[i]);
  act_on_timer(loop);
  collect_finished(loop);
  end_overdue(loop);
  if (loop->park != NULL) sc_park_finish(loop->park);
}

void sc_http_time(struct sc_http_loop *loop, struct sc_timings *timings) { loop->timings = timings; }

void sc_http_watch(struct sc_http_loop *loop, int fd) {
  if (fd == loop->watched) return;
  if (loop->watched >= 0) epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->watched, NULL);
  loop->watched = fd;
  loop->watches_file = fd >= 0 && wait_on(loop, fd) != 0;
}

uint64_t sc_http_pauses(const struct sc_http_loop *loop) { return loop->pauses; }
