/* The folder that keeps a store over restarts: --data-dir. In it is one SQLite database, `streams.db` (tables.h), and
 * SQLite's own files beside it.
 *
 * Opening makes the folder (0700; the one above must be there) and the file, locks the file against a second server,
 * and fills the store (restore.h). From then on the store's recorder gathers every change in memory. One thread takes
 * what has gathered since its last transaction, writes it in one transaction, and raises the gate to what is on the
 * disk, while the next changes gather. Whoever wants to speak of a change, or of what it read, takes a ticket and waits
 * for it. More than SCL_DATADIR_GATHER bytes do not gather: a change waits then for the thread to take them.
 *
 * When a transaction fails the gate is never raised again, changes are dropped, and on_failure is called, once, by the
 * thread: the process is to end, no ticket of that time will be good. Opened and closed by the main thread, while
 * nobody else uses the store.
 */
#ifndef SCL_DISK_DATADIR_H
#define SCL_DISK_DATADIR_H

#include "bench/local/store/store.h"
#include "engine/base/error.h"

#define SCL_DATADIR_GATHER (32u << 20)

struct scl_datadir;

/* The store is empty. on_failure must be short; it may be NULL. SC_E_BUSY when another server has the folder, else
 * SC_E_IO. */
int scl_datadir_open(const char *path, struct scl_store *store, int64_t now_ms,
                     void (*on_failure)(void *context, const struct sc_error *err), void *context,
                     struct scl_datadir **out, struct sc_error *err);
/* Writes what has gathered; all of it is on the disk when SC_OK is returned. The store has no recorder any more. The
 * error of this or of any earlier transaction. NULL is fine. */
int scl_datadir_close(struct scl_datadir *datadir, struct sc_error *err);

#endif
