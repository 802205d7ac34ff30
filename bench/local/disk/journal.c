#include "bench/local/disk/journal.h"

#include <stdlib.h>

#include "bench/local/disk/frames.h"
#include "engine/base/buf.h"

/* Memory that a buffer keeps for the next batch. */
#define KEEP_BYTES (4u << 20)

struct scl_journal {
  struct scl_syncfile *file;
  void (*failed)(void *context, const struct sc_error *err);
  void *context;
  struct scl_gate gate;
  pthread_t thread;
  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t work, taken;
  struct sc_buf gathered;
  _Atomic uint64_t end; /* of the file with all that was appended; read without the lock too */
  bool is_closing, is_failed;
  struct sc_error error;
};

/* One batch to the disk. Called with the lock held, which it lets go for as long as that takes. */
static void write_batch(struct scl_journal *journal, struct sc_buf *batch) {
  struct sc_error err;
  struct sc_buf taken = journal->gathered;
  journal->gathered = *batch;
  *batch = taken;
  uint64_t end = atomic_load(&journal->end);
  pthread_cond_broadcast(&journal->taken);
  pthread_mutex_unlock(&journal->lock);
  int rc = scl_syncfile_write(journal->file, sc_buf_view(batch), end - batch->len, &err);
  if (rc == SC_OK) scl_gate_raise(&journal->gate, end);
  else if (journal->failed != NULL) journal->failed(journal->context, &err);
  if (batch->cap > KEEP_BYTES) sc_buf_fini(batch);
  sc_buf_clear(batch);
  pthread_mutex_lock(&journal->lock);
  if (rc == SC_OK) return;
  journal->is_failed = true;
  journal->error = err;
  pthread_cond_broadcast(&journal->taken);
}

static void *write_batches(void *context) {
  struct scl_journal *journal = context;
  struct sc_buf batch = SC_BUF_INIT;
  pthread_mutex_lock(&journal->lock);
  while (!journal->is_failed) {
    while (journal->gathered.len == 0 && !journal->is_closing) pthread_cond_wait(&journal->work, &journal->lock);
    if (journal->gathered.len == 0) break;
    write_batch(journal, &batch);
  }
  pthread_mutex_unlock(&journal->lock);
  sc_buf_fini(&batch);
  return NULL;
}

struct scl_journal *scl_journal_new(const struct scl_journal_settings *settings) {
  struct scl_journal *journal = sc_alloc_zero(1, sizeof(*journal));
  journal->file = settings->file;
  journal->failed = settings->failed;
  journal->context = settings->context;
  atomic_init(&journal->end, settings->end);
  scl_gate_init(&journal->gate);
  scl_gate_raise(&journal->gate, settings->end);
  pthread_mutex_init(&journal->lock, NULL);
  pthread_cond_init(&journal->work, NULL);
  pthread_cond_init(&journal->taken, NULL);
  int failed = pthread_create(&journal->thread, NULL, write_batches, journal);
  SC_ASSERT(!failed);
  return journal;
}

/* An empty batch: who reads the file knows by it that the one before is whole. */
static int seal(struct scl_journal *journal, struct sc_error *err) {
  char batch[SCL_FRAME_BATCH_BYTES];
  if (journal->is_failed) {
    *err = journal->error;
    return err->code;
  }
  scl_frame_batch(batch, journal->end);
  return scl_syncfile_write(journal->file, sc_slice_of(batch, sizeof(batch)), journal->end, err);
}

int scl_journal_close(struct scl_journal *journal, struct sc_error *err) {
  if (journal == NULL) return SC_OK;
  pthread_mutex_lock(&journal->lock);
  journal->is_closing = true;
  pthread_cond_signal(&journal->work);
  pthread_mutex_unlock(&journal->lock);
  pthread_join(journal->thread, NULL);
  int rc = seal(journal, err);
  scl_syncfile_free(journal->file);
  sc_buf_fini(&journal->gathered);
  pthread_cond_destroy(&journal->taken);
  pthread_cond_destroy(&journal->work);
  pthread_mutex_destroy(&journal->lock);
  scl_gate_fini(&journal->gate);
  free(journal);
  return rc;
}

static void gather(struct scl_journal *journal, const char start[SCL_FRAME_OVERHEAD], const struct sc_slice *parts,
                   int n_parts) {
  struct sc_buf *out = &journal->gathered;
  uint64_t end = atomic_load(&journal->end);
  size_t before = out->len;
  if (before == 0) {
    char batch[SCL_FRAME_BATCH_BYTES];
    scl_frame_batch(batch, end);
    sc_buf_add(out, batch, sizeof(batch));
  }
  sc_buf_add(out, start, SCL_FRAME_OVERHEAD);
  for (int i = 0; i < n_parts; i++) sc_buf_add_slice(out, parts[i]);
  atomic_store(&journal->end, end + out->len - before);
  if (before == 0) pthread_cond_signal(&journal->work);
}

void scl_journal_append(struct scl_journal *journal, uint8_t kind, const struct sc_slice *parts, int n_parts) {
  char start[SCL_FRAME_OVERHEAD];
  SC_ASSERT(kind != SCL_FRAME_BATCH);
  scl_frame_start(start, kind, parts, n_parts); /* the sums before the lock */
  pthread_mutex_lock(&journal->lock);
  while (journal->gathered.len > SCL_JOURNAL_GATHER && !journal->is_failed)
    pthread_cond_wait(&journal->taken, &journal->lock);
  if (!journal->is_failed) gather(journal, start, parts, n_parts);
  pthread_mutex_unlock(&journal->lock);
}

struct scl_ticket scl_journal_ticket(struct scl_journal *journal) {
  return (struct scl_ticket){&journal->gate, atomic_load(&journal->end)};
}
