/* Makes a store of a journal's bytes (frames.h, persist.h): streams, shards, records, ids, times and sequence numbers
 * are as they were.
 *
 * The bytes may be anybody's: whatever they are, the store that comes out keeps every invariant that store.h speaks of,
 * or there is an error that names the place. One thread; the store is nobody else's yet and has no recorder. Memory:
 * what the records take; those that are too old by now are dropped at the end.
 */
#ifndef SCL_DISK_REPLAY_H
#define SCL_DISK_REPLAY_H

#include "bench/local/store/store.h"
#include "engine/base/error.h"

struct scl_replay {
  uint64_t good_bytes; /* of the file: what is behind was cut short when it was written */
  uint64_t torn_bytes; /* behind them */
  uint64_t entries, records;
  uint64_t live_records; /* that were young enough to keep, in streams that are there */
  uint64_t live_bytes;   /* about how many a journal of just what is there would take */
};

/* The store is empty. name: the file's, for the error: SC_E_IO. */
int scl_replay_run(struct scl_store *store, struct sc_slice file, const char *name, int64_t now_ms,
                   struct scl_replay *result, struct sc_error *err);

#endif
