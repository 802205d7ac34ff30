/* The journal: what must outlive the process, appended to one file (frames.h) and made durable in groups.
 *
 * An append copies bytes into memory, under the journal's lock, and is cheap. One thread writes what has gathered since its last write
 * in one go and syncs it (syncfile.h), while the next appends gather; then it raises the gate to what is on the disk. Whoever
 * wants to speak of what was appended takes a ticket and waits for it: for what it wrote, and for what it read, which may be
 * as new. More than SC_JOURNAL_GATHER bytes do not gather: an append waits then for the thread to take them.
 *
 * When a write fails the gate is never raised again, appends are dropped, and `failed` is called, once, by the thread: the
 * process is to end, no ticket of that time will be good. Any thread, but for new and close.
 */
#ifndef SC_LOCAL_JOURNAL_H
#define SC_LOCAL_JOURNAL_H

#include "bench/local/base/gate.h"
#include "bench/local/disk/syncfile.h"

#define SC_JOURNAL_GATHER (32u << 20)

struct sc_journal;

struct sc_journal_settings {
  struct sc_syncfile *file; /* taken over */
  uint64_t end;             /* bytes the file has; a whole frame, or the head, is before */
  void (*failed)(void *context, const struct sc_error *err); /* must be short; may be NULL */
  void *context;
};

struct sc_journal *sc_journal_new(const struct sc_journal_settings *settings);
/* Writes what has gathered and an empty batch behind it, frees the journal. No one calls it and no one listens to the gate any more.
 * The error of this or of any earlier write. NULL is fine. */
int sc_journal_close(struct sc_journal *journal, struct sc_error *err);

/* A frame; kind and parts as sc_frame_start wants them, kind not SC_FRAME_BATCH. */
void sc_journal_append(struct sc_journal *journal, uint8_t kind, const struct sc_slice *parts, int n_parts);
/* Good when all that was appended before this call is on the disk. */
struct sc_ticket sc_journal_ticket(struct sc_journal *journal);

#endif
