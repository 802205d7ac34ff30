/* One shard being read by polling, as a pure state machine: (state, event) -> action. No I/O, no clock of its own.
 *
 * The fetch thread that owns the shard feeds it what happened and does what it says; the simulation does the same a
 * million times (tests/simulation). Rules, each a bug in some peer (peers.md C): an expired iterator is re-made AFTER
 * the last record handed over, never from the run's start; a null iterator is believed only when ListShards says that
 * the shard is closed, and without child shards only when a fresh iterator then comes to the same end; a page that
 * comes again does not move the position back; an empty page is not the tip; a closed shard has an end and no tip; the
 * last batch of a closed shard travels before its end counts. Protocol: GetShardIterator, GetRecords (AWS Kinesis API
 * Reference 2013-12-02).
 */
#ifndef SC_SHARD_H
#define SC_SHARD_H

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/batch.h"

/* The pace, shared by the shards of a fetch thread; times in ms. */
struct sc_pace {
  int64_t call_interval_ms; /* between two GetRecords of a shard: 200 at 5 calls/s; 0 none */
  int64_t bytes_per_second; /* 2 MiB on AWS hosts; 0 no limit */
  int64_t idle_interval_ms; /* between two polls of a shard at its tip (--follow) */
  int64_t behind_latest_ms; /* the tip: MillisBehindLatest at most this, and the page not full */
  bool follow;              /* false: the shard is done at its tip */
};

enum sc_shard_state {
  SC_SHARD_IDLE,     /* not started, or held: waits for a start */
  SC_SHARD_ITERATOR, /* needs an iterator at .position */
  SC_SHARD_READY,    /* has an iterator */
  SC_SHARD_UNSURE,   /* a null iterator of a shard not known to be closed: control looks at ListShards */
  SC_SHARD_DONE      /* ended, or at the tip of a bounded load */
};

struct sc_shard {
  enum sc_shard_state state;
  uint32_t term; /* incarnation */
  bool in_call;
  struct sc_position position; /* where an iterator would be made: advances with every record handed over */
  int64_t due_ms;              /* the next call not before */
  unsigned failures;           /* calls since the last GetRecords that succeeded */
  bool closed;                 /* a listing says so */
  bool doubted;                /* closed, and a null iterator without child shards came; no record since */
  uint8_t silent_pages;        /* empty replies without a lag since the last other one */
  bool unknown;                /* UNSURE because the service does not know the shard */
  int64_t called_ms;           /* the last GetRecords */
  int64_t paced_ms;            /* the next GetRecords not before, by calls and bytes */
  int64_t bytes_free_ms;       /* when the byte pace is paid off */
};

enum sc_shard_do {
  SC_DO_NOTHING,      /* wait for an event, or until due_ms */
  SC_DO_GET_ITERATOR, /* call GetShardIterator at .position, not before due_ms */
  SC_DO_GET_RECORDS,  /* call GetRecords with the iterator held, not before due_ms */
  SC_DO_CONFIRM_END,  /* ask control whether the shard is closed */
  SC_DO_FAIL          /* the error given ends the run */
};

/* A GetRecords reply as the tokenizer saw it. */
struct sc_reply {
  uint32_t n_records;
  size_t body_bytes; /* base64 counted as what it stands for */
  bool full;         /* Limit records or the size cap: more may be there although the lag says 0 */
  bool has_next, has_children;
  int64_t behind_ms;       /* MillisBehindLatest; -1 when absent */
  struct sc_sequence last; /* of its last record; len 0 without records */
};

void sc_shard_init(struct sc_shard *s);
/* Starts, or starts again after a rewind: whatever was under way is of an older term. term is above the last one; at is
 * not LATEST, which control pins to a time: an iterator made again there would pass over records. */
enum sc_shard_do sc_shard_start(struct sc_shard *s, const struct sc_position *at, uint32_t term, int64_t now_ms);
/* Stops asking until the next start, which has a new term: replies to calls of an older term are dropped by the fetch
 * thread, one of this term changes nothing here. */
void sc_shard_stop(struct sc_shard *s);
/* Control saw in a listing that the shard is closed: from now on it ends, it is never at a tip. Without this a bounded
 * load would stop at the last record of a closed shard and never see its children. Kept over starts. */
void sc_shard_closed(struct sc_shard *s);
/* A call was sent. */
void sc_shard_called(struct sc_shard *s, int64_t now_ms);
enum sc_shard_do sc_shard_got_iterator(struct sc_shard *s, int64_t now_ms);
/* *flags: what the batch carries (enum sc_batch_flag). The batch is handed over in any case, before the action. */
enum sc_shard_do sc_shard_got_records(struct sc_shard *s, const struct sc_reply *reply, const struct sc_pace *pace,
                                      int64_t now_ms, uint32_t *flags);
/* What the reply says of the time before which everything was read: service time (its Date) minus lag. 0 when it says
 * nothing: without MillisBehindLatest; lag 0 on a full page; lag 0 in a closed shard, which got its last record long
 * ago, so that its children's first ones are older than now. */
int64_t sc_shard_read_until_ms(const struct sc_shard *s, const struct sc_reply *reply, int64_t service_ms);
/* The call failed; decides by code and class: expired iterator -> new one; retry and throttle -> back-off with full
 * jitter (throttle at least 1 s behind); auth, config, fatal -> FAIL. SC_E_NO_SHARD -> CONFIRM_END. */
enum sc_shard_do sc_shard_failed(struct sc_shard *s, const struct sc_error *err, struct sc_random *random,
                                 int64_t now_ms);
/* Control's answer to CONFIRM_END, from a listing begun after it was asked. closed: the shard is closed there, or no
 * longer there. A shard the service does not know ends with that: *flags gets SC_BATCH_END and an empty batch travels
 * with it. In all other cases it is read again, and a closed one ends with the next null iterator. */
enum sc_shard_do sc_shard_confirmed(struct sc_shard *s, bool closed, int64_t now_ms, uint32_t *flags);

#endif
