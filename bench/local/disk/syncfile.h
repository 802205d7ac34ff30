/* A file that is written at its end and made durable: a write and an fdatasync in one call.
 *
 * By io_uring, with the two linked so that the kernel is entered once; where the kernel refuses it (seccomp, io_uring_disabled, an old
 * one), which is found out when the file is opened and said once in the log, by pwrite and fdatasync. The one module that
 * includes liburing's header. One owner thread at a time; every call but open may wait for the disk.
 */
#ifndef SC_LOCAL_SYNCFILE_H
#define SC_LOCAL_SYNCFILE_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

enum sc_syncfile_by { SC_SYNCFILE_BEST, SC_SYNCFILE_PWRITE };

struct sc_syncfile;

/* Takes the descriptor of a file open for writing, and closes it. */
struct sc_syncfile *sc_syncfile_new(int fd, enum sc_syncfile_by by);
void sc_syncfile_free(struct sc_syncfile *file); /* NULL is allowed */
bool sc_syncfile_is_uring(const struct sc_syncfile *file);

/* All bytes are at the offset and on the disk when it returns SC_OK, else SC_E_IO. */
int sc_syncfile_write(struct sc_syncfile *file, struct sc_slice bytes, uint64_t offset, struct sc_error *err);

#endif
