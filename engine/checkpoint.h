/* The position of one shard as its write thread knows it: a pure state machine beside the target's row.
 *
 * What is committed is what the target said; nothing is ever resumed from memory. After any doubt the shard is taken
 * again (docs/architecture.md, "Exactly once"): the take is the only source of an epoch and a position.
 */
#ifndef SC_CHECKPOINT_H
#define SC_CHECKPOINT_H

#include "engine/position.h"

enum sc_checkpoint_state {
  SC_CHECKPOINT_NONE,    /* not taken: nothing may be written */
  SC_CHECKPOINT_HELD,    /* taken */
  SC_CHECKPOINT_PENDING, /* spans accepted since the last commit */
  SC_CHECKPOINT_SENT,    /* the commit was sent, its answer is not known */
  SC_CHECKPOINT_ENDED    /* the shard's end is committed */
};

struct sc_checkpoint {
  enum sc_checkpoint_state state;
  uint32_t term; /* incarnation: raised by every take */
  int64_t epoch;
  struct sc_sequence committed; /* by the target's word; len 0: no record yet */
  struct sc_sequence pending;   /* last record accepted */
  bool pending_end;
  int64_t read_until_ms;        /* newest seen; monotonic within a term */
  int64_t stored_read_until_ms; /* as committed */
};

/* What the take returned. term is the write thread's new one, above the last. */
void sc_checkpoint_taken(struct sc_checkpoint *c, uint32_t term, int64_t epoch, const struct sc_sequence *position,
                         int64_t read_until_ms, bool ended);
/* Before a take: forgets everything but the term, so that nothing is accepted. */
void sc_checkpoint_lost(struct sc_checkpoint *c);
/* A span of records first..last (len 0: none) of term. SC_OK: write it. SC_E_FENCED: of another term, or nothing is
 * held: drop it. SC_E_INTERNAL: it would repeat or run backwards (first <= the position), or comes behind the shard's
 * end: the caller rewinds, nothing is written twice. Not while a commit is under way (asserted): its answer says what
 * comes next. */
int sc_checkpoint_accept(struct sc_checkpoint *c, uint32_t term, const struct sc_sequence *first,
                         const struct sc_sequence *last, bool end, int64_t read_until_ms);
/* Must the next commit name this shard? Idle shards refresh read_until at most every refresh_ms. */
bool sc_checkpoint_is_dirty(const struct sc_checkpoint *c, int64_t refresh_ms);
/* The commit that names this shard goes out now, with committed as the previous position and pending as the new one. */
void sc_checkpoint_sent(struct sc_checkpoint *c);
/* Its answer was COMMIT. Any other answer, or none: sc_checkpoint_lost and a take, or sc_checkpoint_refused. */
void sc_checkpoint_committed(struct sc_checkpoint *c);
/* The transaction is known to be rolled back and will be replayed from the blocks kept (rows the target refused): the
 * pending position stays pending. */
void sc_checkpoint_refused(struct sc_checkpoint *c);

#endif
