/* The folder that keeps a store over restarts: --data-dir. In it are `journal` (journal.h) and `lock`.
 *
 * Opening makes the folder (0700; the one above must be there) and files (0600), locks the folder against a second
 * server, and reads the journal into the store. A write that was cut short at its end is taken off, with a log line;
 * anything else that is not as it was written is an error that names the byte. When more than half of the journal is of
 * what is gone (trimmed records, deleted streams) it is written anew beside, synced, and renamed: it does not shrink
 * while the service runs.
 *
 * From then on the store's recorder appends to the journal. Opened and closed by the main thread, while nobody else
 * uses the store.
 */
#ifndef SCL_DISK_DATADIR_H
#define SCL_DISK_DATADIR_H

#include "bench/local/store/store.h"
#include "engine/base/error.h"

/* A journal smaller than this is not written anew. */
#define SCL_DATADIR_COMPACT_BYTES (64u << 10)

struct scl_datadir;

/* The store is empty. on_failure: as failed in scl_journal_settings. SC_E_BUSY when another server has the folder, else
 * SC_E_IO. */
int scl_datadir_open(const char *path, struct scl_store *store, int64_t now_ms,
                     void (*on_failure)(void *context, const struct sc_error *err), void *context,
                     struct scl_datadir **out, struct sc_error *err);
/* All that was recorded is on the disk when it returns SC_OK; the store has no recorder any more. The error of this or
 * of any earlier write. NULL is fine. */
int scl_datadir_close(struct scl_datadir *datadir, struct sc_error *err);

#endif
