/* What is on its way into a stream: which records go into the next PutRecords call, which are sent again and when,
 * which wait for an earlier one of their key. Pure: no I/O, no clock of its own; one owner thread. Allocates for its
 * tables alone.
 *
 * A record is an entry from add until it is confirmed; its JSON is written once and lives as long. It is
 *   ready       to be taken into a call, in the order of the lines
 *   sent        taken and not yet answered for
 *   delayed     failed; to be taken again when its back-off is over, before all that is ready
 *   following   ordered alone: an earlier entry of the same key is not confirmed yet
 *
 * Order per key (ordered): a call holds at most one entry of a key, and none whose predecessor is not confirmed.
 * PutRecords puts the entries of one call in any order and may fail any of them, so nothing less would keep the order.
 * The price: a key advances by one record per round trip. The input is read on past entries that follow, in search of
 * other keys, until memory is full. Then the slowest key of those held sets the pace.
 *
 * Bounds: entries take at most most_bytes of memory, or one entry when that is larger (fits), and no more lines are
 * wanted once a call's worth is ready (has_room). A service that throttles is asked less: of entries sent and not
 * confirmed there are at most `window`. It begins at SC_PUT_WINDOW_LEAST and grows by each entry put; once something
 * was throttled, by every eighth, and shrinks by half the share of throttled entries in a reply, at most once in
 * SC_PUT_CALM_MS. Failed entries wait with full jitter, each reply's drawn once, so that they stay together.
 */
#ifndef SC_NET_PUT_QUEUE_H
#define SC_NET_PUT_QUEUE_H

#include <sys/queue.h>

#include "engine/base/heap.h"
#include "engine/base/slice.h"

#define SC_PUT_CALL_RECORDS_MAX 500                /* of PutRecords */
#define SC_PUT_CALL_BYTES_MAX ((size_t)10 << 20)   /* data and keys of a call */
#define SC_PUT_RECORD_BYTES_MAX ((size_t)10 << 20) /* data and key of a record, unless the stream says less */
#define SC_PUT_WINDOW_LEAST SC_PUT_CALL_RECORDS_MAX
#define SC_PUT_CALM_MS 100

STAILQ_HEAD(sc_put_entries, sc_put_entry);

struct sc_put_entry {
  uint64_t line;
  uint32_t bytes, data_bytes; /* data and key, data alone: as the service counts */
  uint32_t text_len;
  STAILQ_ENTRY(sc_put_entry) next; /* in the list it is in: ready, a call's, those that follow */
  /* the queue's own */
  TAILQ_ENTRY(sc_put_entry) by_line;
  LIST_ENTRY(sc_put_entry) in_bucket;
  struct sc_put_entries following; /* of the first entry of a key: the others, by line */
  struct sc_heap_node node;
  uint64_t hash;
  uint32_t key_at, attempts;
  bool is_sent;
  char text[]; /* {"Data":"...","PartitionKey":"..."} */
};

struct sc_put_rules {
  bool ordered;
  uint32_t call_records; /* 1..SC_PUT_CALL_RECORDS_MAX */
  size_t call_bytes;     /* a larger record goes alone */
  size_t most_bytes;     /* of memory */
  uint64_t most_sent;    /* the window at its widest, in entries; at least SC_PUT_WINDOW_LEAST */
  int64_t linger_ms;     /* how long a call that is not full waits for more */
  uint64_t seed;         /* of the table of keys */
};

/* Why an entry failed; decides its back-off. */
enum sc_put_failure {
  SC_PUT_FAILED,         /* the entry or the whole call: 50 ms, doubled, at most 20 s */
  SC_PUT_THROTTLED,      /* the entry: 200 ms, doubled, at most 1 s: a shard's quota comes back by the second */
  SC_PUT_CALL_THROTTLED, /* the whole call: 1 s, doubled, at most 20 s */
  SC_PUT_FAILURES
};

struct sc_put_queue;

struct sc_put_queue *sc_put_queue_new(const struct sc_put_rules *rules);
void sc_put_queue_free(struct sc_put_queue *q); /* with every entry it holds, sent ones too */

/* What an entry of such a record takes, in bytes. */
size_t sc_put_entry_cost(size_t data_len, size_t key_len);

/* Whether another line is wanted: not while a call's worth is ready. */
bool sc_put_queue_has_room(const struct sc_put_queue *q);
/* Whether a record's entry fits into memory; one always fits into an empty queue. When it does not, calls are no longer
 * kept waiting for company until something is confirmed. */
bool sc_put_queue_fits(struct sc_put_queue *q, size_t data_len, size_t key_len);
/* A record: lines come in ascending order; key is UTF-8, 1 to SC_PUT_KEY_BYTES bytes. */
void sc_put_queue_add(struct sc_put_queue *q, uint64_t line, struct sc_slice data, struct sc_slice key, int64_t now_ms);

/* The entries of the next call, and how many. 0 when no call is worth making now: none is ready or due, or those that
 * are may still wait for company. end: no more lines will come, so nothing waits. */
uint32_t sc_put_queue_take(struct sc_put_queue *q, int64_t now_ms, bool end, struct sc_put_entries *entries);
/* The earliest time at which take may return a call that it would not return now, not counting what confirmations make
 * ready; INT64_MAX: never. */
int64_t sc_put_queue_due_ms(const struct sc_put_queue *q, bool end);

/* The fate of each entry taken. confirmed frees it. unit: [0, 1), the jitter; the same for all entries of a reply. */
void sc_put_queue_confirmed(struct sc_put_queue *q, struct sc_put_entry *entry, int64_t now_ms);
void sc_put_queue_failed(struct sc_put_queue *q, struct sc_put_entry *entry, enum sc_put_failure failure, double unit,
                         int64_t now_ms);
/* After each reply: how many of its entries were put and how many throttled. */
void sc_put_queue_replied(struct sc_put_queue *q, uint32_t put, uint32_t throttled, int64_t now_ms);

/* Stop: from here on only entries up to the last line that was ever sent are given out, so that what is in the stream
 * in the end is the input up to one line, whole. */
void sc_put_queue_cut(struct sc_put_queue *q);
/* All entries are confirmed; after cut: all that are given out. */
bool sc_put_queue_is_done(const struct sc_put_queue *q);
uint64_t sc_put_queue_sent(const struct sc_put_queue *q);   /* entries taken and not confirmed */
uint64_t sc_put_queue_held(const struct sc_put_queue *q);   /* entries not confirmed */
uint64_t sc_put_queue_oldest(const struct sc_put_queue *q); /* the lowest line not confirmed; 0: none */
uint64_t sc_put_queue_window(const struct sc_put_queue *q);

#endif
