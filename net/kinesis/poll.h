/* How one shard is asked by polling, as a pure state machine: its iterator, its pace, its back-off. No I/O, no clock.
 *
 * The polling reader (poll_reader.h) holds one for each shard and does what it says; the simulation drives it together
 * with the shard's own machine (engine/shard.h). An iterator stands at a position. A request for another position (the
 * first one, a rewind) gets a new iterator, and so does the request after an iterator expired or was null: it is made
 * behind the last record of the reply before, never at the start of the run. GetShardIterator, GetRecords (AWS Kinesis
 * API Reference 2013-12-02).
 */
#ifndef SC_NET_KINESIS_POLL_H
#define SC_NET_KINESIS_POLL_H

#include "engine/base/random.h"
#include "engine/shard.h"

/* Of all shards of a stream: GetRecords allows 5 calls and 2 MiB a second and shard on AWS. */
struct sc_poll_pace {
  int64_t call_interval_us; /* between two GetRecords of a shard; 0 none */
  int64_t bytes_per_second; /* 0 no limit */
};

struct sc_poll {
  bool has_iterator;           /* it stands at: */
  struct sc_position at;       /* ... and moves with every reply */
  unsigned failures;           /* calls since the last GetRecords that succeeded */
  int64_t called_us, paced_us; /* the last GetRecords; the next one not before, by calls and bytes */
  int64_t bytes_free_us;       /* when the byte pace is paid off */
};

enum sc_poll_do {
  SC_POLL_GET_ITERATOR, /* call GetShardIterator at .at */
  SC_POLL_GET_RECORDS,  /* call GetRecords with the iterator held */
  SC_POLL_WAIT          /* answer SC_AGAIN: the pace allows GetRecords at paced_us */
};

/* A request for that position was started. */
enum sc_poll_do sc_poll_start(struct sc_poll *p, const struct sc_position *position, int64_t now_us);
/* The iterator is made. */
enum sc_poll_do sc_poll_got_iterator(struct sc_poll *p, int64_t now_us);
/* GetRecords was sent. */
void sc_poll_called(struct sc_poll *p, int64_t now_us);
/* Its reply, of so many bytes of data (base64 counted as what it stands for). Returns when the next request is due. */
int64_t sc_poll_replied(struct sc_poll *p, const struct sc_reply *reply, size_t bytes, const struct sc_poll_pace *pace);
/* Either call failed. Returns when the next request is due: at once for the first expired iterator, else after a
 * back-off with full jitter, which for a throttled call begins a second from now. */
int64_t sc_poll_failed(struct sc_poll *p, const struct sc_error *err, struct sc_random *random, int64_t now_us);

#endif
