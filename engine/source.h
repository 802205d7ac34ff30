/* The interface of sources: streams of shards, read by requests. net/ implements it.
 *
 * Control thread: open, identity, list_shards, close. A fetch thread owns one reader. reread may be called by any
 * thread. Blocking calls are bounded by their own deadlines (connect 5 s, call 30 s, retries with jitter up to about a
 * minute) and return early with SC_E_STOPPED once sc_stop_now() (stop.h).
 */
#ifndef SC_SOURCE_H
#define SC_SOURCE_H

#include <sys/queue.h>

#include "engine/base/error.h"
#include "engine/shard.h"

struct sc_batch;
struct sc_budget;
struct sc_buf;
struct sc_examine;
struct sc_listed;
struct sc_options;
struct sc_park;
struct sc_records;
struct sc_shard_info;
struct sc_timings;
struct sc_source;
struct sc_reader;

/* Who the stream is: one deleted and made again has another creation time. */
struct sc_stream_identity {
  char name[SC_SHARD_ID_MAX + 1]; /* stream names have the same bound as shard ids */
  char arn[2049];
  int64_t created_ms;       /* StreamCreationTimestamp; 0 unknown */
  int64_t retention_ms;     /* RetentionPeriodHours */
  int64_t max_record_bytes; /* MaxRecordSizeInKiB; 0 unknown */
  int64_t service_ms;       /* the service's own Date at that call: LATEST is pinned to it */
};

/* "The next reply of this shard". From a pool of the fetch thread; the reader's from start until next gives it back.
 * A started request answers once: with a page of GetRecords, or with an event of a subscription. That is all the
 * back-pressure there is. A request costs credit and a place only while its reply comes in, so a request that stands
 * for minutes is free. */
struct sc_request {
  const struct sc_shard_info *shard;
  uint32_t term;
  struct sc_position position; /* the reply begins behind this one; never LATEST */
  uint32_t limit;              /* no more records than this are wanted; 0: as many as the reader likes */
  /* Out. error: code 0, there is a reply. SC_AGAIN: nothing yet. Retry and throttle classes: the reader has backed off.
   * In all three the next request is wanted no sooner than due_ms (monotonic). */
  struct sc_error error;
  struct sc_batch *batch; /* NULL: the reply holds no records. shard, term and flags are set by the fetch thread */
  struct sc_reply reply;
  int64_t service_ms; /* Date of the reply in epoch ms; 0 unknown */
  int64_t due_ms;
  void *impl; /* the reader's own */
  STAILQ_ENTRY(sc_request) entry;
};
STAILQ_HEAD(sc_requests, sc_request);

struct sc_reader_config {
  struct sc_budget *budget;
  struct sc_park *park; /* of the fetch thread; poll returns when it is woken, and finishes it */
  /* of the fetch thread; told when poll sleeps, and that a call waits for credit; may be NULL */
  struct sc_timings *timings;
  size_t largest_reply_bytes; /* a body over this is SC_E_PROTOCOL; sc_batch_cost of it fits the reserve */
};

struct sc_source_ops {
  const char *name;                /* "kinesis" */
  bool (*claims)(const char *url); /* is the URL ours? */

  /* Parses the URL (its query parameters become options: sc_options_set), settles region, endpoint and credentials,
   * which may take calls of their own. No call to the service yet. */
  int (*open)(const char *url, struct sc_options *options, struct sc_source **out, struct sc_error *err);
  void (*close)(struct sc_source *source);
  /* For messages: "demo at https://127.0.0.1:4568 (us-east-1)". No secrets. */
  const char *(*describe)(const struct sc_source *source);
  /* The stream's name (of an ARN: its last part): the default of --table and --namespace. */
  const char *(*stream_name)(const struct sc_source *source);
  /* How soon an idle shard is asked again (--follow): 0 when its reader is told by the service. */
  int64_t (*idle_interval_ms)(const struct sc_source *source);
  /* Connections that a reader holds at most: a part of --memory. */
  uint32_t (*connections)(const struct sc_source *source);

  /* Looks at everything that a load needs of the source, and tells of each (examine.h); changes nothing. An error:
   * there was no going on. */
  int (*examine)(struct sc_source *source, struct sc_examine *x, struct sc_error *err);
  int (*identity)(struct sc_source *source, struct sc_stream_identity *out, struct sc_error *err);
  /* All pages. *shards is malloc'ed; free it. */
  int (*list_shards)(struct sc_source *source, struct sc_listed **shards, size_t *n, struct sc_error *err);
  /* The payload of one record, for a dead letter the target found. SC_E_GAP when it has expired. Goes on through an
   * orderly stop, which may need it; SC_E_STOPPED once sc_stop_now(). */
  int (*reread)(struct sc_source *source, const char *shard_id, const struct sc_sequence *sequence, struct sc_buf *data,
                struct sc_error *err);

  /* The load has ended in order: what was set up for it at the service is given back. Before close; NULL: nothing is.
   */
  void (*finish)(struct sc_source *source);

  int (*reader_new)(struct sc_source *source, const struct sc_reader_config *config, struct sc_reader **out,
                    struct sc_error *err);
  /* Requests under way are dropped, their credit is given back; the structs stay the caller's. */
  void (*reader_free)(struct sc_reader *reader);
  /* How many more requests may be started now. */
  uint32_t (*reader_places)(const struct sc_reader *reader);
  /* The replies take long while parse threads have nothing to do: a reader may allow itself more at a time. */
  void (*reader_widen)(struct sc_reader *reader);
  void (*reader_start)(struct sc_reader *reader, struct sc_request *request);
  /* Waits for sockets, the park's descriptor or timeout_ms; makes progress; resumes transfers that wait for credit. The
   * caller has prepared the park (park.h) and finishes it. */
  void (*reader_poll)(struct sc_reader *reader, int timeout_ms);
  /* An answered request, NULL when there is none. */
  struct sc_request *(*reader_next)(struct sc_reader *reader);
  /* Ends a request: it comes out of reader_next with SC_E_STOPPED. */
  void (*reader_cancel)(struct sc_reader *reader, struct sc_request *request);
  /* For --timings, at the end of a load: adds lines about the reader's shards, a bounded number of them. Control
   * thread, after the join of the reader's own. NULL: there is nothing to tell. */
  void (*reader_report)(const struct sc_reader *reader, struct sc_buf *out);
  /* Opens the envelope of a batch that a reader of this source made, in place; any parse thread. SC_E_PROTOCOL when the
   * body is not what the protocol says: nothing of it is used and the request is made again. */
  int (*open_envelope)(struct sc_batch *batch, struct sc_records *out, struct sc_error *err);
};

#endif
