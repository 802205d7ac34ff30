/* One shard being read, as a pure state machine: (state, event) -> action. No I/O, no clock of its own.
 *
 * The machine knows the position, the end and the term of the shard. How a reader asks for records (iterators, pace,
 * back-off; subscriptions) is the reader's own (source.h). The fetch thread that owns the shard feeds the machine what
 * happened and does what it says; the simulation does the same a million times (tests/simulation).
 *
 * Rules, each of them broken by some other tool: reading goes on behind the last record handed over, never at the run's
 * start; an end (a null iterator) is believed only when ListShards says that the shard is closed, and without child
 * shards only when a second reading from the same position comes to the same end; a page that comes again does not move
 * the position back; an empty page is not the tip; a closed shard has an end and no tip; the last batch of a closed
 * shard travels before its end counts. Protocol: GetRecords, SubscribeToShard (AWS Kinesis API Reference 2013-12-02).
 */
#ifndef SC_SHARD_H
#define SC_SHARD_H

#include "engine/position.h"

struct sc_error;

/* What counts as the tip of a shard, and what happens there. */
struct sc_tip {
  int64_t behind_latest_ms; /* MillisBehindLatest at most this, and the page not full */
  int64_t idle_interval_ms; /* with follow: the next request this long after the last one; 0 at once */
  bool follow;              /* false: the shard is done at its tip */
};

enum sc_shard_state {
  SC_SHARD_IDLE,    /* not started, or held: waits for a start */
  SC_SHARD_READING, /* the next reply is wanted */
  SC_SHARD_UNSURE,  /* an end of a shard not known to be closed: control looks at ListShards */
  SC_SHARD_DONE     /* ended, or at the tip of a bounded load */
};

struct sc_shard {
  enum sc_shard_state state;
  uint32_t term; /* incarnation */
  bool in_request;
  struct sc_position position; /* reading goes on here: advances with every record handed over */
  int64_t due_ms;              /* the next request not before */
  int64_t asked_ms;            /* the last request */
  bool closed;                 /* a listing says so */
  bool doubted;                /* closed, and an end without child shards came; no record since */
  uint8_t silent_pages;        /* empty replies without a lag since the last other one */
  bool unknown;                /* UNSURE because the service does not know the shard */
};

enum sc_shard_do {
  SC_DO_NOTHING,     /* wait for an event */
  SC_DO_REQUEST,     /* start a request at .position, not before due_ms */
  SC_DO_CONFIRM_END, /* ask control whether the shard is closed */
  SC_DO_FAIL         /* the error given ends the run */
};

/* A reply as its reader saw it: a page of GetRecords, or an event of a subscription. */
struct sc_reply {
  uint32_t n_records;
  bool full;               /* more may be there although the lag says 0 */
  bool has_next;           /* false: an end (null NextShardIterator, null ContinuationSequenceNumber) */
  bool has_children;       /* ChildShards came with it */
  int64_t behind_ms;       /* MillisBehindLatest; -1 when absent */
  struct sc_sequence last; /* of its last record; len 0 without records */
};

void sc_shard_init(struct sc_shard *s);
/* Starts, or starts again after a rewind: whatever was under way is of an older term. term is above the last one; at is
 * not LATEST, which control pins to a time: a reader that begins there again would pass over records. */
enum sc_shard_do sc_shard_start(struct sc_shard *s, const struct sc_position *at, uint32_t term, int64_t now_ms);
/* Stops asking until the next start, which has a new term: answers to requests of an older term are dropped by the
 * fetch thread, one of this term changes nothing here. */
void sc_shard_stop(struct sc_shard *s);
/* Control saw in a listing that the shard is closed: from now on it ends, it is never at a tip. Without this a bounded
 * load would stop at the last record of a closed shard and never see its children. Kept over starts. */
void sc_shard_closed(struct sc_shard *s);
/* A request was started. */
void sc_shard_asked(struct sc_shard *s, int64_t now_ms);
/* Its answer is a reply. due_ms: the reader wants the next request no sooner. *flags: what the batch carries (enum
 * sc_batch_flag). The batch is handed over in any case, before the action. */
enum sc_shard_do sc_shard_replied(struct sc_shard *s, const struct sc_reply *reply, const struct sc_tip *tip,
                                  int64_t due_ms, uint32_t *flags);
/* What the reply says of the time before which everything was read: service time (its Date) minus lag. 0 when it says
 * nothing: without MillisBehindLatest; lag 0 on a full page; lag 0 in a closed shard, which got its last record long
 * ago, so that its children's first ones are older than now. */
int64_t sc_shard_read_until_ms(const struct sc_shard *s, const struct sc_reply *reply, int64_t service_ms);
/* Its answer is an error; decides by code and class. SC_AGAIN (nothing yet), retry and throttle: the same request at
 * due_ms, for which the reader has backed off. SC_E_NO_SHARD: CONFIRM_END. Else FAIL. */
enum sc_shard_do sc_shard_failed(struct sc_shard *s, const struct sc_error *err, int64_t due_ms);
/* Control's answer to CONFIRM_END, from a listing begun after it was asked. closed: the shard is closed there, or no
 * longer there. A shard the service does not know ends with that: *flags gets SC_BATCH_END and an empty batch travels
 * with it. In all other cases it is read again, and a closed one ends with the next end. */
enum sc_shard_do sc_shard_confirmed(struct sc_shard *s, bool closed, int64_t now_ms, uint32_t *flags);
/* The position behind a reply; never back, whatever comes again. Readers that keep a place of their own move it by the
 * same rule. */
void sc_position_move(struct sc_position *position, const struct sc_sequence *last);

#endif
