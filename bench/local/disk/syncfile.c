#include "bench/local/disk/syncfile.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/log.h"

#define RING_ENTRIES 4
/* As much as goes into one write: a result is an int. */
#define WRITE_MAX (1u << 30)

enum { IS_WRITE = 1, IS_SYNC };

struct scl_syncfile {
  int fd;
  bool is_uring;
  struct io_uring ring;
};

static bool knows_operations(struct io_uring *ring) {
  struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
  bool knows = probe != NULL && io_uring_opcode_supported(probe, IORING_OP_WRITE) &&
               io_uring_opcode_supported(probe, IORING_OP_FSYNC);
  if (probe != NULL) io_uring_free_probe(probe);
  return knows;
}

static bool open_ring(struct io_uring *ring) {
  int failed = io_uring_queue_init(RING_ENTRIES, ring, 0);
  if (failed != 0) {
    sc_log(SC_WARN, "the kernel refuses io_uring, the journal is written by pwrite and fdatasync", "errno=%d", -failed);
    return false;
  }
  if (knows_operations(ring)) return true;
  io_uring_queue_exit(ring);
  sc_log(SC_WARN, "the kernel's io_uring is too old, the journal is written by pwrite and fdatasync", NULL);
  return false;
}

struct scl_syncfile *scl_syncfile_new(int fd, enum scl_syncfile_by by) {
  struct scl_syncfile *file = sc_alloc_zero(1, sizeof(*file));
  file->fd = fd;
  file->is_uring = by == SCL_SYNCFILE_BEST && open_ring(&file->ring);
  return file;
}

void scl_syncfile_free(struct scl_syncfile *file) {
  if (file == NULL) return;
  if (file->is_uring) io_uring_queue_exit(&file->ring);
  close(file->fd);
  free(file);
}

bool scl_syncfile_is_uring(const struct scl_syncfile *file) { return file->is_uring; }

static int failed(int os_errno, const char *what, struct sc_error *err) {
  return sc_error_errno(err, SC_E_IO, os_errno, "%s the journal", what);
}

/* A write came back: moves on over what it wrote. */
static int take_written(ssize_t written, struct sc_slice *bytes, uint64_t *offset, struct sc_error *err) {
  if (written == -EINTR || written == -EAGAIN) return SC_OK;
  if (written < 0) return failed((int)-written, "writing", err);
  if (written == 0 && bytes->len > 0) return failed(EIO, "writing", err);
  SC_ASSERT((size_t)written <= bytes->len);
  *bytes = sc_slice_of(bytes->ptr + written, bytes->len - (size_t)written);
  *offset += (uint64_t)written;
  return SC_OK;
}

/* ---- pwrite and fdatasync ---- */

static int write_plain(struct scl_syncfile *file, struct sc_slice bytes, uint64_t offset, struct sc_error *err) {
  while (bytes.len > 0) {
    ssize_t written = pwrite(file->fd, bytes.ptr, bytes.len, (off_t)offset);
    int rc = take_written(written < 0 ? -errno : written, &bytes, &offset, err);
    if (rc != SC_OK) return rc;
  }
  while (fdatasync(file->fd) != 0)
    if (errno != EINTR) return failed(errno, "syncing", err);
  return SC_OK;
}

/* ---- io_uring ---- */

struct outcome {
  int written, synced; /* results, or -errno */
};

/* A write, and a sync that the kernel begins when all of it is written: a short write cancels the sync. */
static int write_and_sync(struct scl_syncfile *file, struct sc_slice bytes, uint64_t offset, struct outcome *out,
                          struct sc_error *err) {
  size_t len = bytes.len < WRITE_MAX ? bytes.len : WRITE_MAX;
  struct io_uring_sqe *sqe = io_uring_get_sqe(&file->ring), *sync = io_uring_get_sqe(&file->ring);
  SC_ASSERT(sqe != NULL && sync != NULL);
  io_uring_prep_write(sqe, file->fd, bytes.ptr, (unsigned)len, offset);
  io_uring_sqe_set_data64(sqe, IS_WRITE);
  io_uring_sqe_set_flags(sqe, IOSQE_IO_LINK);
  io_uring_prep_fsync(sync, file->fd, IORING_FSYNC_DATASYNC);
  io_uring_sqe_set_data64(sync, IS_SYNC);
  int submitted = 0;
  for (int n = 0; submitted < 2; submitted += n) {
    n = io_uring_submit_and_wait(&file->ring, 2);
    if (n == -EINTR || n == -EAGAIN) n = 0;
    if (n < 0) return failed(-n, "submitting a write of", err);
  }
  for (int i = 0; i < 2; i++) {
    struct io_uring_cqe *cqe;
    int waited = io_uring_wait_cqe(&file->ring, &cqe);
    while (waited == -EINTR) waited = io_uring_wait_cqe(&file->ring, &cqe);
    if (waited < 0) return failed(-waited, "waiting for a write of", err);
    if (io_uring_cqe_get_data64(cqe) == IS_WRITE) out->written = cqe->res;
    else out->synced = cqe->res;
    io_uring_cqe_seen(&file->ring, cqe);
  }
  return SC_OK;
}

static int write_uring(struct scl_syncfile *file, struct sc_slice bytes, uint64_t offset, struct sc_error *err) {
  struct outcome outcome = {0, -ECANCELED};
  int rc = SC_OK;
  while (rc == SC_OK && (bytes.len > 0 || outcome.synced == -ECANCELED)) {
    rc = write_and_sync(file, bytes, offset, &outcome, err);
    if (rc == SC_OK) rc = take_written(outcome.written, &bytes, &offset, err);
    bool is_failed = outcome.synced < 0 && outcome.synced != -ECANCELED && outcome.synced != -EINTR;
    if (rc == SC_OK && is_failed) rc = failed(-outcome.synced, "syncing", err);
    if (outcome.synced == -EINTR) outcome.synced = -ECANCELED;
  }
  return rc;
}

int scl_syncfile_write(struct scl_syncfile *file, struct sc_slice bytes, uint64_t offset, struct sc_error *err) {
  return file->is_uring ? write_uring(file, bytes, offset, err) : write_plain(file, bytes, offset, err);
}
