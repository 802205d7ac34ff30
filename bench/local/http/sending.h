/* A reply on its way out: what of it can be sent now, and what becomes of the stream behind it. What HTTP/1.1 and HTTP/2
 * share; how the bytes are framed is theirs.
 *
 * It waits for the reply's delay and ticket, gives the content's bytes where they lie, then, one by one, the chunks of the
 * feed, each behind its own delay and ticket, cuts what is to be cut, and names the ending. One thread; the notify that it is
 * given is called by any thread when it is to be stepped again. Allocates a list of pieces a content.
 */
#ifndef SC_LOCAL_SENDING_H
#define SC_LOCAL_SENDING_H

#include "bench/local/http/exchange.h"

enum sc_sending_state {
  SC_SENDING_WAITS,  /* nothing now: step again when notified, or at *wake_ms (0: when notified only) */
  SC_SENDING_BEGINS, /* once: it is time for the header, unless reply.delivery.is_silent; then step again */
  SC_SENDING_READY,  /* left > 0 bytes are to be taken */
  SC_SENDING_OVER    /* nothing more comes: ending, was_cut */
};

struct sc_sending {
  struct sc_reply reply; /* owned, the feed too */
  struct sc_chunk chunk; /* of the feed; owned */
  bool has_body;
  bool was_cut; /* the body is not whole */
  enum sc_ending ending;
  size_t left;        /* bytes that can be taken */
  size_t piece_bytes; /* to be sent in pieces of this size; 0: as is best */

  /* its own */
  int phase;
  const struct sc_ticket *ticket;
  const struct sc_delivery *delivery; /* of what is being sent */
  int64_t not_before_ms;
  size_t cut_left; /* of the whole body */
  struct iovec *pieces, *next_piece;
  int n_pieces;
  struct sc_listener listener; /* in the ticket's gate */
  void (*notify)(void *context);
  void *context;
};

/* Takes over what the reply owns. has_body false: to HEAD. The sending stays in place until sc_sending_fini. */
void sc_sending_init(struct sc_sending *sending, const struct sc_reply *reply, bool has_body, int64_t now_ms,
                     void (*notify)(void *context), void *context);
void sc_sending_fini(struct sc_sending *sending);
/* Ends the feed; notify is not called any more. What was taken stays until sc_sending_fini, which is all that may follow. */
void sc_sending_stop(struct sc_sending *sending);

/* Behind a chunk of a feed: only when all that was taken is written, as its memory goes. now_ms: sc_clock_mono_ms. */
enum sc_sending_state sc_sending_step(struct sc_sending *sending, int64_t now_ms, int64_t *wake_ms);

/* Takes the next bytes, at most `most` and left, as pieces; returns how many pieces: at most sc_sending_most_pieces. */
int sc_sending_take(struct sc_sending *sending, size_t most, struct iovec *pieces);
int sc_sending_most_pieces(const struct sc_sending *sending);
/* How many bytes, at most `most` and left, are in the next n_pieces pieces. */
size_t sc_sending_reach(const struct sc_sending *sending, size_t most, int n_pieces);

#endif
