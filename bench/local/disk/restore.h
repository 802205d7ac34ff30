/* Fills the store from the data folder's database (tables.h): streams, shards, records, ids, times and sequence numbers
 * are as they were.
 *
 * The file may be anybody's: whatever is in it, the store that comes out keeps every invariant of store.h, or there is
 * an error that names the table. Records that are too old are left out, and deleted in the file; the last record of
 * each shard stays there, so that its numbers go on. One thread; nobody else uses the store yet.
 */
#ifndef SCL_DISK_RESTORE_H
#define SCL_DISK_RESTORE_H

#include "bench/local/disk/database.h"
#include "bench/local/store/store.h"

struct scl_restored {
  uint64_t records, kept; /* in the file; of them in the store */
};

/* The store is empty and has no recorder. SC_E_IO. */
int scl_restore_run(struct scl_database *db, struct scl_store *store, int64_t now_ms, struct scl_restored *restored,
                    struct sc_error *err);

#endif
