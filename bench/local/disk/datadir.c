#include "bench/local/disk/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/local/disk/frames.h"
#include "bench/local/disk/journal.h"
#include "bench/local/disk/persist.h"
#include "bench/local/disk/replay.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"

#define JOURNAL "journal"
#define JOURNAL_NEW "journal.new"
/* Bytes that are written at a time when a journal is made anew. */
#define CHUNK_BYTES (8u << 20)

struct scl_datadir {
  char *path;
  int dir, lock; /* descriptors; -1: not open */
  struct scl_store *store;
  struct scl_journal *journal;
  struct scl_persist_sink sink;
  struct scl_store_recorder recorder;
};

/* A journal that is ready for more. */
struct ready {
  struct scl_syncfile *file;
  uint64_t end;
};

static int failed(const struct scl_datadir *d, const char *what, struct sc_error *err) {
  return sc_error_errno(err, SC_E_IO, errno, "%s in the data folder %s", what, d->path);
}

/* ---- the folder ---- */

static int lock_folder(struct scl_datadir *d, struct sc_error *err) {
  d->lock = openat(d->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (d->lock < 0) return failed(d, "opening lock", err);
  if (flock(d->lock, LOCK_EX | LOCK_NB) == 0) return SC_OK;
  if (errno != EWOULDBLOCK) return failed(d, "locking", err);
  sc_error_set(err, SC_E_BUSY, "the data folder %s belongs to another shardcopy-local that is running", d->path);
  sc_error_hint(err, "stop that one, or name another folder with --data-dir");
  return err->code;
}

static int open_folder(struct scl_datadir *d, struct sc_error *err) {
  if (mkdir(d->path, 0700) != 0 && errno != EEXIST)
    return sc_error_errno(err, SC_E_IO, errno, "making the data folder %s", d->path);
  d->dir = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (d->dir < 0) return sc_error_errno(err, SC_E_IO, errno, "opening the data folder %s", d->path);
  return lock_folder(d, err);
}

/* ---- a journal made anew ---- */

struct maker {
  struct scl_syncfile *file;
  uint64_t written;
  struct sc_buf chunk;
  int code;
  struct sc_error *err;
};

static void flush(struct maker *maker) {
  if (maker->code == SC_OK)
    maker->code = scl_syncfile_write(maker->file, sc_buf_view(&maker->chunk), maker->written, maker->err);
  maker->written += maker->chunk.len;
  sc_buf_clear(&maker->chunk);
}

static void make_entry(void *context, uint8_t kind, const struct sc_slice *parts, int n_parts) {
  struct maker *maker = context;
  scl_frames_add(&maker->chunk, kind, parts, n_parts);
  if (maker->chunk.len >= CHUNK_BYTES) flush(maker);
}

static void make_batch(struct maker *maker) {
  char batch[SCL_FRAME_BATCH_BYTES];
  scl_frame_batch(batch, maker->written + maker->chunk.len);
  sc_buf_add(&maker->chunk, batch, sizeof(batch));
}

static int put_in_place(const struct scl_datadir *d, struct sc_error *err) {
  if (renameat(d->dir, JOURNAL_NEW, d->dir, JOURNAL) != 0) return failed(d, "renaming " JOURNAL_NEW, err);
  return fsync(d->dir) == 0 ? SC_OK : failed(d, "syncing", err);
}

/* Of all that is in the store, in place of the one that is there. An empty batch ends it: it is whole. */
static int make_journal(const struct scl_datadir *d, struct ready *ready, struct sc_error *err) {
  int fd = openat(d->dir, JOURNAL_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return failed(d, "making " JOURNAL_NEW, err);
  struct maker maker = {.file = scl_syncfile_new(fd, SCL_SYNCFILE_BEST), .err = err};
  struct scl_persist_sink sink = {.context = &maker, .add = make_entry};
  scl_frames_add_head(&maker.chunk);
  make_batch(&maker);
  scl_persist_all(d->store, &sink);
  make_batch(&maker);
  flush(&maker);
  sc_buf_fini(&maker.chunk);
  int rc = maker.code == SC_OK ? put_in_place(d, err) : maker.code;
  if (rc != SC_OK) scl_syncfile_free(maker.file);
  else *ready = (struct ready){maker.file, maker.written};
  return rc;
}

/* ---- the journal that is there ---- */

static void say_read(const char *name, const struct scl_replay *replay, int64_t start_ms) {
  struct sc_buf file = SC_BUF_INIT;
  sc_log_add_field(&file, "file", name);
  sc_log(SC_INFO, "journal read", "%s bytes=%llu records=%llu kept=%llu ms=%lld", sc_buf_str(&file),
         (unsigned long long)replay->good_bytes, (unsigned long long)replay->records,
         (unsigned long long)replay->live_records, (long long)(sc_clock_mono_ms() - start_ms));
  if (replay->torn_bytes > 0)
    sc_log(SC_WARN, "the last write was cut short, nobody was told of what it held: taken off", "%s at=%llu bytes=%llu",
           sc_buf_str(&file), (unsigned long long)replay->good_bytes, (unsigned long long)replay->torn_bytes);
  sc_buf_fini(&file);
}

static int replay_file(const struct scl_datadir *d, int fd, const char *name, int64_t now_ms, struct scl_replay *replay,
                       struct sc_error *err) {
  struct stat stat;
  int64_t start_ms = sc_clock_mono_ms();
  if (fstat(fd, &stat) != 0) return failed(d, "reading " JOURNAL, err);
  size_t len = (size_t)stat.st_size;
  void *bytes = len == 0 ? NULL : mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED) return failed(d, "reading " JOURNAL, err);
  int rc = scl_replay_run(d->store, sc_slice_of(bytes, len), name, now_ms, replay, err);
  if (bytes != NULL) munmap(bytes, len);
  if (rc != SC_OK) return rc;
  say_read(name, replay, start_ms);
  if (replay->torn_bytes > 0 && (ftruncate(fd, (off_t)replay->good_bytes) != 0 || fsync(fd) != 0))
    return failed(d, "cutting " JOURNAL, err);
  return SC_OK;
}

static bool is_half_dead(const struct scl_replay *replay) {
  return replay->good_bytes >= SCL_DATADIR_COMPACT_BYTES && replay->live_bytes < replay->good_bytes / 2;
}

static int take_over(const struct scl_datadir *d, int fd, const struct scl_replay *replay, struct ready *ready,
                     struct sc_error *err) {
  if (!is_half_dead(replay)) {
    *ready = (struct ready){scl_syncfile_new(fd, SCL_SYNCFILE_BEST), replay->good_bytes};
    return SC_OK;
  }
  close(fd);
  int rc = make_journal(d, ready, err);
  if (rc == SC_OK)
    sc_log(SC_INFO, "journal written anew, more than half of it was of what is gone", "bytes=%llu before=%llu",
           (unsigned long long)ready->end, (unsigned long long)replay->good_bytes);
  return rc;
}

static int open_journal(const struct scl_datadir *d, int64_t now_ms, struct ready *ready, struct sc_error *err) {
  struct scl_replay replay;
  unlinkat(d->dir, JOURNAL_NEW, 0); /* of a start that did not get to its end */
  int fd = openat(d->dir, JOURNAL, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno == ENOENT ? make_journal(d, ready, err) : failed(d, "opening " JOURNAL, err);
  struct sc_buf name = SC_BUF_INIT;
  sc_buf_printf(&name, "%s/" JOURNAL, d->path);
  int rc = replay_file(d, fd, sc_buf_str(&name), now_ms, &replay, err);
  sc_buf_fini(&name);
  if (rc == SC_OK) return take_over(d, fd, &replay, ready, err);
  close(fd);
  return rc;
}

/* ---- from then on ---- */

static void append(void *context, uint8_t kind, const struct sc_slice *parts, int n_parts) {
  const struct scl_datadir *d = context;
  scl_journal_append(d->journal, kind, parts, n_parts);
}

static struct scl_ticket ticket(void *context) {
  const struct scl_datadir *d = context;
  return scl_journal_ticket(d->journal);
}

static void start_recording(struct scl_datadir *d) {
  d->sink = (struct scl_persist_sink){d, append, ticket};
  d->recorder = scl_persist_recorder(&d->sink);
  scl_store_set_recorder(d->store, &d->recorder);
}

static void free_datadir(struct scl_datadir *d) {
  if (d->lock >= 0) close(d->lock);
  if (d->dir >= 0) close(d->dir);
  free(d->path);
  free(d);
}

int scl_datadir_open(const char *path, struct scl_store *store, int64_t now_ms,
                     void (*on_failure)(void *context, const struct sc_error *err), void *context,
                     struct scl_datadir **out, struct sc_error *err) {
  struct ready ready;
  struct scl_datadir *d = sc_alloc_zero(1, sizeof(*d));
  *out = NULL;
  d->path = sc_strdup(path);
  d->dir = d->lock = -1;
  d->store = store;
  int rc = open_folder(d, err);
  if (rc == SC_OK) rc = open_journal(d, now_ms, &ready, err);
  if (rc != SC_OK) {
    free_datadir(d);
    return rc;
  }
  struct scl_journal_settings settings = {ready.file, ready.end, on_failure, context};
  d->journal = scl_journal_new(&settings);
  start_recording(d);
  *out = d;
  return SC_OK;
}

int scl_datadir_close(struct scl_datadir *d, struct sc_error *err) {
  if (d == NULL) return SC_OK;
  scl_store_set_recorder(d->store, NULL);
  int rc = scl_journal_close(d->journal, err);
  free_datadir(d);
  return rc;
}
