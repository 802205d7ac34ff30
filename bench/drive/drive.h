/* bench-drive: puts load on a Kinesis service and says what it took, in one line of JSON.
 *
 * A workload (get.c, put.c, subscribe.c) is a set of lanes, a connection each, that make their calls one after the
 * other; lanes are dealt to threads in turn. Client and service share the machine: what is measured of the service's
 * process (--pid) makes figures "per core of the service" honest.
 */
#ifndef SC_BENCH_DRIVE_DRIVE_H
#define SC_BENCH_DRIVE_DRIVE_H

#include <stdatomic.h>

#include "bench/drive/client.h"
#include "engine/base/buf.h"
#include "engine/base/options.h"

enum sc_drive_command {
  SC_DRIVE_GET,
  SC_DRIVE_POLL,
  SC_DRIVE_PUT,
  SC_DRIVE_SUBSCRIBE,
  SC_DRIVE_CREATE,
  SC_DRIVE_COMMANDS
};
enum {
  SC_DRIVE_ON_GET = 1 << SC_DRIVE_GET,
  SC_DRIVE_ON_POLL = 1 << SC_DRIVE_POLL,
  SC_DRIVE_ON_PUT = 1 << SC_DRIVE_PUT,
  SC_DRIVE_ON_SUBSCRIBE = 1 << SC_DRIVE_SUBSCRIBE,
  SC_DRIVE_ON_CREATE = 1 << SC_DRIVE_CREATE,
  SC_DRIVE_GETS = SC_DRIVE_ON_GET | SC_DRIVE_ON_POLL,
  SC_DRIVE_LOADS = SC_DRIVE_GETS | SC_DRIVE_ON_PUT | SC_DRIVE_ON_SUBSCRIBE,
  SC_DRIVE_ALL = SC_DRIVE_LOADS | SC_DRIVE_ON_CREATE
};
enum sc_drive_option_id {
#define SC_OPTION(id, ...) SC_DRIVE_OPT_##id,
#include "bench/drive/options.def"
#undef SC_OPTION
  SC_DRIVE_OPTIONS
};

/* Of one thread, then of all. */
struct sc_drive_counts {
  uint64_t calls, bytes, records; /* bytes: of reply bodies of GetRecords; of request bodies of PutRecords; of events */
  uint64_t events;                /* of SubscribeToShard, without initial-response */
};

struct sc_drive {
  const struct sc_options *options;
  const char *stream;
  struct sc_buf *shards; /* ids, of the workloads that need them */
  uint32_t n_shards;
  uint64_t n_items;           /* what there is to do */
  _Atomic uint64_t next_item; /* the next that no lane has taken */
  const struct sc_workload *workload;
  int64_t start_us;        /* when the lanes began */
  int64_t seconds;         /* after which lanes are stopped; 0: when they are done */
  struct sc_buf consumer;  /* subscribe: its ARN */
  _Atomic uint64_t wanted; /* subscribe: records that are still to come; at 0 everything stops */
  atomic_bool is_over;
  void *shared; /* the workload's, read-only while lanes run */
};

struct sc_workload {
  size_t lane_bytes; /* of a lane's state, which comes zeroed */
  void (*init)(void *lane, struct sc_drive *drive, struct sc_drive_counts *counts);
  void (*fini)(void *lane);
  /* The lane's next call (operation, is_cbor, body, and is_streamed); false when it has nothing left. */
  bool (*next)(void *lane, struct sc_client_call *call);
  int (*data)(void *lane, struct sc_slice body, struct sc_error *err); /* or NULL */
  int (*done)(void *lane, struct sc_slice body, struct sc_error *err); /* of a reply with status 200 */
};

extern const struct sc_workload sc_drive_get; /* get, poll */
extern const struct sc_workload sc_drive_put;
extern const struct sc_workload sc_drive_subscribe;

/* What put sends: made before the clock starts. */
void *sc_drive_put_prepare(const struct sc_drive *drive);
void sc_drive_put_forget(void *shared);

/* Runs all lanes to their end, at most as many as there are items. */
int sc_drive_run(struct sc_drive *drive, struct sc_drive_counts *counts, struct sc_error *err);
/* The next item, false when all are taken. Any lane. */
bool sc_drive_take_item(struct sc_drive *drive, uint64_t *item);

#endif
