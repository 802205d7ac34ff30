/* A scripted HTTP peer behind TLS 1.3 on a free loopback port, one thread, one connection after the other: each
 * complete request gets the next answer of the script. An answer says what is in each TLS record; all of them are sent
 * at once but for those held, then the peer is silent. */
#ifndef SC_TESTS_UNIT_NET_HTTP_TLS_PEER_H
#define SC_TESTS_UNIT_NET_HTTP_TLS_PEER_H

#include <openssl/ssl.h>
#include <semaphore.h>

#include "bench/local/http/certs.h"
#include "tests/unit/net/http/peer.h"

#define TLS_PEER_RECORDS 8
#define TLS_PEER_RECORD_BYTES 16384

struct tls_answer {
  const char *records[TLS_PEER_RECORDS]; /* NULL behind the last */
  size_t filling;                        /* and behind them so many bytes of tls_peer_filling, in full records */
  bool ticket;                           /* and before them a session ticket, which is no data */
  size_t held;                           /* so many bytes at the end wait for tls_peer_go_on */
  bool endless;                          /* then records of a byte, many at a time, until the other side is gone */
  bool closes;
};

struct tls_peer {
  const struct tls_answer *script;
  size_t n_script;
  int listener;
  char folder[40], url[64];
  struct scl_certs certs; /* certs.ca is whom to trust */
  SSL_CTX *context;
  _Atomic int connections;
  sem_t goes_on;
  pthread_t thread;
};

static inline char tls_peer_filling(size_t i) { return (char)('a' + i % 23); }

/* Each SSL_write makes a record, in memory. */
static inline void tls_peer_write(SSL *ssl, const char *bytes, size_t len) {
  if (SSL_write(ssl, bytes, (int)len) != (int)len) abort();
}

/* What was written; the last bytes of it only when they may. False when the other side is gone. */
static inline bool tls_peer_send(struct tls_peer *p, SSL *ssl, int fd, size_t held) {
  char *bytes;
  size_t len = (size_t)BIO_get_mem_data(SSL_get_wbio(ssl), &bytes);
  bool is_there = peer_send(fd, bytes, len - held);
  if (held > 0) sem_wait(&p->goes_on);
  is_there = is_there && peer_send(fd, bytes + len - held, held);
  if (BIO_reset(SSL_get_wbio(ssl)) != 1) abort();
  return is_there;
}

static inline void tls_peer_answer(struct tls_peer *p, SSL *ssl, int fd, const struct tls_answer *a) {
  char filling[TLS_PEER_RECORD_BYTES];
  if (a->ticket && !SSL_new_session_ticket(ssl)) abort();
  for (size_t i = 0; a->records[i] != NULL; i++) tls_peer_write(ssl, a->records[i], strlen(a->records[i]));
  for (size_t at = 0, n; at < a->filling; at += n) {
    n = a->filling - at < sizeof(filling) ? a->filling - at : sizeof(filling);
    for (size_t i = 0; i < n; i++) filling[i] = tls_peer_filling(at + i);
    tls_peer_write(ssl, filling, n);
  }
  if (a->closes) SSL_shutdown(ssl);
  while (tls_peer_send(p, ssl, fd, a->held) && a->endless)
    for (int i = 0; i < 1000; i++) tls_peer_write(ssl, "x", 1);
}

/* Until the other side closes, or the script does. */
static inline void tls_peer_serve(struct tls_peer *p, SSL *ssl, int fd, size_t *answered) {
  char data[4096];
  size_t len = 0;
  for (int n; (n = SSL_read(ssl, data + len, (int)(sizeof(data) - 1 - len))) > 0;) {
    len += (size_t)n;
    data[len] = '\0';
    if (peer_request_len(data, len) == 0) continue;
    len = 0;
    if (*answered >= p->n_script) continue; /* silent */
    const struct tls_answer *a = &p->script[(*answered)++];
    tls_peer_answer(p, ssl, fd, a);
    if (a->closes || a->endless) return;
  }
}

static inline void *tls_peer_run(void *arg) {
  struct tls_peer *p = arg;
  size_t answered = 0;
  for (int fd; (fd = accept(p->listener, NULL, NULL)) >= 0; close(fd)) {
    SSL *ssl = SSL_new(p->context);
    atomic_fetch_add(&p->connections, 1);
    if (!ssl || !SSL_set_fd(ssl, fd)) abort();
    if (SSL_accept(ssl) == 1) {
      SSL_set0_wbio(ssl, BIO_new(BIO_s_mem()));
      tls_peer_serve(p, ssl, fd, &answered);
    }
    SSL_free(ssl);
  }
  return NULL;
}

static inline void tls_peer_certify(struct tls_peer *p) {
  struct sc_error err;
  snprintf(p->folder, sizeof(p->folder), "/tmp/shardcopy-test-XXXXXX");
  p->context = SSL_CTX_new(TLS_server_method());
  if (!mkdtemp(p->folder) || scl_certs_ensure(p->folder, &p->certs, &err) != SC_OK || !p->context ||
      SSL_CTX_use_certificate_file(p->context, sc_buf_str(&p->certs.server), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(p->context, sc_buf_str(&p->certs.server_key), SSL_FILETYPE_PEM) != 1 ||
      !SSL_CTX_set_min_proto_version(p->context, TLS1_3_VERSION) || !SSL_CTX_set_num_tickets(p->context, 0))
    abort();
}

/* For all tests of a program: certificates take long. */
static inline void tls_peer_init(struct tls_peer *p) {
  *p = (struct tls_peer){.listener = -1};
  tls_peer_certify(p);
}

static inline void tls_peer_fini(struct tls_peer *p) {
  const struct sc_buf *files[] = {&p->certs.ca, &p->certs.ca_key, &p->certs.server, &p->certs.server_key};
  char lock[64];
  snprintf(lock, sizeof(lock), "%s/lock", p->folder);
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) unlink(sc_buf_str(files[i]));
  unlink(lock);
  rmdir(p->folder);
  scl_certs_fini(&p->certs);
  SSL_CTX_free(p->context);
}

static inline void tls_peer_open(struct tls_peer *p, const struct tls_answer *script, size_t n_script) {
  p->script = script;
  p->n_script = n_script;
  p->listener = peer_listen(p->url, sizeof(p->url), "https");
  atomic_store(&p->connections, 0);
  if (sem_init(&p->goes_on, 0, 0)) abort();
  if (pthread_create(&p->thread, NULL, tls_peer_run, p)) abort();
}

static inline void tls_peer_go_on(struct tls_peer *p) { sem_post(&p->goes_on); }

/* After the loop is freed, whose connections the peer waits for. */
static inline void tls_peer_close(struct tls_peer *p) {
  shutdown(p->listener, SHUT_RDWR);
  pthread_join(p->thread, NULL);
  sem_destroy(&p->goes_on);
  close(p->listener);
}

#endif
