/* HTTP over libcurl: one multi loop a thread for the data path, and a blocking call on such a loop for control.
 *
 * HTTP/1.1. TLS is always verified, against one store of authorities that is read once and shared by all
 * connections (libcurl's default on Debian reads its files again for each: 26 ms and 0.9 MiB). No redirects, no
 * Accept-Encoding, no Expect; proxies from the environment as libcurl does. Connecting takes at most 5 s; a transfer at
 * most its timeout, not counting time paused for want of credit. A peer that vanished is noticed by TCP_USER_TIMEOUT.
 *
 * The loop is epoll with curl_multi_socket_action, so that the kernel is asked about all transfers at once, and one
 * read of a socket brings several TLS records (SSL_CTX_set_read_ahead(3)).
 *
 * struct sc_http is shared and immutable. A loop belongs to one thread; none of its calls blocks but sc_http_poll and
 * sc_http_call. Easy handles and connections are pooled: libcurl allocates in the steady state, this module does not.
 */
#ifndef SC_NET_HTTP_HTTP_H
#define SC_NET_HTTP_HTTP_H

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/slice.h"
#include "engine/timings.h"

#define SC_HTTP_CONNECTIONS_MAX 64 /* a loop; without a cap a hiccup of the service collapses it */
#define SC_HTTP_HEADERS_MAX 12
#define SC_HTTP_CONNECT_TIMEOUT_MS 5000
#define SC_HTTP_CALL_TIMEOUT_MS 30000

struct sc_park;
struct sc_http;
struct sc_http_loop;
struct sc_http_transfer;

/* ca_bundle: a PEM file, NULL for SSL_CERT_FILE, else the system's. tls false: no authorities are read and https fails.
 * SC_E_CONFIG when the file can't be read or holds no certificate. Control thread, before the threads that use it. */
int sc_http_new(const char *ca_bundle, bool tls, struct sc_http **out, struct sc_error *err);
void sc_http_free(struct sc_http *http);

/* The libraries that do the work, for people: "libcurl/7.88.1 OpenSSL/3.0.9 ...". Static. */
const char *sc_http_libraries(void);

/* The part of a reply's head that somebody needs. */
struct sc_http_head {
  int status;             /* 0: none came */
  int64_t content_length; /* -1: unknown */
  int64_t date_ms;        /* Date in epoch ms; 0: none, or none that parses */
  int64_t retry_after_ms; /* x-amz-retry-after; -1: none */
  char error_type[128];   /* x-amzn-ErrorType as it stands; "": none */
};

/* Who gets the reply. Called inside sc_http_poll; done may start a transfer, else none may be started or
 * cancelled. */
struct sc_http_receiver {
  /* Body bytes in order; head is complete. SC_OK: taken. SC_AGAIN: nothing was taken, pause until resume says true.
   * Anything else ends the transfer with that error. */
  int (*data)(void *arg, const struct sc_http_head *head, struct sc_slice chunk, struct sc_error *err);
  /* A paused transfer asks before it goes on; called at the start of every poll. */
  bool (*resume)(void *arg);
  /* The transfer is over and forgotten. err->code 0: a whole reply came, whatever its status. err may be changed. */
  void (*done)(void *arg, const struct sc_http_head *head, struct sc_error *err);
};

/* All borrowed until done or cancel. */
struct sc_http_request {
  const char *method; /* NULL: POST. A GET has no body. */
  bool direct;        /* past any proxy: what is asked is this machine, or beside it */
  const char *url;
  const char *const *headers; /* "Name: value", NULL-terminated, at most SC_HTTP_HEADERS_MAX */
  struct sc_slice body;
  int64_t timeout_ms;
  const struct sc_http_receiver *receiver;
  void *arg;
};

/* park: the owner's, or NULL. most_active: transfers at a time the pool keeps handles for. */
int sc_http_loop_new(struct sc_http *http, struct sc_park *park, uint32_t most_active, struct sc_http_loop **out,
                     struct sc_error *err);
void sc_http_loop_free(struct sc_http_loop *loop); /* transfers under way are cancelled */

/* NULL and err when libcurl refuses. */
struct sc_http_transfer *sc_http_start(struct sc_http_loop *loop, const struct sc_http_request *request,
                                       struct sc_error *err);
void sc_http_cancel(struct sc_http_loop *loop, struct sc_http_transfer *transfer); /* done is not called */
/* Makes progress; when nothing is over, waits for sockets, the park's eventfd or timeout_ms, then makes progress again.
 * Prepares the park (park.h) before it looks for credit and finishes it at the end, so credit that comes back is not
 * missed. An owner that looks for work of other kinds before it calls this prepares the park first, for the same
 * reason. */
void sc_http_poll(struct sc_http_loop *loop, int timeout_ms);
/* From here on poll tells these timings when it sleeps and what for: blocked while a transfer is paused, else what
 * in_poll says. */
void sc_http_time(struct sc_http_loop *loop, struct sc_timings *timings);
/* From here on poll also returns when that descriptor can be read, or has ended; -1: none. */
void sc_http_watch(struct sc_http_loop *loop, int fd);
uint64_t sc_http_pauses(const struct sc_http_loop *loop); /* since the loop was made */

/* Blocks until the reply is there, at most request->timeout_ms, and gives up with SC_E_STOPPED once stopped() (looked
 * at every 100 ms). Ignores request->receiver. body is emptied first; over most_bytes it is SC_E_PROTOCOL. */
int sc_http_call(struct sc_http_loop *loop, const struct sc_http_request *request, size_t most_bytes,
                 bool (*stopped)(void), struct sc_http_head *head, struct sc_buf *body, struct sc_error *err);

#endif
