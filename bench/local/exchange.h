/* One request and its reply, as they pass between an HTTP layer (http1.h) and the service (service.h).
 *
 * A request is a view of the HTTP layer's buffers, good for the call. A reply is filled by the service, handed to the
 * HTTP layer, and ended with sc_reply_fini once its last byte is written or given up. Its body is head, then the page of
 * records, then tail; the page is memory of the store itself, kept alive by the reply's reference to the shard's log.
 */
#ifndef SC_LOCAL_EXCHANGE_H
#define SC_LOCAL_EXCHANGE_H

#include "bench/local/shardlog.h"
#include "bench/local/writer.h"
#include "engine/base/buf.h"

struct sc_request {
  struct sc_slice method, path;
  struct sc_slice target;       /* X-Amz-Target; empty when absent */
  struct sc_slice content_type; /* empty when absent */
  struct sc_slice body;
  bool from_loopback;
};

/* What becomes of the connection after the reply's last byte. */
enum sc_ending {
  SC_ENDING_KEEP,  /* as HTTP says */
  SC_ENDING_CLOSE, /* closed in order */
  SC_ENDING_RESET, /* TCP reset */
  SC_ENDING_HANG   /* stays open; nothing is read or written again */
};

/* How a fault changes the way the reply is sent. */
struct sc_delivery {
  int64_t delay_ms; /* waits this long before the first byte */
  bool is_cut;      /* sends cut_bytes of the body, then the ending */
  size_t cut_bytes;
  bool is_silent; /* not even the header is sent */
  enum sc_ending ending;
};

struct sc_reply {
  int status;
  const char *content_type; /* static; NULL: none */
  enum sc_format format;    /* of the body, unless it is text of another type */
  char request_id[37];      /* x-amzn-RequestId, "" to leave it out */
  char id_2[73];            /* x-amz-id-2, "" to leave it out */
  int64_t date_ms;
  struct sc_buf head;
  struct sc_shardlog *log; /* a reference; NULL without a page */
  struct sc_logpage page;
  struct sc_buf tail;
  struct sc_delivery delivery;
};

static inline size_t sc_reply_len(const struct sc_reply *reply) {
  return reply->head.len + reply->page.len + reply->tail.len;
}

static inline void sc_reply_fini(struct sc_reply *reply) {
  sc_buf_fini(&reply->head);
  sc_buf_fini(&reply->tail);
  sc_logpage_fini(&reply->page);
  sc_shardlog_give(reply->log);
  reply->log = NULL;
}

/* Writes an error as the body, {"__type": type, [message_name: text]}; message_name NULL: without. */
static inline void sc_reply_fail(struct sc_reply *reply, int status, const char *type, const char *message_name,
                                 struct sc_slice text) {
  struct sc_writer w = sc_writer_of(&reply->head, reply->format);
  reply->status = status;
  sc_writer_open_map(&w, NULL);
  sc_writer_str(&w, "__type", type);
  if (message_name != NULL) sc_writer_text(&w, message_name, text);
  sc_writer_close_map(&w);
}

/* What an HTTP layer calls for each whole request; reply comes zeroed. Any thread; does not block for long. */
struct sc_site {
  void (*handle)(void *context, const struct sc_request *request, struct sc_reply *reply);
  void *context;
};

#endif
