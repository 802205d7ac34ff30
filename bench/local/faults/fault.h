/* One fault that a test asks for: what goes wrong, with which calls, how often. faults.h decides which call it hits.
 *
 * A fault is a set of names and values, the same in the option --faults and in the JSON of the control endpoint
 * (faultspec.h reads both). fault.c has a table of the names and one of the kinds.
 *   operation       of the API; "*": any call; "SubscribeToShard.event": each event of a subscription. Default "*"
 *   kind            see below; default error
 *   error=CODE      short for kind=error and code=CODE
 *   p               probability for each call that fits; without count the fault never ends
 *   count, after    how many calls it hits, and how many fitting calls pass first; defaults 1 and 0
 *   code, status, message, retry_after_ms    of the error; defaults by code (apierror.h); x-amz-retry-after
 *   bytes           bytes of the body before it is cut; -1: not even the header is sent
 *   every           of kind entries: the 1st, every + 1st, ... entry fails
 *   children        of kind end-falsely: names children that do not exist
 *   delay_ms, piece_bytes, date_skew_ms    of any kind: a delay, a body in pieces of that size, a wrong Date
 * Pure; any thread.
 */
#ifndef SCL_FAULTS_FAULT_H
#define SCL_FAULTS_FAULT_H

#include "bench/local/http/exchange.h"
#include "engine/base/error.h"

/* Faults that may be waiting at one time. */
#define SCL_FAULTS_MAX 10000
/* The name, as an operation, of the events of subscriptions. */
#define SCL_FAULT_EVENTS "SubscribeToShard.event"

enum scl_fault_kind {
  SCL_FAULT_ERROR,           /* the call is not executed, the answer is the error; an event: the exception */
  SCL_FAULT_DELIVERY,        /* all is sent: late, in pieces, with another date */
  SCL_FAULT_RESET,           /* after `bytes` of the body the connection is reset */
  SCL_FAULT_TRUNCATE,        /* after `bytes` of the body the connection is closed */
  SCL_FAULT_HALF_OPEN,       /* after `bytes` of the body nothing is sent or read again */
  SCL_FAULT_RST_STREAM,      /* HTTP/2: RST_STREAM after `bytes` of the body */
  SCL_FAULT_REFUSED,         /* HTTP/2: RST_STREAM with REFUSED_STREAM; the call is not executed */
  SCL_FAULT_GOAWAY,          /* HTTP/2: GOAWAY after the body, or `bytes` of it */
  SCL_FAULT_ENTRIES,         /* PutRecords: every n-th entry fails with `code`, the others are put */
  SCL_FAULT_EXPIRE_ITERATOR, /* GetRecords: the iterator has expired */
  /* False statements of GetRecords about a page (scl_faults_take_page) */
  SCL_FAULT_DUPLICATE,   /* NextShardIterator points to the beginning of the same page */
  SCL_FAULT_BEHIND_ZERO, /* MillisBehindLatest is 0 while records remain */
  SCL_FAULT_END_LATE,    /* a closed shard that was read to its end still gives an iterator */
  SCL_FAULT_END_FALSELY, /* an open shard gives no NextShardIterator; with `children`, children that do not exist */
  /* events of a subscription */
  SCL_FAULT_CORRUPT, /* the frame's checksum is wrong */
  SCL_FAULT_END      /* the subscription ends in order before this event */
};

/* When a kind can apply. */
enum {
  SCL_FAULT_AT_CALL = 1,    /* before the call is executed, or the event is sent */
  SCL_FAULT_AT_RECORDS = 2, /* the page has records */
  SCL_FAULT_AT_BEHIND = 4,  /* records follow the page */
  SCL_FAULT_AT_END = 8,     /* the page is the last one of a closed shard */
  SCL_FAULT_AT_OPEN = 16    /* the page is of an open shard */
};

struct scl_fault {
  char operation[64];
  enum scl_fault_kind kind;
  const char *name; /* of the kind, as it was written */
  unsigned at;      /* one of SCL_FAULT_AT_* */
  uint32_t given;   /* which names were given; private */
  double p;         /* 1 unless is_random */
  bool is_random;
  int64_t count; /* hits; INT64_MAX: it never ends */
  int64_t after;
  int64_t status;
  char code[64];
  char message[256];
  int64_t retry_after_ms;
  int64_t delay_ms, piece_bytes, date_skew_ms;
  int64_t bytes;
  int64_t every;
  int64_t children; /* 0 or 1 */
};

/* The type that a value has in its source; ANY in an option. */
enum scl_fault_form { SCL_FAULT_FORM_ANY, SCL_FAULT_FORM_TEXT, SCL_FAULT_FORM_NUMBER, SCL_FAULT_FORM_FLAG };

/* A fault is begun, its names are set one by one, and then it is checked as a whole. SC_E_USAGE for a name that is
 * unknown or given twice, for an invalid value, for a name that the kind does not have, and for a kind that the
 * operation does not have. The hint lists what is possible. */
void scl_fault_begin(struct scl_fault *fault);
int scl_fault_set(struct scl_fault *fault, struct sc_slice name, struct sc_slice value, enum scl_fault_form form,
                  struct sc_error *err);
int scl_fault_finish(struct scl_fault *fault, struct sc_error *err);

/* Appends the names that were given as members of a JSON object, without its braces. Reading them gives the same fault.
 */
void scl_fault_write(const struct scl_fault *fault, struct sc_buf *out);

/* Makes the reply the error of a fault of kind SCL_FAULT_ERROR. */
void scl_fault_answer(const struct scl_fault *fault, struct scl_reply *reply);
/* Applies the fault to a delivery. */
void scl_fault_apply_delivery(const struct scl_fault *fault, struct scl_delivery *delivery);
/* Applies the fault to a reply: its delivery and headers. */
void scl_fault_apply(const struct scl_fault *fault, struct scl_reply *reply);

#endif
