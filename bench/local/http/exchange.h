/* One request and its reply, as they pass between an HTTP layer (http1.h, http2.h) and the service (service.h).
 *
 * A request is a view of the HTTP layer's buffers, good for the call. A reply is filled by the service, handed to the
 * HTTP layer, and ended with scl_reply_fini once its last byte is written or given up. Its body is a content (head,
 * then a page of records, then tail; the page is memory of the store itself, kept alive by the page's references), and,
 * where the body's end is not known yet, a feed of further contents.
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
  const struct scl_header *headers; /* all of them, in order; HTTP/2's :authority as host */
  int n_headers;
};

/* The value of the first header of that name (lower case); ptr NULL when there is none. */
static inline struct sc_slice scl_request_header(const struct scl_request *request, const char *name) {
  for (int i = 0; i < request->n_headers; i++)
    if (sc_slice_is(request->headers[i].name, name)) return request->headers[i].value;
  return sc_slice_of(NULL, 0);
}

/* What becomes of the connection, or of the stream, after the last byte. */
enum scl_ending {
  SCL_ENDING_KEEP,   /* as HTTP says */
  SCL_ENDING_CLOSE,  /* closed in order */
  SCL_ENDING_RESET,  /* TCP reset */
  SCL_ENDING_HANG,   /* stays open; nothing is read or written again (HTTP/2: of this stream) */
  SCL_ENDING_STREAM, /* HTTP/2: RST_STREAM with INTERNAL_ERROR; HTTP/1.1: as RESET */
  SCL_ENDING_REFUSE, /* HTTP/2: RST_STREAM with REFUSED_STREAM; HTTP/1.1: as RESET */
  SCL_ENDING_GOAWAY  /* HTTP/2: GOAWAY; HTTP/1.1: as CLOSE */
};

/* How a fault changes the way a reply, or a chunk of a feed, is sent. */
struct scl_delivery {
  int64_t delay_ms; /* waits this long before the first byte */
  bool is_cut;      /* sends cut_bytes of the body, then the ending */
  size_t cut_bytes;
  bool is_silent;     /* not even the header is sent */
  size_t piece_bytes; /* sends the body in pieces (TCP segments, chunks, DATA frames) of this size; 0: as is best */
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

/* Its pieces that are not empty, in order; returns how many. */
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

/* The next piece of a feed. Zero before; ended by scl_content_fini of its content. */
struct scl_chunk {
  struct scl_content content;
  struct scl_ticket ticket; /* to be sent when it is reached */
  struct scl_delivery delivery;
};

enum scl_feed_state {
  SCL_FEED_CHUNK, /* here is a chunk, ask again when it is sent */
  SCL_FEED_WAIT,  /* nothing now: ask again when told, or after *wait_ms (-1: when told only) */
  SCL_FEED_END    /* the body ends here */
};

/* A body that goes on: the event stream of SubscribeToShard. All calls come from the thread of its connection, which
 * owns it and asks for the next chunk when the one before has been handed to the socket: so a client that does not read
 * holds one chunk. */
struct scl_feed {
  enum scl_feed_state (*next)(struct scl_feed *feed, struct scl_chunk *chunk, int64_t *wait_ms);
  /* Called once before the first next: the listener is to be notified, until close, whenever a feed that said WAIT may
   * have more to give. */
  void (*listen)(struct scl_feed *feed, void (*notify)(void *context), void *context);
  /* The body was sent to its end, or its client is gone: no notify is running or comes any more; frees the feed. */
  void (*close)(struct scl_feed *feed);
};

struct scl_reply {
  int status;
  const char *content_type; /* static; NULL: none */
  enum scl_format format;   /* of the body, unless it is text of another type */
  char request_id[37];      /* x-amzn-RequestId, "" to leave it out */
  char id_2[73];            /* x-amz-id-2, "" to leave it out */
  int64_t retry_after_ms;   /* x-amz-retry-after; 0: left out */
  int64_t date_ms;
  struct scl_content content;
  struct scl_feed *feed;    /* goes on behind the content; NULL: that is all */
  struct scl_ticket ticket; /* to be sent when it is reached */
  struct scl_delivery delivery;
};

static inline void scl_reply_fini(struct scl_reply *reply) {
  scl_content_fini(&reply->content);
  if (reply->feed != NULL) reply->feed->close(reply->feed);
  reply->feed = NULL;
}

/* Writes an error as the body, {"__type": type, [message_name: text]}; message_name NULL: without. */
static inline void scl_reply_fail(struct scl_reply *reply, int status, const char *type, const char *message_name,
                                  struct sc_slice text) {
  struct scl_writer w = scl_writer_of(&reply->content.head, reply->format);
  reply->status = status;
  scl_writer_open_map(&w, NULL);
  scl_writer_str(&w, "__type", type);
  if (message_name != NULL) scl_writer_text(&w, message_name, text);
  scl_writer_close_map(&w);
}

/* What an HTTP layer calls for each whole request; reply comes zeroed. Any thread; does not block for long. */
struct scl_handler {
  void (*handle)(void *context, const struct scl_request *request, struct scl_reply *reply);
  void *context;
  int max_concurrent_streams; /* that HTTP/2 announces; 0: as many as Kinesis does */
};

#endif
