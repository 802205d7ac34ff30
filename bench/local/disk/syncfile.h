/* A file that is written at its end and made durable: a write and an fdatasync in one call.
 *
 * By io_uring, with the two linked so that the kernel is entered once; where the kernel refuses it (seccomp,
 * io_uring_disabled, an old one), which is found out when the file is opened and said once in the log, by pwrite and
 * fdatasync. The one module that includes liburing's header. One owner thread at a time; every call but open may wait
 * for the disk.
 */
#ifndef SCL_DISK_SYNCFILE_H
#define SCL_DISK_SYNCFILE_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

enum scl_syncfile_by { SCL_SYNCFILE_BEST, SCL_SYNCFILE_PWRITE };

struct scl_syncfile;

/* Takes the descriptor of a file open for writing, and closes it. */
struct scl_syncfile *scl_syncfile_new(int fd, enum scl_syncfile_by by);
void scl_syncfile_free(struct scl_syncfile *file); /* NULL is allowed */
bool scl_syncfile_is_uring(const struct scl_syncfile *file);

/* All bytes are at the offset and on the disk when it returns SC_OK, else SC_E_IO. */
int scl_syncfile_write(struct scl_syncfile *file, struct sc_slice bytes, uint64_t offset, struct sc_error *err);

#endif
