#include "bench/local/http/sending.h"

#include <stdlib.h>

#include "engine/base/error.h"

enum phase {
  HELD,    /* the header waits for the delay and the ticket */
  SENDING, /* the content of the reply or of a chunk is being taken */
  ASKING,  /* the feed is to be asked for its next chunk */
  PACED,   /* the chunk waits for its delay and its ticket */
  OVER
};

static void on_raised(struct scl_listener *listener) {
  struct scl_sending *sending = (struct scl_sending *)((char *)listener - offsetof(struct scl_sending, listener));
  sending->notify(sending->context);
}

/* The next bytes wait for the delay and the ticket. */
static void hold(struct scl_sending *sending, const struct scl_ticket *ticket, const struct scl_delivery *delivery,
                 int64_t now_ms) {
  sending->ticket = ticket;
  sending->delivery = delivery;
  sending->not_before_ms = delivery->delay_ms > 0 ? now_ms + delivery->delay_ms : 0;
}

void scl_sending_init(struct scl_sending *sending, const struct scl_reply *reply, bool has_body, int64_t now_ms,
                      void (*notify)(void *context), void *context) {
  *sending = (struct scl_sending){.reply = *reply,
                                  .has_body = has_body,
                                  .phase = HELD,
                                  .cut_left = reply->delivery.is_cut ? reply->delivery.cut_bytes : SIZE_MAX,
                                  .listener = {.notify = on_raised},
                                  .notify = notify,
                                  .context = context};
  hold(sending, &sending->reply.ticket, &sending->reply.delivery, now_ms);
  struct scl_feed *feed = sending->reply.feed;
  if (feed != NULL && has_body) feed->listen(feed, notify, context);
}

void scl_sending_stop(struct scl_sending *sending) {
  scl_notifier_remove(&sending->listener);
  if (sending->reply.feed != NULL) sending->reply.feed->close(sending->reply.feed);
  sending->reply.feed = NULL;
}

void scl_sending_fini(struct scl_sending *sending) {
  scl_sending_stop(sending);
  scl_content_fini(&sending->chunk.content);
  scl_reply_fini(&sending->reply);
  free(sending->pieces);
}

/* Looks again after adding the listener: the gate may have been raised in between. */
static bool ticket_is_good(struct scl_sending *sending) {
  if (scl_ticket_is_good(sending->ticket)) return true;
  scl_notifier_add(&sending->ticket->gate->raised, &sending->listener);
  return scl_ticket_is_good(sending->ticket);
}

/* Whether the next bytes may go. */
static bool is_due(struct scl_sending *sending, int64_t now_ms, int64_t *wake_ms) {
  if (sending->not_before_ms > now_ms) {
    *wake_ms = sending->not_before_ms;
    return false;
  }
  if (!ticket_is_good(sending)) return false;
  scl_notifier_remove(&sending->listener);
  return true;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static void begin_content(struct scl_sending *sending, const struct scl_content *content, size_t cut) {
  int most = scl_content_most_pieces(content);
  sending->pieces = sc_realloc(sending->pieces, (size_t)most * sizeof(*sending->pieces));
  sending->next_piece = sending->pieces;
  sending->n_pieces = scl_content_pieces(content, sending->pieces);
  size_t len = sending->has_body ? scl_content_len(content) : 0;
  sending->left = least(len, least(cut, sending->cut_left));
  sending->was_cut = sending->left < len;
  sending->piece_bytes = sending->delivery->piece_bytes;
  sending->phase = SENDING;
}

static void begin_reply(struct scl_sending *sending) {
  const struct scl_delivery *delivery = &sending->reply.delivery;
  if (delivery->is_silent) sending->cut_left = 0;
  begin_content(sending, &sending->reply.content, SIZE_MAX);
}

static void begin_chunk(struct scl_sending *sending) {
  const struct scl_delivery *delivery = &sending->chunk.delivery;
  size_t cut = delivery->is_silent ? 0 : delivery->is_cut ? delivery->cut_bytes : SIZE_MAX;
  begin_content(sending, &sending->chunk.content, cut);
}

static void finish(struct scl_sending *sending, enum scl_ending ending) {
  sending->ending = ending;
  sending->phase = OVER;
}

/* The content was taken, as far as it is to be sent. */
static void end_content(struct scl_sending *sending) {
  const struct scl_delivery *whole = &sending->reply.delivery, *part = sending->delivery;
  bool goes_on = sending->reply.feed != NULL && sending->has_body;
  if (whole->is_silent || (whole->is_cut && sending->cut_left == 0)) {
    sending->was_cut = sending->was_cut || goes_on;
    finish(sending, whole->ending);
  } else if (part != whole && (part->is_cut || part->is_silent || part->ending != SCL_ENDING_KEEP)) {
    sending->was_cut = part->is_cut || part->is_silent;
    finish(sending, part->ending);
  } else if (goes_on) {
    sending->phase = ASKING;
  } else {
    finish(sending, whole->ending);
  }
}

static enum scl_sending_state ask_feed(struct scl_sending *sending, int64_t now_ms, int64_t *wake_ms) {
  struct scl_feed *feed = sending->reply.feed;
  int64_t wait_ms = -1;
  scl_content_fini(&sending->chunk.content);
  sending->chunk = (struct scl_chunk){0};
  switch (feed->next(feed, &sending->chunk, &wait_ms)) {
    case SCL_FEED_CHUNK:
      hold(sending, &sending->chunk.ticket, &sending->chunk.delivery, now_ms);
      sending->phase = PACED;
      return SCL_SENDING_READY;
    case SCL_FEED_WAIT:
      if (wait_ms >= 0) *wake_ms = now_ms + (wait_ms == 0 ? 1 : wait_ms);
      return SCL_SENDING_WAITS;
    default:
      finish(sending, sending->reply.delivery.ending);
      return SCL_SENDING_OVER;
  }
}

enum scl_sending_state scl_sending_step(struct scl_sending *sending, int64_t now_ms, int64_t *wake_ms) {
  *wake_ms = 0;
  for (;;) switch (sending->phase) {
      case HELD:
        if (!is_due(sending, now_ms, wake_ms)) return SCL_SENDING_WAITS;
        begin_reply(sending);
        return SCL_SENDING_BEGINS;
      case SENDING:
        if (sending->left > 0) return SCL_SENDING_READY;
        end_content(sending);
        break;
      case ASKING:
        if (ask_feed(sending, now_ms, wake_ms) == SCL_SENDING_WAITS) return SCL_SENDING_WAITS;
        break;
      case PACED:
        if (!is_due(sending, now_ms, wake_ms)) return SCL_SENDING_WAITS;
        begin_chunk(sending);
        break;
      default:
        return SCL_SENDING_OVER;
    }
}

int scl_sending_most_pieces(const struct scl_sending *sending) { return sending->n_pieces; }

size_t scl_sending_reach(const struct scl_sending *sending, size_t most, int n_pieces) {
  size_t reach = 0;
  for (int i = 0; i < n_pieces && i < sending->n_pieces; i++) reach += sending->next_piece[i].iov_len;
  return least(reach, least(most, sending->left));
}

int scl_sending_take(struct scl_sending *sending, size_t most, struct iovec *pieces) {
  int n = 0;
  most = least(most, sending->left);
  while (most > 0) {
    struct iovec *from = sending->next_piece;
    size_t len = least(most, from->iov_len);
    pieces[n++] = (struct iovec){from->iov_base, len};
    from->iov_base = (char *)from->iov_base + len;
    from->iov_len -= len;
    if (from->iov_len == 0) {
      sending->next_piece++;
      sending->n_pieces--;
    }
    most -= len;
    sending->left -= len;
    if (sending->cut_left != SIZE_MAX) sending->cut_left -= len;
  }
  return n;
}
