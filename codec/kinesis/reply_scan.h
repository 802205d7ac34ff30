/* What the next request needs from a GetRecords reply in JSON, or from an event of a subscription, taken while it
 * arrives.
 *
 * The fetch thread feeds each chunk after it was appended to the body, and asks for the facts when the body is whole.
 * Depth-aware: names count as members of the reply's own object only, never as bytes somewhere (a partition key may
 * contain any of them); members come in any order; escapes are handled. What is inside `Records` is passed with 64-byte
 * masks, and only the last record is looked into; everything else in there is the parse thread's to check
 * (envelope_json.h).
 *
 * Stricter than JSON in one thing: a member this module reads must not come twice.
 * Plain struct in the caller's storage; no allocation, no I/O, any thread. The body may move between calls (only
 * offsets are kept). Bounds: nesting 64, iterator SC_REPLY_ITERATOR_MAX bytes, body below 4 GiB.
 * Source: Kinesis API Reference, GetRecords, Response Elements; Smithy, AWS JSON 1.1 protocol. Absent and null are
 * alike.
 */
#ifndef SC_CODEC_KINESIS_REPLY_SCAN_H
#define SC_CODEC_KINESIS_REPLY_SCAN_H

#include "codec/json/mask.h"
#include "engine/base/error.h"
#include "engine/position.h"

#define SC_REPLY_ITERATOR_MAX 2048 /* the service says 512; emulators are less strict */
#define SC_GET_RECORDS_MAX 10000   /* records of a reply: the greatest Limit of GetRecords */

struct sc_reply_facts {
  /* 0: absent, null or empty, the shard's end: to be believed only with children or a closed entry */
  uint32_t iterator_len;
  char iterator[SC_REPLY_ITERATOR_MAX + 1]; /* unescaped, NUL behind it */
  int64_t millis_behind;                    /* MillisBehindLatest; -1 when absent or null */
  bool has_children;                        /* ChildShards is there and not empty */
  uint32_t n_records;
  struct sc_sequence last; /* the last record's SequenceNumber; len 0 when there are no records */
};

/* A stretch of the body: offsets, since the body may move. end 0: there is none. */
struct sc_reply_span {
  uint32_t start, end;
};

/* Private, here for its size alone. */
struct sc_reply_scan {
  size_t pos; /* all before it is read */
  uint32_t state, member;
  uint32_t seen;              /* bit: member */
  uint32_t depth;             /* objects and arrays that are open */
  uint64_t kinds;             /* bit i: the one at depth i + 1 is an object */
  struct sc_json_mask mask;   /* while inside a nested value */
  struct sc_reply_span token; /* the string or scalar being read, without quotes */
  struct sc_reply_span iterator, millis, last_record;
  uint32_t n_records;
  bool has_children, of_event;
};

void sc_reply_scan_init(struct sc_reply_scan *scan);
/* For the payload of a SubscribeToShardEvent: in place of NextShardIterator its ContinuationSequenceNumber is found. */
void sc_reply_scan_init_event(struct sc_reply_scan *scan);

/* body[0 .. len_so_far) is what has come so far, from its first byte, with SC_BODY_PADDING readable bytes behind it,
 * which are not believed. Returns 0, or SC_E_PROTOCOL as soon as that cannot become a reply any more; after an error
 * only init may follow. */
int sc_reply_scan_feed(struct sc_reply_scan *scan, const char *body, size_t len_so_far, struct sc_error *err);

/* The body is whole (len bytes, with SC_BODY_PADDING readable ones behind; what was not fed yet is fed). SC_E_PROTOCOL
 * when it is cut short, has bytes behind it, has no Records (null counts as empty), more than SC_GET_RECORDS_MAX of
 * them, or a last record without a proper SequenceNumber. */
int sc_reply_scan_finish(struct sc_reply_scan *scan, const char *body, size_t len, struct sc_reply_facts *out,
                         struct sc_error *err);

#endif
