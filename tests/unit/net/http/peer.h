/* A scripted HTTP peer on a free loopback port, one thread: each complete request gets the next answer of the script,
 * byte for byte. Keeps connections open unless an answer says to close or to fall silent. */
#ifndef SC_TESTS_UNIT_NET_HTTP_PEER_H
#define SC_TESTS_UNIT_NET_HTTP_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_CONNECTIONS 16
#define PEER_REQUESTS 16

/* bytes as they stand, or status and body with a head made for them. */
struct answer {
  const char *bytes;
  const char *status, *body; /* "200 OK" */
  size_t body_len;           /* of a body with NULs in it; 0: strlen */
  bool closes;
};

struct peer {
  const struct answer *script;
  size_t n_script;
  int listener, stop[2];
  char url[64];
  _Atomic int connections;
  _Atomic size_t answered;
  char *requests[PEER_REQUESTS]; /* whole, with a NUL; those before answered may be read */
  pthread_t thread;
};

struct peer_connection {
  int fd;
  size_t len;
  char data[65536];
};

/* Length of the first whole request in data, 0 when it is not complete. */
static inline size_t peer_request_len(const char *data, size_t len) {
  const char *end = memmem(data, len, "\r\n\r\n", 4);
  if (!end) return 0;
  const char *header = strcasestr(data, "\r\ncontent-length:");
  size_t body = header && header < end ? strtoul(header + 17, NULL, 10) : 0;
  size_t whole = (size_t)(end - data) + 4 + body;
  return whole <= len ? whole : 0;
}

/* False when the other side is gone. */
static inline bool peer_send(int fd, const char *bytes, size_t len) {
  while (len > 0) {
    ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes += n;
    len -= (size_t)n;
  }
  return true;
}

/* Dated 2026-01-02T03:04:05Z. */
static inline void peer_reply(int fd, const struct answer *a) {
  char head[256];
  size_t len = a->body_len > 0 || a->bytes ? a->body_len : strlen(a->body);
  if (a->bytes) {
    peer_send(fd, a->bytes, strlen(a->bytes));
    return;
  }
  snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\nContent-Length: %zu\r\n\r\n",
           a->status, len);
  peer_send(fd, head, strlen(head));
  peer_send(fd, a->body, len);
}

/* False when the connection is to be closed. */
static inline bool peer_answer(struct peer *p, struct peer_connection *c) {
  ssize_t n = recv(c->fd, c->data + c->len, sizeof(c->data) - 1 - c->len, 0);
  if (n <= 0) return false;
  c->len += (size_t)n;
  c->data[c->len] = '\0';
  size_t request = peer_request_len(c->data, c->len), i = atomic_load(&p->answered);
  if (request == 0) return true;
  if (i < PEER_REQUESTS) {
    free(p->requests[i]); /* one that stayed without an answer */
    p->requests[i] = strndup(c->data, request);
  }
  c->len = 0;
  if (i >= p->n_script) return true; /* silent */
  const struct answer *a = &p->script[i];
  atomic_store(&p->answered, i + 1);
  peer_reply(c->fd, a);
  return !a->closes;
}

static inline void *peer_run(void *arg) {
  struct peer *p = arg;
  struct peer_connection *connections = calloc(PEER_CONNECTIONS, sizeof(*connections));
  struct pollfd fds[PEER_CONNECTIONS + 2];
  size_t n = 0;
  for (;;) {
    fds[0] = (struct pollfd){.fd = p->stop[0], .events = POLLIN};
    fds[1] = (struct pollfd){.fd = n < PEER_CONNECTIONS ? p->listener : -1, .events = POLLIN};
    for (size_t i = 0; i < n; i++) fds[i + 2] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
    poll(fds, n + 2, -1);
    if (fds[0].revents) break;
    for (size_t i = n; i-- > 0;) {
      if (!fds[i + 2].revents || peer_answer(p, &connections[i])) continue;
      close(connections[i].fd);
      connections[i] = connections[--n];
    }
    if (fds[1].revents) {
      connections[n++] = (struct peer_connection){.fd = accept(p->listener, NULL, NULL)};
      atomic_fetch_add(&p->connections, 1);
    }
  }
  for (size_t i = 0; i < n; i++) close(connections[i].fd);
  free(connections);
  return NULL;
}

/* A socket that listens on a free loopback port; url names it. */
static inline int peer_listen(char *url, size_t cap, const char *scheme) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof(address);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr *)&address, len) || listen(fd, 16) ||
      getsockname(fd, (struct sockaddr *)&address, &len))
    abort();
  snprintf(url, cap, "%s://127.0.0.1:%d/", scheme, ntohs(address.sin_port));
  return fd;
}

static inline void peer_open(struct peer *p, const struct answer *script, size_t n_script) {
  *p = (struct peer){.script = script, .n_script = n_script};
  p->listener = peer_listen(p->url, sizeof(p->url), "http");
  if (pipe(p->stop) || pthread_create(&p->thread, NULL, peer_run, p)) abort();
}

static inline void peer_close(struct peer *p) {
  if (write(p->stop[1], "x", 1) != 1) abort();
  pthread_join(p->thread, NULL);
  close(p->listener);
  close(p->stop[0]);
  close(p->stop[1]);
}

static inline void peer_free(struct peer *p) {
  for (size_t i = 0; i < PEER_REQUESTS; i++) free(p->requests[i]);
}

#endif
