/* The life of one shard's subscriptions (SubscribeToShard), as a pure state machine: event in, action out. No I/O and
 * no clock of its own; times are given, so a test shortens them.
 *
 * The machine belongs to a shard and outlives its subscriptions. It knows where reading goes on (the continuation, in
 * memory only), when the next call may be made, and what the end of a subscription means. Its driver (fanout_reader.h)
 * makes the calls and feeds it what happened.
 *
 * Rules, each of them broken by some other tool:
 *   - The clean end after five minutes is not the shard's end: subscribe again, as soon as the next rule allows.
 *   - The next call is made at max(now + back-off, last successful call + 5 s, last call + 1 s): a call within 5 s of a
 *     successful one is ResourceInUse, a second one within a second LimitExceeded (AWS Kinesis API, SubscribeToShard).
 *   - ResourceInUse as the answer to a call in the first 5 s of a run is patience: the run before holds the
 * subscription. Within a stream it means that somebody else has subscribed: the second time without a clean end in
 * between another load uses the consumer, and this one stops (SC_E_FENCED).
 *   - ResourceNotFound does not say what is missing: DescribeStreamConsumer does.
 *   - The shard's end is a null continuation with child shards. One without the other is reported as it is; the shard's
 *     machine (engine/shard.h) asks ListShards.
 *   - Silence counts only while the server may send. The clock starts anew when the window opens.
 *   - A load that takes no records for a minute gives the subscription up, and subscribes when it takes some again: a
 *     target that stands still is no reason to keep memory, nor to subscribe again and again.
 *   - A request for another place than the one handed over last is a rewind: cancel, subscribe there.
 *
 * Plain struct in its owner's storage, about 600 bytes; no allocation; one thread at a time.
 */
#ifndef SC_NET_KINESIS_SUBSCRIPTION_H
#define SC_NET_KINESIS_SUBSCRIPTION_H

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/position.h"

/* In ms. */
struct sc_subscription_times {
  int64_t call_apart;    /* two calls of a shard: 1 s */
  int64_t takeover;      /* a call after one that succeeded: 5 s */
  int64_t patience;      /* ResourceInUse is expected so long after the run began: 5 s */
  int64_t call;          /* a call without an answer is over: 30 s */
  int64_t idle;          /* a stream that may send and does not is dead: 15 s, three heartbeats */
  int64_t unwanted;      /* a stream that may not send, because nobody takes its records, is given up: 60 s */
  int64_t retry_base;    /* of the back-off after errors and lost connections: 200 ms */
  int64_t throttle_base; /* after LimitExceeded and the like, and ResourceInUse: 1 s */
  int64_t backoff_cap;   /* 20 s */
};
extern const struct sc_subscription_times sc_subscription_times;

/* Why a subscription ended, or a call was refused. SC_SUBSCRIPTION_END(id, name) */
#define SC_SUBSCRIPTION_ENDS(SC_SUBSCRIPTION_END)                                         \
  SC_SUBSCRIPTION_END(CLEAN, "clean")         /* the service's own, after five minutes */ \
  SC_SUBSCRIPTION_END(SHARD, "shard_end")     /* the shard's */                           \
  SC_SUBSCRIPTION_END(IN_USE, "in_use")       /* ResourceInUse */                         \
  SC_SUBSCRIPTION_END(THROTTLED, "throttled") /* LimitExceeded, KMS throttling */         \
  SC_SUBSCRIPTION_END(SERVICE, "service")     /* another error of the service */          \
  SC_SUBSCRIPTION_END(LOST, "lost")           /* the connection */                        \
  SC_SUBSCRIPTION_END(BROKEN, "broken")       /* a frame or event that cannot be read */  \
  SC_SUBSCRIPTION_END(SILENT, "silent")                                                   \
  SC_SUBSCRIPTION_END(UNWANTED, "unwanted")                                               \
  SC_SUBSCRIPTION_END(REWOUND, "rewound")

enum sc_subscription_end {
#define SC_SUBSCRIPTION_END(id, name) SC_SUBSCRIPTION_##id,
  SC_SUBSCRIPTION_ENDS(SC_SUBSCRIPTION_END)
#undef SC_SUBSCRIPTION_END
      SC_SUBSCRIPTION_END_KINDS
};
extern const char *const sc_subscription_end_names[SC_SUBSCRIPTION_END_KINDS];

enum sc_subscription_state {
  SC_SUBSCRIPTION_IDLE,   /* nobody wants records */
  SC_SUBSCRIPTION_DUE,    /* to be called at .at, not before .due_ms */
  SC_SUBSCRIPTION_CALLED, /* SubscribeToShard has no answer yet */
  SC_SUBSCRIPTION_OPEN,   /* events come */
  SC_SUBSCRIPTION_PARKED, /* given up since its records found no room; wanted again when there is some */
  SC_SUBSCRIPTION_UNSURE  /* what is missing? DescribeStreamConsumer is on its way */
};

enum sc_subscription_do {
  SC_SUBSCRIPTION_NOTHING,
  SC_SUBSCRIPTION_CANCEL,   /* end the stream, or the call; then as .state says */
  SC_SUBSCRIPTION_DESCRIBE, /* ask DescribeStreamConsumer, then sc_subscription_described */
  SC_SUBSCRIPTION_GONE,     /* the shard is not known: the request is answered with the error given (SC_E_NO_SHARD) */
  SC_SUBSCRIPTION_FAIL      /* the request is answered with the error given, which ends the run */
};

struct sc_subscription {
  const struct sc_subscription_times *times;
  enum sc_subscription_state state;
  struct sc_position handed;    /* where the next request is expected: behind the last record it was answered with */
  struct sc_position at;        /* where a subscription would begin: the last continuation */
  bool is_wanted;               /* a request stands */
  bool has_window;              /* the server may send */
  bool is_quiet;                /* the last failure was to be expected */
  unsigned failures;            /* since the last event */
  unsigned thefts;              /* since the last clean end */
  int64_t due_ms;               /* DUE: the call not before */
  int64_t began_ms;             /* the run */
  int64_t called_ms, opened_ms; /* the last call, the last that succeeded; INT64_MIN: none */
  int64_t back_off_ms;          /* until then no call */
  int64_t heard_ms;             /* OPEN: the last byte, or when the window opened */
  int64_t stuffed_ms;           /* OPEN: since when the server may not send */
  int64_t event_ms;             /* the last event; INT64_MIN: none */
  uint64_t made, ended[SC_SUBSCRIPTION_END_KINDS];
};

/* now_ms: the run begins. times is borrowed. */
void sc_subscription_init(struct sc_subscription *s, const struct sc_subscription_times *times, int64_t now_ms);

/* Whether a request for that place would go on where the last one stopped. */
bool sc_subscription_stands_at(const struct sc_subscription *s, const struct sc_position *at);
/* A request begins to stand. CANCEL: the subscription stands elsewhere. */
enum sc_subscription_do sc_subscription_want(struct sc_subscription *s, const struct sc_position *at, int64_t now_ms);
/* The request was answered with records up to last (len 0: none), or is no longer wanted. */
void sc_subscription_answered(struct sc_subscription *s, const struct sc_sequence *last);

/* State DUE, at due_ms or later: the call is being made. */
void sc_subscription_called(struct sc_subscription *s, int64_t now_ms);
/* It succeeded. */
void sc_subscription_opened(struct sc_subscription *s, int64_t now_ms);
/* Bytes came. */
void sc_subscription_heard(struct sc_subscription *s, int64_t now_ms);
/* Whether the server may send; told whenever that may have changed. */
void sc_subscription_window(struct sc_subscription *s, bool has_window, int64_t now_ms);
/* A whole event: its continuation, NULL for none. Without one the subscription is over: CANCEL. */
enum sc_subscription_do sc_subscription_event(struct sc_subscription *s, const struct sc_sequence *continuation,
                                              int64_t now_ms);
/* The stream ended in order. */
void sc_subscription_ended(struct sc_subscription *s, int64_t now_ms);
/* The call, or the stream, ended with an error: of the service (err->service names it), of the connection, or of what
 * came. err is rewritten where it means something else to the load. */
enum sc_subscription_do sc_subscription_failed(struct sc_subscription *s, struct sc_error *err,
                                               struct sc_random *random, int64_t now_ms);
/* State PARKED: there is room for records again. */
void sc_subscription_resume(struct sc_subscription *s, int64_t now_ms);

enum sc_consumer_verdict {
  SC_CONSUMER_READY,   /* it is there: what is missing is the shard */
  SC_CONSUMER_RENEWED, /* it was gone and has been registered again, or comes to be: call again */
  SC_CONSUMER_UNKNOWN, /* nobody could be asked */
  SC_CONSUMER_LOST     /* it is gone, and not to be registered: err says so */
};
/* State UNSURE: what DescribeStreamConsumer said. err: what the call had failed with, or for LOST why that is the end.
 */
enum sc_subscription_do sc_subscription_described(struct sc_subscription *s, enum sc_consumer_verdict verdict,
                                                  struct sc_random *random, int64_t now_ms);

/* When the machine is to be looked at again: to call (DUE) or for sc_subscription_tick; INT64_MAX: never. */
int64_t sc_subscription_due_ms(const struct sc_subscription *s);
/* Time has passed. CANCEL: the subscription is silent, or unwanted; *silent_ms says for how long nothing came (0:
 * unwanted). */
enum sc_subscription_do sc_subscription_tick(struct sc_subscription *s, struct sc_random *random, int64_t now_ms,
                                             int64_t *silent_ms);

#endif
