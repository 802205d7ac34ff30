/* A reply being sent: which of its bytes can go now, and how it ends. HTTP/1.1 and HTTP/2 share it, and frame the bytes
 * each in its own way.
 *
 * A sending waits for the reply's delay and ticket and gives the bytes of the content where they lie. Then it gives the
 * chunks of the feed one by one, each after its own delay and ticket. It cuts the body where a fault wants that, and
 * names the ending. One thread; notify is called by any thread when the sending is to be stepped again. Allocates a
 * list of pieces per content.
 */
#ifndef SCL_HTTP_SENDING_H
#define SCL_HTTP_SENDING_H

#include "bench/local/http/exchange.h"

enum scl_sending_state {
  SCL_SENDING_WAITS,  /* nothing now; step again when notified, or at *wake_ms (0: when notified only) */
  SCL_SENDING_BEGINS, /* once: the header is to be sent, unless reply.delivery.is_silent; then step again */
  SCL_SENDING_READY,  /* `left` bytes (not 0) are to be taken */
  SCL_SENDING_OVER    /* nothing more comes; see ending and was_cut */
};

struct scl_sending {
  struct scl_reply reply; /* owned, with its feed */
  struct scl_chunk chunk; /* of the feed; owned */
  bool has_body;
  bool was_cut; /* the body is not complete */
  enum scl_ending ending;
  size_t left;        /* bytes that can be taken */
  size_t piece_bytes; /* send in pieces of this size; 0: as is best */

  /* private */
  int phase;
  const struct scl_ticket *ticket;
  const struct scl_delivery *delivery; /* of what is being sent */
  int64_t not_before_ms;
  size_t cut_left; /* of the whole body */
  struct iovec *pieces, *next_piece;
  int n_pieces;
  struct scl_listener listener; /* in the ticket's gate */
  void (*notify)(void *context);
  void *context;
};

/* Takes over what the reply owns. has_body false: the request was HEAD. The sending must not move until
 * scl_sending_fini. */
void scl_sending_init(struct scl_sending *sending, const struct scl_reply *reply, bool has_body, int64_t now_ms,
                      void (*notify)(void *context), void *context);
void scl_sending_fini(struct scl_sending *sending);
/* Ends the feed; notify is not called any more. Bytes that were taken stay valid until scl_sending_fini, the only call
 * that may follow. */
void scl_sending_stop(struct scl_sending *sending);

/* now_ms: sc_clock_mono_ms. A step after a chunk frees the chunk: only when all bytes that were taken are written. */
enum scl_sending_state scl_sending_step(struct scl_sending *sending, int64_t now_ms, int64_t *wake_ms);

/* Takes the next bytes, at most `most` and `left`, as pieces. Returns the number of pieces, at most
 * scl_sending_most_pieces. */
int scl_sending_take(struct scl_sending *sending, size_t most, struct iovec *pieces);
int scl_sending_most_pieces(const struct scl_sending *sending);
/* The number of bytes in the next n_pieces pieces, at most `most` and `left`. */
size_t scl_sending_reach(const struct scl_sending *sending, size_t most, int n_pieces);

#endif
