#include "bench/local/http/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/heap.h"
#include "engine/base/log.h"
#include "engine/base/thread.h"

#define MAX_EVENTS 256
/* Woken connections in a row before others get their turn. */
#define MAX_WAKES 1024
#define ACCEPTS_IN_A_ROW 64
/* How long nothing is accepted after the process ran out of descriptors. */
#define ACCEPT_PAUSE_MS 100

struct listener {
  int fd;
  struct scl_tls_context *tls;
};

struct slot {
  struct scl_conn *conn;
  int fd;
  int events;
  struct scl_wake wake;
  struct sc_heap_node timer; /* due when the connection says */
  LIST_ENTRY(slot) entry;
};

struct loop {
  struct scl_transport *transport;
  struct sc_thread thread;
  int epoll_fd;
  struct scl_waker waker;
  atomic_bool stops;
  pthread_mutex_t lock; /* of the list of slots, to which the accepting thread adds */
  LIST_HEAD(, slot) slots;
  struct sc_heap timers;
  struct scl_conn_scratch *scratch;
};

struct scl_transport {
  const struct scl_protocol *protocol;
  void *context;
  int n_loops;
  struct loop loops[SCL_TRANSPORT_MAX_THREADS];
  int n_listeners;
  struct listener listeners[SCL_TRANSPORT_MAX_LISTENERS];
  unsigned next_loop;
  int64_t accept_again_ms; /* 0: accepting; of the first thread */
};

struct scl_transport *scl_transport_new(int threads, const struct scl_protocol *protocol, void *context) {
  SC_ASSERT(threads >= 1 && threads <= SCL_TRANSPORT_MAX_THREADS);
  struct scl_transport *transport = sc_alloc_zero(1, sizeof(*transport));
  transport->protocol = protocol;
  transport->context = context;
  transport->n_loops = threads;
  for (int i = 0; i < threads; i++) {
    struct loop *loop = &transport->loops[i];
    loop->transport = transport;
    loop->epoll_fd = loop->waker.fd = -1;
    pthread_mutex_init(&loop->lock, NULL);
  }
  return transport;
}

/* Splits HOST:PORT; an empty host is the loopback address. */
static bool split_address(const char *address, char host[256], char port[8]) {
  const char *colon = strrchr(address, ':');
  if (colon == NULL || strlen(colon + 1) == 0 || strlen(colon + 1) > 5) return false;
  struct sc_slice name = sc_slice_of(address, (size_t)(colon - address));
  uint64_t number;
  if (!sc_slice_to_u64(sc_slice_str(colon + 1), &number) || number > 65535) return false;
  if (name.len >= 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']') {
    name.ptr++;
    name.len -= 2;
  }
  if (name.len == 0) name = SC_SLICE_LITERAL("127.0.0.1");
  if (name.len > 255) return false;
  memcpy(host, name.ptr, name.len);
  host[name.len] = '\0';
  memcpy(port, colon + 1, strlen(colon + 1) + 1);
  return true;
}

static int open_listener(const struct addrinfo *info) {
  int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, 4096) == 0) return fd;
  int failed = errno;
  close(fd);
  errno = failed;
  return -1;
}

static void print_bound(int fd, char bound[SCL_TRANSPORT_ADDRESS]) {
  struct sockaddr_storage address = {0};
  socklen_t len = sizeof(address);
  char host[64], port[8];
  int failed = getsockname(fd, (struct sockaddr *)&address, &len);
  SC_ASSERT(failed == 0);
  failed = getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
                       NI_NUMERICHOST | NI_NUMERICSERV);
  SC_ASSERT(failed == 0);
  bool is_v6 = address.ss_family == AF_INET6;
  snprintf(bound, SCL_TRANSPORT_ADDRESS, "%s%s%s:%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

int scl_transport_listen(struct scl_transport *transport, const char *address, struct scl_tls_context *tls,
                         char bound[SCL_TRANSPORT_ADDRESS], struct sc_error *err) {
  char host[256], port[8];
  if (!split_address(address, host, port)) return sc_error_set(err, SC_E_USAGE, "'%s' is not HOST:PORT", address);
  if (transport->n_listeners == SCL_TRANSPORT_MAX_LISTENERS)
    return sc_error_set(err, SC_E_USAGE, "more than %d addresses to listen on", SCL_TRANSPORT_MAX_LISTENERS);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *info;
  int failed = getaddrinfo(host, port, &hints, &info);
  if (failed != 0) return sc_error_set(err, SC_E_NET, "%s: %s", address, gai_strerror(failed));
  int fd = open_listener(info);
  int os_errno = errno;
  freeaddrinfo(info);
  if (fd < 0) return sc_error_errno(err, SC_E_NET, os_errno, "listening on %s", address);
  transport->listeners[transport->n_listeners++] = (struct listener){fd, tls};
  print_bound(fd, bound);
  return SC_OK;
}

static void watch(int epoll_fd, int fd, int events, void *what) {
  struct epoll_event event = {.events = (uint32_t)events, .data.ptr = what};
  int failed = epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  SC_ASSERT(failed == 0);
}

static bool peer_is_loopback(const struct sockaddr_storage *address) {
  if (address->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
  }
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
  if (address->ss_family != AF_INET6) return false;
  if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) return v6->sin6_addr.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* Gives the connection to the next thread. The lock is held until the slot is complete: its thread may get an event,
 * and close the connection, before this function returns. */
static void hand_out(struct scl_transport *transport, int fd, const struct listener *listener,
                     const struct sockaddr_storage *peer) {
  struct loop *loop = &transport->loops[transport->next_loop++ % (unsigned)transport->n_loops];
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  struct slot *slot = sc_alloc_zero(1, sizeof(*slot));
  slot->fd = fd;
  slot->events = EPOLLIN;
  slot->wake = (struct scl_wake){.waker = &loop->waker, .owner = slot};
  slot->conn =
      scl_conn_open(fd, listener->tls, peer_is_loopback(peer), transport->protocol, transport->context, &slot->wake);
  pthread_mutex_lock(&loop->lock);
  LIST_INSERT_HEAD(&loop->slots, slot, entry);
  watch(loop->epoll_fd, fd, EPOLLIN, slot);
  pthread_mutex_unlock(&loop->lock);
}

static void close_slot(struct loop *loop, struct slot *slot) {
  pthread_mutex_lock(&loop->lock);
  LIST_REMOVE(slot, entry);
  pthread_mutex_unlock(&loop->lock);
  sc_heap_remove(&loop->timers, &slot->timer);
  scl_conn_close(slot->conn);
  free(slot);
}

static void watch_listeners(struct scl_transport *transport, bool accepts) {
  for (int i = 0; i < transport->n_listeners; i++) {
    struct listener *listener = &transport->listeners[i];
    struct epoll_event event = {.events = accepts ? EPOLLIN : 0, .data.ptr = listener};
    epoll_ctl(transport->loops[0].epoll_fd, EPOLL_CTL_MOD, listener->fd, &event);
  }
  transport->accept_again_ms = accepts ? 0 : sc_clock_mono_ms() + ACCEPT_PAUSE_MS;
}

static void accept_some(struct scl_transport *transport, const struct listener *listener) {
  for (int i = 0; i < ACCEPTS_IN_A_ROW; i++) {
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof(peer);
    int fd = accept4(listener->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      hand_out(transport, fd, listener, &peer);
      continue;
    }
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
    sc_log_often(SC_WARN, "out of descriptors, new connections wait", "errno=%d", errno);
    watch_listeners(transport, false);
    return;
  }
}

static void work(struct loop *loop, struct slot *slot, unsigned events, int64_t now_ms) {
  SC_ASSERT(slot != NULL);
  int wanted = scl_conn_work(slot->conn, events, now_ms, loop->scratch);
  if (wanted == SCL_CONN_CLOSE) {
    close_slot(loop, slot);
    return;
  }
  int64_t wake_ms = scl_conn_wake_ms(slot->conn);
  if (wake_ms != 0) sc_heap_set(&loop->timers, &slot->timer, wake_ms);
  else sc_heap_remove(&loop->timers, &slot->timer);
  if (wanted == slot->events) return;
  struct epoll_event event = {.events = (uint32_t)wanted, .data.ptr = slot};
  int failed = epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, slot->fd, &event);
  SC_ASSERT(failed == 0);
  slot->events = wanted;
}

static struct slot *slot_of_timer(struct sc_heap_node *timer) {
  return (struct slot *)((char *)timer - offsetof(struct slot, timer));
}

/* Works on the connections whose time has come. */
static void run_timers(struct loop *loop, int64_t now_ms) {
  struct sc_heap_node *timer;
  while ((timer = sc_heap_top(&loop->timers)) != NULL && timer->key <= now_ms) {
    struct slot *slot = slot_of_timer(timer);
    sc_heap_remove(&loop->timers, timer);
    work(loop, slot, 0, now_ms);
  }
}

/* Works on the connections that somebody woke. */
static void run_wakes(struct loop *loop, int64_t now_ms) {
  struct slot *slot;
  for (int i = 0; i < MAX_WAKES && (slot = scl_waker_take(&loop->waker)) != NULL; i++) work(loop, slot, 0, now_ms);
  if (!scl_waker_is_empty(&loop->waker)) scl_waker_signal(&loop->waker);
}

static int wait_ms(const struct loop *loop, int64_t now_ms) {
  int64_t again = loop == loop->transport->loops ? loop->transport->accept_again_ms : 0;
  const struct sc_heap_node *timer = sc_heap_top(&loop->timers);
  int64_t next_ms = timer != NULL ? timer->key : again;
  if (next_ms == 0) return -1;
  if (again != 0 && again < next_ms) next_ms = again;
  return next_ms <= now_ms ? 0 : next_ms - now_ms > 60000 ? 60000 : (int)(next_ms - now_ms);
}

static struct listener *as_listener(struct scl_transport *transport, void *what) {
  for (int i = 0; i < transport->n_listeners; i++)
    if (what == &transport->listeners[i]) return what;
  return NULL;
}

/* Wakes and timers come after all events: a connection that they close may have an event in the same list. */
static void run_once(struct loop *loop) {
  struct epoll_event events[MAX_EVENTS];
  bool has_wakes = false;
  int n = epoll_wait(loop->epoll_fd, events, MAX_EVENTS, wait_ms(loop, sc_clock_mono_ms()));
  SC_ASSERT(n >= 0 || errno == EINTR);
  int64_t now_ms = sc_clock_mono_ms();
  struct scl_transport *transport = loop->transport;
  for (int i = 0; i < n; i++) {
    void *what = events[i].data.ptr;
    struct listener *listener = as_listener(transport, what);
    if (what == loop) has_wakes = true;
    else if (listener != NULL) accept_some(transport, listener);
    else work(loop, what, events[i].events, now_ms);
  }
  if (has_wakes) {
    scl_waker_clear(&loop->waker);
    run_wakes(loop, now_ms);
  }
  run_timers(loop, now_ms);
  if (loop == transport->loops && transport->accept_again_ms != 0 && now_ms >= transport->accept_again_ms)
    watch_listeners(transport, true);
}

static void run(void *argument) {
  struct loop *loop = argument;
  while (!atomic_load(&loop->stops)) run_once(loop);
  while (!LIST_EMPTY(&loop->slots)) close_slot(loop, LIST_FIRST(&loop->slots));
}

static int open_loop(struct loop *loop, struct sc_error *err) {
  loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (loop->epoll_fd < 0 || !scl_waker_init(&loop->waker))
    return sc_error_errno(err, SC_E_IO, errno, "making an epoll");
  loop->scratch = sc_alloc(sizeof(*loop->scratch));
  watch(loop->epoll_fd, loop->waker.fd, EPOLLIN, loop);
  return SC_OK;
}

int scl_transport_start(struct scl_transport *transport, struct sc_error *err) {
  for (int i = 0; i < transport->n_loops; i++)
    if (open_loop(&transport->loops[i], err) != SC_OK) return err->code;
  for (int i = 0; i < transport->n_listeners; i++)
    watch(transport->loops[0].epoll_fd, transport->listeners[i].fd, EPOLLIN, &transport->listeners[i]);
  for (int i = transport->n_loops - 1; i >= 0; i--) {
    char name[24];
    snprintf(name, sizeof(name), "serve %d", i);
    if (sc_thread_start(&transport->loops[i].thread, name, run, &transport->loops[i], err) != SC_OK) return err->code;
  }
  return SC_OK;
}

static void stop_loop(struct loop *loop) {
  if (!loop->thread.started) return;
  struct sc_error err;
  atomic_store(&loop->stops, true);
  scl_waker_signal(&loop->waker);
  sc_thread_join(&loop->thread, -1, &err);
}

void scl_transport_free(struct scl_transport *transport) {
  if (transport == NULL) return;
  for (int i = 0; i < transport->n_loops; i++) stop_loop(&transport->loops[i]);
  for (int i = 0; i < transport->n_loops; i++) {
    struct loop *loop = &transport->loops[i];
    if (loop->epoll_fd >= 0) close(loop->epoll_fd);
    if (loop->waker.fd >= 0) scl_waker_fini(&loop->waker);
    sc_heap_fini(&loop->timers);
    pthread_mutex_destroy(&loop->lock);
    free(loop->scratch);
  }
  for (int i = 0; i < transport->n_listeners; i++) close(transport->listeners[i].fd);
  free(transport);
}
