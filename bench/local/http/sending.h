/* A reply on its way out: what of it can be sent now, and what becomes of the stream behind it. What HTTP/1.1 and
 * HTTP/2 share; how the bytes are framed is theirs.
 *
 * It waits for the reply's delay and ticket, gives the content's bytes where they lie, then, one by one, the chunks of
 * the feed, each behind its own delay and ticket, cuts what is to be cut, and names the ending. One thread; the notify
 * that it is given is called by any thread when it is to be stepped again. Allocates a list of pieces a content.
 */
#ifndef SCL_HTTP_SENDING_H
#define SCL_HTTP_SENDING_H

#include "bench/local/http/exchange.h"

enum scl_sending_state {
  SCL_SENDING_WAITS,  /* nothing now: step again when notified, or at *wake_ms (0: when notified only) */
  SCL_SENDING_BEGINS, /* once: it is time for the header, unless reply.delivery.is_silent; then step again */
  SCL_SENDING_READY,  /* left > 0 bytes are to be taken */
  SCL_SENDING_OVER    /* nothing more comes: ending, was_cut */
};

struct scl_sending {
  struct scl_reply reply; /* owned, the feed too */
  struct scl_chunk chunk; /* of the feed; owned */
  bool has_body;
  bool was_cut; /* the body is not whole */
  enum scl_ending ending;
  size_t left;        /* bytes that can be taken */
  size_t piece_bytes; /* to be sent in pieces of this size; 0: as is best */

  /* its own */
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

/* Takes over what the reply owns. has_body false: to HEAD. The sending stays in place until scl_sending_fini. */
void scl_sending_init(struct scl_sending *sending, const struct scl_reply *reply, bool has_body, int64_t now_ms,
                      void (*notify)(void *context), void *context);
void scl_sending_fini(struct scl_sending *sending);
/* Ends the feed; notify is not called any more. What was taken stays until scl_sending_fini, which is all that may
 * follow. */
void scl_sending_stop(struct scl_sending *sending);

/* Behind a chunk of a feed: only when all that was taken is written, as its memory goes. now_ms: sc_clock_mono_ms. */
enum scl_sending_state scl_sending_step(struct scl_sending *sending, int64_t now_ms, int64_t *wake_ms);

/* Takes the next bytes, at most `most` and left, as pieces; returns how many pieces: at most
 * scl_sending_most_pieces. */
int scl_sending_take(struct scl_sending *sending, size_t most, struct iovec *pieces);
int scl_sending_most_pieces(const struct scl_sending *sending);
/* How many bytes, at most `most` and left, are in the next n_pieces pieces. */
size_t scl_sending_reach(const struct scl_sending *sending, size_t most, int n_pieces);

#endif
