/* The journal: what must outlive the process, appended to one file (frames.h) and made durable in groups.
 *
 * An append copies bytes into memory, under the journal's lock, and is cheap. One thread writes what has gathered since
 * its last write in one go and syncs it (syncfile.h), while the next appends gather; then it raises the gate to what is
 * on the disk. Whoever wants to speak of what was appended takes a ticket and waits for it: for what it wrote, and for
 * what it read, which may be as new. More than SCL_JOURNAL_GATHER bytes do not gather: an append waits then for the
 * thread to take them.
 *
 * When a write fails the gate is never raised again, appends are dropped, and `failed` is called, once, by the thread:
 * the process is to end, no ticket of that time will be good. Any thread, but for new and close.
 */
#ifndef SCL_DISK_JOURNAL_H
#define SCL_DISK_JOURNAL_H

#include "bench/local/base/gate.h"
#include "bench/local/disk/syncfile.h"

#define SCL_JOURNAL_GATHER (32u << 20)

struct scl_journal;

struct scl_journal_settings {
  struct scl_syncfile *file; /* taken over */
  uint64_t end;              /* bytes the file has; a whole frame, or the head, is before */
  void (*failed)(void *context, const struct sc_error *err); /* must be short; may be NULL */
  void *context;
};

struct scl_journal *scl_journal_new(const struct scl_journal_settings *settings);
/* Writes what has gathered and an empty batch behind it, frees the journal. No one calls it and no one listens to the
 * gate any more. The error of this or of any earlier write. NULL is fine. */
int scl_journal_close(struct scl_journal *journal, struct sc_error *err);

/* A frame; kind and parts as scl_frame_start wants them, kind not SCL_FRAME_BATCH. */
void scl_journal_append(struct scl_journal *journal, uint8_t kind, const struct sc_slice *parts, int n_parts);
/* Good when all that was appended before this call is on the disk. */
struct scl_ticket scl_journal_ticket(struct scl_journal *journal);

#endif
