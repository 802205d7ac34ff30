/* Calls of the Kinesis API over libcurl: a fixed number of lanes, each a connection with one call under way. HTTP/1.1,
 * keep-alive.
 *
 * It is no part of what is measured: nothing is signed (an Authorization header of the right form is sent), bodies go
 * into one buffer a lane that is used again, nothing is retried. One owner thread; sc_client_run calls back in it.
 */
#ifndef SC_BENCH_DRIVE_CLIENT_H
#define SC_BENCH_DRIVE_CLIENT_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

struct sc_client;

struct sc_client_reply {
  int status;
  /* with SC_BODY_PADDING readable bytes behind it; empty of a streamed one; good for the callback */
  struct sc_slice body;
};

struct sc_client_call {
  const char *operation; /* "GetRecords" */
  bool is_cbor;
  bool is_streamed;     /* data gets the chunk alone, the body is not kept; unless the status is not 200 */
  struct sc_slice body; /* borrowed until done */
  /* The body so far, from its first byte; or NULL. Not SC_OK ends the call. Not called when the status is not 200. */
  int (*data)(void *arg, struct sc_slice body, struct sc_error *err);
  /* The reply is whole; err->code says if it is not. May start the lane's next call. */
  void (*done)(void *arg, const struct sc_client_reply *reply, struct sc_error *err);
  void *arg;
};

/* ca_file: for https, else NULL. */
struct sc_client *sc_client_new(const char *endpoint, const char *ca_file, uint32_t lanes, struct sc_error *err);
void sc_client_free(struct sc_client *client); /* calls under way are dropped */

/* The lane must be idle; it is within its own done. */
void sc_client_start(struct sc_client *client, uint32_t lane, const struct sc_client_call *call);
/* Until no call is under way. */
void sc_client_run(struct sc_client *client);
/* Ends sc_client_run at its next turn: for callbacks. */
void sc_client_stop(struct sc_client *client);
/* Ends it at that time of sc_clock_mono_ms. */
void sc_client_stop_at(struct sc_client *client, int64_t mono_ms);

/* One call, JSON, on lane 0; blocks. body is cleared first. Any status but 200 is SC_E_PROTOCOL with the reply's
 * text. */
struct sc_buf;
int sc_client_ask(struct sc_client *client, const char *operation, struct sc_slice request, struct sc_buf *body,
                  struct sc_error *err);

#endif
