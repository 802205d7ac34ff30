/* A request and its reply, as they pass between an HTTP layer (http1.h, http2.h) and the service (service.h).
 *
 * A request is a view of the HTTP layer's buffers, valid during the call. The service fills a reply and hands it to the
 * HTTP layer, which ends it with scl_reply_fini once its last byte is written or given up. The body of a reply is a
 * content: head, a page of records, tail. The page is the store's own memory, kept alive by the page's references.
 * Where the end of the body is not known yet, a feed gives further contents.
 */
#ifndef SCL_HTTP_EXCHANGE_H
#define SCL_HTTP_EXCHANGE_H

#include "bench/local/base/gate.h"
#include "bench/local/base/notifier.h"
#include "bench/local/base/writer.h"
#include "bench/local/store/shardlog.h"
#include "engine/base/buf.h"

#define SCL_REQUEST_MAX_HEADERS 64

struct scl_header {
  struct sc_slice name, value; /* the name in lower case; the value without blanks around it */
};

struct scl_request {
  struct sc_slice method, path; /* path as it was sent, query included */
  struct sc_slice target;       /* X-Amz-Target; empty when absent */
  struct sc_slice content_type; /* empty when absent */
  struct sc_slice body;
  bool from_loopback;
  const struct scl_header *headers; /* all, in order; HTTP/2's :authority as host */
  int n_headers;
};

/* The value of the first header of that name (lower case); ptr NULL when there is none. */
static inline struct sc_slice scl_request_header(const struct scl_request *request, const char *name) {
  for (int i = 0; i < request->n_headers; i++)
    if (sc_slice_is(request->headers[i].name, name)) return request->headers[i].value;
  return sc_slice_of(NULL, 0);
}

/* What happens to the connection, or the HTTP/2 stream, after the last byte. */
enum scl_ending {
  SCL_ENDING_KEEP,   /* nothing but what HTTP wants */
  SCL_ENDING_CLOSE,  /* the connection is closed in order */
  SCL_ENDING_RESET,  /* TCP reset */
  SCL_ENDING_HANG,   /* it stays open; nothing is read or written again (HTTP/2: of this stream) */
  SCL_ENDING_STREAM, /* HTTP/2: RST_STREAM with INTERNAL_ERROR; HTTP/1.1: as RESET */
  SCL_ENDING_REFUSE, /* HTTP/2: RST_STREAM with REFUSED_STREAM; HTTP/1.1: as RESET */
  SCL_ENDING_GOAWAY  /* HTTP/2: GOAWAY; HTTP/1.1: as CLOSE */
};

/* How a fault changes the way in which a reply, or a chunk of a feed, is sent. */
struct scl_delivery {
  int64_t delay_ms; /* before the first byte */
  bool is_cut;      /* cut_bytes of the body are sent, then the ending */
  size_t cut_bytes;
  bool is_silent;     /* not even the header is sent */
  size_t piece_bytes; /* the body goes in pieces (TCP segments, chunks, DATA frames) of this size; 0: as is best */
  enum scl_ending ending;
};

/* Bytes of a body, in three parts. */
struct scl_content {
  struct sc_buf head;
  struct scl_logpage page;
  struct sc_buf tail;
};

static inline size_t scl_content_len(const struct scl_content *content) {
  return content->head.len + content->page.len + content->tail.len;
}

static inline int scl_content_most_pieces(const struct scl_content *content) { return content->page.n_ranges + 2; }

/* Lists the pieces that are not empty, in order; returns how many. */
static inline int scl_content_pieces(const struct scl_content *content, struct iovec *pieces) {
  int n = 0;
  if (content->head.len > 0) pieces[n++] = (struct iovec){content->head.ptr, content->head.len};
  for (int i = 0; i < content->page.n_ranges; i++)
    if (content->page.ranges[i].bytes.iov_len > 0) pieces[n++] = content->page.ranges[i].bytes;
  if (content->tail.len > 0) pieces[n++] = (struct iovec){content->tail.ptr, content->tail.len};
  return n;
}

static inline void scl_content_fini(struct scl_content *content) {
  sc_buf_fini(&content->head);
  sc_buf_fini(&content->tail);
  scl_logpage_fini(&content->page);
}

/* The next part of a feed. Zeroed before; its content is ended with scl_content_fini. */
struct scl_chunk {
  struct scl_content content;
  struct scl_ticket ticket; /* the chunk waits for it */
  struct scl_delivery delivery;
};

enum scl_feed_state {
  SCL_FEED_CHUNK, /* a chunk; ask again when it is sent */
  SCL_FEED_WAIT,  /* nothing now; ask again when notified, or after *wait_ms (-1: when notified only) */
  SCL_FEED_END    /* the body ends here */
};

/* A body that goes on: the event stream of SubscribeToShard. All calls come from the thread of its connection, which
 * owns the feed. The next chunk is asked for when the one before has been handed to the socket, so a client that does
 * not read holds one chunk. */
struct scl_feed {
  enum scl_feed_state (*next)(struct scl_feed *feed, struct scl_chunk *chunk, int64_t *wait_ms);
  /* Called once, before the first next. From then on until close, notify is called (by any thread) when a feed that
   * answered WAIT may have more. */
  void (*listen)(struct scl_feed *feed, void (*notify)(void *context), void *context);
  /* The body was sent, or its client is gone. When it returns, notify is not running and is not called again. Frees the
   * feed. */
  void (*close)(struct scl_feed *feed);
};

struct scl_reply {
  int status;
  const char *content_type; /* static; NULL: none */
  enum scl_format format;   /* of the body, unless content_type is another one */
  char request_id[37];      /* x-amzn-RequestId, "" to leave it out */
  char id_2[73];            /* x-amz-id-2, "" to leave it out */
  int64_t retry_after_ms;   /* x-amz-retry-after; 0: left out */
  int64_t date_ms;
  struct scl_content content;
  struct scl_feed *feed;    /* continues the body after the content; NULL: none */
  struct scl_ticket ticket; /* the reply waits for it */
  struct scl_delivery delivery;
};

static inline void scl_reply_fini(struct scl_reply *reply) {
  scl_content_fini(&reply->content);
  if (reply->feed != NULL) reply->feed->close(reply->feed);
  reply->feed = NULL;
}

/* Makes the reply an error: {"__type": type, message_name: text}; message_name NULL: no text. */
static inline void scl_reply_fail(struct scl_reply *reply, int status, const char *type, const char *message_name,
                                  struct sc_slice text) {
  struct scl_writer w = scl_writer_of(&reply->content.head, reply->format);
  reply->status = status;
  scl_writer_open_map(&w, NULL);
  scl_writer_str(&w, "__type", type);
  if (message_name != NULL) scl_writer_text(&w, message_name, text);
  scl_writer_close_map(&w);
}

/* What an HTTP layer calls for each whole request. The reply is zeroed before. Any thread; must not block for long. */
struct scl_handler {
  void (*handle)(void *context, const struct scl_request *request, struct scl_reply *reply);
  void *context;
  int max_concurrent_streams; /* announced by HTTP/2; 0: as many as Kinesis announces */
};

#endif
