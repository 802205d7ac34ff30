/* What fanout_reader.c (requests, time, who is asked what) and fanout_stream.c (one subscription's bytes) have in
 * common. Private to both. */
#ifndef SC_NET_KINESIS_FANOUT_READER_PARTS_H
#define SC_NET_KINESIS_FANOUT_READER_PARTS_H

#include <sys/queue.h>

#include "codec/kinesis/event_decoder.h"
#include "codec/kinesis/reply_scan.h"
#include "engine/base/budget.h"
#include "engine/base/heap.h"
#include "net/http/body.h"
#include "net/http/http2.h"
#include "net/kinesis/channel.h"
#include "net/kinesis/fanout_reader.h"

/* What the decoder waits for, in the order in which it is asked. */
enum sc_fanout_gate { SC_FANOUT_OPEN, SC_FANOUT_NEEDS_REQUEST, SC_FANOUT_NEEDS_CREDIT };

enum sc_fanout_frame { SC_FANOUT_SKIPPED, SC_FANOUT_EVENT, SC_FANOUT_EXCEPTION };

/* A shard. */
struct sc_fanout_place {
  struct sc_heap_node node;            /* first: the heap gives it back; key: when its machine wants to be looked at */
  LIST_ENTRY(sc_fanout_place) waiting; /* for credit */
  bool is_waiting;
  struct sc_fanout_reader *reader;
  const struct sc_shard_info *shard;
  struct sc_subscription machine;
  uint64_t made, ended[SC_SUBSCRIPTION_END_KINDS]; /* counted in the metrics */
  struct sc_request *request;                      /* that stands; NULL: none */
  struct sc_error fatal;                           /* ends the run, once a request can say so; code 0: none */
  bool knows_end;      /* the shard's end was seen, with child shards, and asked for again it is the same */
  uint32_t generation; /* of the consumer's ARN at the last call */

  /* the stream: of the one kind or the other, both NULL when there is none */
  struct sc_kinesis_request call;
  struct sc_http2_stream *stream;
  struct sc_http_transfer *transfer;
  size_t window_bytes;           /* paid for; 0: no stream, and nothing of one left */
  bool is_over;                  /* it has ended, with over_err, but not all of its bytes are decoded */
  bool to_cancel;                /* at the next turn: not inside its own callback */
  int64_t date_ms, date_mono_ms; /* Date of its head, 0 unknown, and when that came */
  struct sc_error over_err;

  /* its bytes */
  struct sc_buf pending; /* not decoded yet, from pending_at on; at most a window */
  size_t pending_at;
  struct sc_event_decoder decoder;
  enum sc_fanout_gate gate;
  enum sc_fanout_frame frame;
  bool is_ready; /* an event is whole and has no request */
  struct sc_body body;
  struct sc_reply_scan scan;
  struct sc_buf text; /* an exception's payload, or the body of an HTTP error */
};

struct sc_fanout_reader {
  struct sc_kinesis_channel ch; /* for DescribeStreamConsumer, and for subscriptions over HTTP/1.1 */
  struct sc_fanout *fanout;
  struct sc_reader_config config;
  struct sc_http2 *http2; /* NULL with HTTP/1.1 */
  struct sc_random random;
  struct sc_fanout_place **places; /* by sc_shard_info.index; NULL: not asked for yet */
  size_t n_places;
  struct sc_heap due;
  LIST_HEAD(, sc_fanout_place) waiting;
  struct sc_requests done;
  struct sc_kinesis_slot *inquiry; /* DescribeStreamConsumer or RegisterStreamConsumer under way */
  bool inquiry_registers;
  char arn[2049]; /* scratch: the consumer's */
};

/* ---- fanout_reader.c ---- */

/* The request that stands is answered: as it is filled in. */
void sc_fanout_answer(struct sc_fanout_place *p);
/* The call, or the stream, is over: err code 0 in order. Nothing of it is left. */
void sc_fanout_ended(struct sc_fanout_place *p, struct sc_error *err);
/* Puts the place where its machine wants it: by time, or among those that wait for credit. */
void sc_fanout_schedule(struct sc_fanout_place *p);
void sc_fanout_wait(struct sc_fanout_place *p);

/* ---- fanout_stream.c ---- */

void sc_fanout_place_init(struct sc_fanout_place *p);
void sc_fanout_place_fini(struct sc_fanout_place *p);
/* SC_E_MEMORY when the smallest windows would take more than half of the body pool: some shards would never be read. */
int sc_fanout_check_memory(const struct sc_fanout_place *p, struct sc_error *err);
/* Credit for a window; false when there is none. */
bool sc_fanout_take_window(struct sc_fanout_place *p);
/* Calls SubscribeToShard where the machine says. Not SC_OK: nothing is under way. */
int sc_fanout_subscribe(struct sc_fanout_place *p, struct sc_error *err);
/* Ends the stream and drops what came of it. silent_ms: as sc_http2_cancel has it. */
void sc_fanout_drop(struct sc_fanout_place *p, int64_t silent_ms);
/* There is a request, or credit: goes on with what is pending. */
void sc_fanout_decode(struct sc_fanout_place *p);

#endif
