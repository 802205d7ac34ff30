#include "net/http/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "net/http/http_parts.h"

#define EVENTS_A_TURN 16
#define ALPN_MAX 16

struct sc_dialed {
  LIST_ENTRY(sc_dialed) link;
  struct sc_dialer *dialer;
  CURL *easy;
  const struct sc_dialed_owner *owner;
  void *arg;
  SSL *tls; /* libcurl's; NULL before the handshake, and without TLS */
  int fd;   /* once connected; -1 before */
  bool is_tls, wants_write;
  size_t alpn_len;
  unsigned char alpn[ALPN_MAX]; /* its length in the first byte, as OpenSSL wants it */
  char detail[CURL_ERROR_SIZE];
};

struct sc_dialer {
  struct sc_http *http;
  CURLM *multi;
  CURLSH *sessions;
  int epoll;
  int64_t timer_ms; /* when libcurl wants to be called whatever its sockets do */
  LIST_HEAD(, sc_dialed) connections;
};

/* What an event of the epoll descriptor is about: a socket that libcurl watches while it connects, or, once it is
 * connected, the connection itself. Pointers are even. */
static uint64_t tag_of_fd(int fd) { return (uint64_t)fd << 1 | 1; }
static uint64_t tag_of(struct sc_dialed *c) { return (uint64_t)(uintptr_t)c; }

/* ---- libcurl's sockets and timer ---- */

static int on_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *is_added) {
  struct sc_dialer *dialer = arg;
  (void)easy;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(dialer->epoll, EPOLL_CTL_DEL, fd, NULL); /* it may be closed already */
    curl_multi_assign(dialer->multi, fd, NULL);
    return 0;
  }
  struct epoll_event event = {.data.u64 = tag_of_fd(fd)};
  if (what & CURL_POLL_IN) event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  if (epoll_ctl(dialer->epoll, is_added != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event)) return -1;
  curl_multi_assign(dialer->multi, fd, dialer);
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg) {
  (void)multi;
  struct sc_dialer *dialer = arg;
  dialer->timer_ms = ms < 0 ? INT64_MAX : sc_clock_mono_ms() + ms;
  return 0;
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose) {
  (void)arg, (void)purpose;
  int most = SC_DIAL_WINDOW_BYTES;
  sc_http_set_socket(fd);
  setsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &most, sizeof(most));
  return CURL_SOCKOPT_OK;
}

static CURLcode on_ssl_ctx(CURL *easy, void *context, void *arg) {
  const struct sc_dialed *c = arg;
  (void)easy;
  sc_http_set_tls(context, c->dialer->http);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); /* many of these connections are quiet: 64 KiB less each */
  return SSL_CTX_set_alpn_protos(context, c->alpn, (unsigned)c->alpn_len) == 0 ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

/* The handshake is done. It is the only moment to ask: when the transfer is over, it has no connection that libcurl
 * would tell about. */
static int on_connected(void *arg, char *ip, char *local_ip, int port, int local_port) {
  struct sc_dialed *c = arg;
  const struct curl_tlssessioninfo *tls = NULL;
  (void)ip, (void)local_ip, (void)port, (void)local_port;
  curl_easy_getinfo(c->easy, CURLINFO_TLS_SSL_PTR, &tls);
  if (tls != NULL) c->tls = tls->internals;
  return CURL_PREREQFUNC_OK;
}

/* ---- the dialer ---- */

int sc_dialer_new(struct sc_http *http, struct sc_dialer **out, struct sc_error *err) {
  struct sc_dialer *dialer = sc_alloc_zero(1, sizeof(*dialer));
  *dialer = (struct sc_dialer){.http = http,
                               .multi = curl_multi_init(),
                               .sessions = curl_share_init(),
                               .epoll = epoll_create1(EPOLL_CLOEXEC),
                               .timer_ms = INT64_MAX};
  *out = dialer;
  if (dialer->multi == NULL || dialer->sessions == NULL || dialer->epoll < 0) {
    sc_dialer_free(dialer);
    *out = NULL;
    return sc_error_set(err, SC_E_INTERNAL, "no epoll descriptor or no libcurl handle to be had");
  }
  curl_share_setopt(dialer->sessions, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_multi_setopt(dialer->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  curl_multi_setopt(dialer->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
  curl_multi_setopt(dialer->multi, CURLMOPT_SOCKETDATA, dialer);
  curl_multi_setopt(dialer->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(dialer->multi, CURLMOPT_TIMERDATA, dialer);
  return SC_OK;
}

void sc_dialer_free(struct sc_dialer *dialer) {
  if (dialer == NULL) return;
  SC_ASSERT(LIST_EMPTY(&dialer->connections));
  curl_multi_cleanup(dialer->multi);
  curl_share_cleanup(dialer->sessions);
  if (dialer->epoll >= 0) close(dialer->epoll);
  free(dialer);
}

int sc_dialer_fd(const struct sc_dialer *dialer) { return dialer->epoll; }

int64_t sc_dialer_due_ms(const struct sc_dialer *dialer) { return dialer->timer_ms; }

/* ---- opening ---- */

static void set_options(struct sc_dialed *c, const char *url) {
  sc_http_set_network(c->easy, c->dialer->http);
  curl_easy_setopt(c->easy, CURLOPT_URL, url);
  curl_easy_setopt(c->easy, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(c->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  curl_easy_setopt(c->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
  curl_easy_setopt(c->easy, CURLOPT_SHARE, c->dialer->sessions);
  curl_easy_setopt(c->easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
  curl_easy_setopt(c->easy, CURLOPT_PREREQFUNCTION, on_connected);
  curl_easy_setopt(c->easy, CURLOPT_PREREQDATA, c);
  curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
  curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->detail);
  if (c->dialer->http->store == NULL) return;
  curl_easy_setopt(c->easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
  curl_easy_setopt(c->easy, CURLOPT_SSL_CTX_DATA, c);
}

struct sc_dialed *sc_dial(struct sc_dialer *dialer, const char *url, const char *alpn,
                          const struct sc_dialed_owner *owner, void *arg, struct sc_error *err) {
  size_t alpn_len = strlen(alpn);
  SC_ASSERT(alpn_len > 0 && alpn_len < ALPN_MAX);
  CURL *easy = curl_easy_init();
  if (easy == NULL) {
    sc_error_set(err, SC_E_NET, "libcurl has no handle to give");
    return NULL;
  }
  struct sc_dialed *c = sc_alloc_zero(1, sizeof(*c));
  *c = (struct sc_dialed){
      .dialer = dialer, .easy = easy, .owner = owner, .arg = arg, .fd = -1, .is_tls = strncmp(url, "https:", 6) == 0};
  c->alpn[0] = (unsigned char)alpn_len;
  memcpy(c->alpn + 1, alpn, alpn_len);
  c->alpn_len = alpn_len + 1;
  set_options(c, url);
  CURLMcode rc = curl_multi_add_handle(dialer->multi, easy);
  if (rc != CURLM_OK) {
    sc_error_set(err, SC_E_NET, "libcurl: %s", curl_multi_strerror(rc));
    curl_easy_cleanup(easy);
    free(c);
    return NULL;
  }
  LIST_INSERT_HEAD(&dialer->connections, c, link);
  return c;
}

void sc_dialed_close(struct sc_dialed *c) {
  if (c == NULL) return;
  if (c->fd >= 0) epoll_ctl(c->dialer->epoll, EPOLL_CTL_DEL, c->fd, NULL);
  curl_multi_remove_handle(c->dialer->multi, c->easy);
  curl_easy_cleanup(c->easy);
  LIST_REMOVE(c, link);
  free(c);
}

static int check_alpn(const struct sc_dialed *c, struct sc_error *err) {
  const unsigned char *chosen = NULL;
  unsigned len = 0;
  if (!c->is_tls) return SC_OK;
  if (c->tls != NULL) SSL_get0_alpn_selected(c->tls, &chosen, &len);
  if (chosen != NULL && len == c->alpn[0] && memcmp(chosen, c->alpn + 1, len) == 0) return SC_OK;
  sc_error_set(err, SC_E_NET, "the server does not speak %s", (const char *)c->alpn + 1);
  return sc_error_as(err, SC_CLASS_CONFIG);
}

/* From here on the socket is ours to watch: libcurl gave it up with the end of the transfer. */
static int watch(struct sc_dialed *c, struct sc_error *err) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag_of(c)};
  curl_socket_t fd = CURL_SOCKET_BAD;
  curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd);
  if (fd == CURL_SOCKET_BAD || epoll_ctl(c->dialer->epoll, EPOLL_CTL_ADD, fd, &event))
    return sc_error_set(err, SC_E_NET, "a connection that cannot be watched");
  c->fd = fd;
  return SC_OK;
}

static void report_opened(struct sc_dialer *dialer) {
  int left;
  for (CURLMsg *message; (message = curl_multi_info_read(dialer->multi, &left)) != NULL;) {
    struct sc_dialed *c = NULL;
    struct sc_error err;
    CURLcode rc = message->data.result;
    sc_error_clear(&err);
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &c);
    if (rc != CURLE_OK) sc_http_curl_error(rc, c->detail, &err);
    else if (check_alpn(c, &err) == SC_OK) watch(c, &err);
    c->owner->opened(c->arg, &err);
  }
}

/* ---- progress ---- */

static void act_on_socket(struct sc_dialer *dialer, const struct epoll_event *event) {
  int running, events = 0;
  if (event->events & EPOLLIN) events |= CURL_CSELECT_IN;
  if (event->events & EPOLLOUT) events |= CURL_CSELECT_OUT;
  if (event->events & (EPOLLERR | EPOLLHUP)) events |= CURL_CSELECT_IN | CURL_CSELECT_ERR;
  curl_multi_socket_action(dialer->multi, (curl_socket_t)(event->data.u64 >> 1), events, &running);
}

static void act_on_timer(struct sc_dialer *dialer) {
  int running;
  if (sc_clock_mono_ms() < dialer->timer_ms) return;
  dialer->timer_ms = INT64_MAX; /* libcurl sets it anew, if it wants to */
  curl_multi_socket_action(dialer->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

/* One that an owner closed meanwhile has events left among those that were fetched. */
static bool is_open(const struct sc_dialer *dialer, uint64_t tag) {
  struct sc_dialed *c;
  LIST_FOREACH(c, &dialer->connections, link)
  if (tag_of(c) == tag) return true;
  return false;
}

static void act_on(struct sc_dialer *dialer, const struct epoll_event *event, bool is_first) {
  if (event->data.u64 & 1) {
    act_on_socket(dialer, event);
  } else if (is_first || is_open(dialer, event->data.u64)) {
    struct sc_dialed *c = (struct sc_dialed *)(uintptr_t)event->data.u64;
    c->owner->ready(c->arg);
  }
}

void sc_dialer_act(struct sc_dialer *dialer) {
  struct epoll_event events[EVENTS_A_TURN];
  act_on_timer(dialer);
  int n = epoll_wait(dialer->epoll, events, EVENTS_A_TURN, 0);
  for (int i = 0; i < n; i++) act_on(dialer, &events[i], i == 0);
  act_on_timer(dialer);
  report_opened(dialer);
}

/* ---- reading and writing ---- */

static int outcome(struct sc_dialed *c, CURLcode rc, size_t n, struct sc_error *err) {
  if (rc == CURLE_AGAIN) return SC_AGAIN;
  if (rc == CURLE_OK && n > 0) return SC_OK;
  if (rc == CURLE_OK) return sc_error_set(err, SC_E_NET, "the server closed the connection");
  sc_http_curl_error(rc, c->detail, err);
  return err->code;
}

int sc_dialed_read(struct sc_dialed *c, void *bytes, size_t most, size_t *n, struct sc_error *err) {
  *n = 0;
  CURLcode rc = curl_easy_recv(c->easy, bytes, most, n);
  return outcome(c, rc, *n, err);
}

int sc_dialed_write(struct sc_dialed *c, const void *bytes, size_t len, size_t *n, struct sc_error *err) {
  *n = 0;
  CURLcode rc = curl_easy_send(c->easy, bytes, len, n);
  return outcome(c, rc, *n, err);
}

bool sc_dialed_is_resumed(const struct sc_dialed *c) { return c->tls != NULL && SSL_session_reused(c->tls); }

void sc_dialed_want_write(struct sc_dialed *c, bool wanted) {
  struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.u64 = tag_of(c)};
  if (c->wants_write == wanted || c->fd < 0) return;
  c->wants_write = wanted;
  epoll_ctl(c->dialer->epoll, EPOLL_CTL_MOD, c->fd, &event);
}
