/* One fault asked for by a test: what goes wrong, with which calls, how often (the script of them: faults.h).
 *
 * A fault is written as names and values, the same ones in the option --faults and in the JSON of the control endpoint
 * (faultspec.h reads both); here is what each name and each kind means, in one table each:
 *   operation       of the API; "*" any call; "SubscribeToShard.event" each event of a subscription. Default "*"
 *   kind            see below; default error
 *   error=CODE      short for kind=error and code=CODE
 *   p               probability with each call that fits; then without an end unless count is given
 *   count, after    how many calls are hit, and how many that fit go by before the first; defaults 1 and 0
 *   code, status, message, retry_after_ms  of the error; defaults by code (apierror.h); x-amz-retry-after
 *   bytes           of the body that are sent before the end of it; -1: not even the header
 *   every           kind entries: fails the 1st, every + 1st, ... entry
 *   children        kind end-falsely: names children that do not exist
 *   delay_ms, piece_bytes, date_skew_ms    with any kind: waits; sends the body in pieces of that size; wrong Date
 * Pure; any thread.
 */
#ifndef SCL_FAULTS_FAULT_H
#define SCL_FAULTS_FAULT_H

#include "bench/local/http/exchange.h"
#include "engine/base/error.h"

/* Faults that may wait at one time. */
#define SCL_FAULTS_MAX 10000
/* The operation by which events of a subscription are named. */
#define SCL_FAULT_EVENTS "SubscribeToShard.event"

enum scl_fault_kind {
  SCL_FAULT_ERROR,           /* answers `code` with `status` and `message`, does nothing; an event: the exception */
  SCL_FAULT_DELIVERY,        /* sends all of it, late, in pieces, with another date */
  SCL_FAULT_RESET,           /* sends bytes of the body, then resets the connection */
  SCL_FAULT_TRUNCATE,        /* sends bytes of the body, then closes */
  SCL_FAULT_HALF_OPEN,       /* sends bytes of the body, then neither sends nor reads again */
  SCL_FAULT_RST_STREAM,      /* HTTP/2: RST_STREAM behind bytes of the body */
  SCL_FAULT_REFUSED,         /* HTTP/2: RST_STREAM with REFUSED_STREAM; nothing is done */
  SCL_FAULT_GOAWAY,          /* HTTP/2: GOAWAY behind the whole body, or bytes of it */
  SCL_FAULT_ENTRIES,         /* PutRecords: puts the others, fails every n-th entry with `code` */
  SCL_FAULT_EXPIRE_ITERATOR, /* GetRecords: the iterator has expired */
  /* GetRecords says of a page what is not so: taken by scl_faults_take_page */
  SCL_FAULT_DUPLICATE,   /* NextShardIterator points at the page's own beginning */
  SCL_FAULT_BEHIND_ZERO, /* MillisBehindLatest is 0 while records remain */
  SCL_FAULT_END_LATE,    /* a closed shard that has been read to its end still gives an iterator */
  SCL_FAULT_END_FALSELY, /* an open shard gives no NextShardIterator; with `children`, such that do not exist */
  /* events of a subscription */
  SCL_FAULT_CORRUPT, /* the frame's checksum is wrong */
  SCL_FAULT_END      /* the subscription ends in order before this event */
};

/* When kinds that are not for any call come into question. */
enum {
  SCL_FAULT_AT_CALL = 1,    /* before it is carried out; an event: before it is sent */
  SCL_FAULT_AT_RECORDS = 2, /* the page holds records */
  SCL_FAULT_AT_BEHIND = 4,  /* records remain behind it */
  SCL_FAULT_AT_END = 8,     /* it is the last one of a closed shard */
  SCL_FAULT_AT_OPEN = 16    /* it is of an open shard */
};

struct scl_fault {
  char operation[64];
  enum scl_fault_kind kind;
  const char *name; /* the kind's, as it was written */
  unsigned at;      /* one of SCL_FAULT_AT_* */
  uint32_t given;   /* which names were given: of use to this module only */
  double p;         /* 1 unless is_random */
  bool is_random;
  int64_t count; /* hits; INT64_MAX without an end */
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

/* The type that a value has already where it was read. */
enum scl_fault_form { SCL_FAULT_FORM_ANY, SCL_FAULT_FORM_TEXT, SCL_FAULT_FORM_NUMBER, SCL_FAULT_FORM_FLAG };

/* Begins a fault, sets names one by one (SC_E_USAGE: unknown, twice, or no such value), and checks the whole: names
 * that the kind has no use for and kinds that the operation does not have are SC_E_USAGE, with a list of what there
 * is. */
void scl_fault_begin(struct scl_fault *fault);
int scl_fault_set(struct scl_fault *fault, struct sc_slice name, struct sc_slice value, enum scl_fault_form form,
                  struct sc_error *err);
int scl_fault_finish(struct scl_fault *fault, struct sc_error *err);

/* The members that were given, as JSON without the braces around them; read again they give the same fault. */
void scl_fault_write(const struct scl_fault *fault, struct sc_buf *out);

/* Writes the error of kind SCL_FAULT_ERROR as the reply, in the reply's format. */
void scl_fault_answer(const struct scl_fault *fault, struct scl_reply *reply);
/* Adds to a delivery how the fault changes it. */
void scl_fault_apply_delivery(const struct scl_fault *fault, struct scl_delivery *delivery);
/* The same of a whole reply, with its headers. */
void scl_fault_apply(const struct scl_fault *fault, struct scl_reply *reply);

#endif
