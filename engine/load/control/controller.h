/* The state of control, and what its parts share: control.c (threads, loop, stop), control_shards.c (positions,
 * lineage, takes), control_target.c (session, lock, plan). Private to them and to --dry-run.
 */
#ifndef SC_LOAD_CONTROL_CONTROLLER_H
#define SC_LOAD_CONTROL_CONTROLLER_H

#include "engine/base/random.h"
#include "engine/load/load_options.h"
#include "engine/load/progress.h"
#include "engine/load/sessions.h"
#include "engine/planner.h"
#include "engine/source.h"

struct sc_fetcher;
struct sc_parser;
struct sc_thread;
struct sc_writer;

/* A shard that was given to threads. */
struct sc_assigned {
  struct sc_shard_info info;
  bool closed_announced; /* its fetch thread was told that it is closed */
};

struct sc_controller {
  struct sc_run *run;
  const struct sc_load_options *options;
  struct sc_error error; /* the first that ends the run; code 0: none */

  /* the stream */
  struct sc_stream_identity identity;
  int64_t identity_mono_ms; /* when identity.service_ms was read */
  struct sc_position start; /* of shards in a first run's listing; LATEST is pinned */
  bool first_run;
  struct sc_lineage *lineage;
  struct sc_assigned **assigned; /* by index in the lineage; NULL: not assigned to threads */
  uint32_t cap_assigned, n_assigned;
  uint32_t *ready; /* shards to be taken */
  size_t n_ready, cap_ready;
  int64_t listed_ms, list_due_ms; /* monotonic */
  uint64_t flagged;               /* batches with a tip or an end that wait for the first plan */
  uint64_t gaps;

  /* the target */
  struct sc_sessions
      sessions; /* its own, or shared with the write thread: then used in errands only (control_errand.h) */
  bool is_shared;
  bool on_errand;
  uint64_t errands;
  bool locked; /* and the session is good */
  int64_t relock_ms, lost_ms, check_ms;
  unsigned lock_failures;
  bool *waiting;   /* [w]: wants to be told to resume */
  uint32_t serial; /* of the last TAKE_AGAIN, sent whenever the lock was lost and is held again */
  uint32_t *taken; /* [w]: the serial it has answered */
  bool make_wanted, reread_wanted;
  bool stopping; /* no plan is made any more: write threads do not hold */
  unsigned alter_failures;
  int64_t reread_ms;          /* not before: others hold a lock on the table */
  struct sc_sample *requests; /* taken from the run, not yet met */
  struct sc_planner planner;
  struct sc_plan **plans; /* all generations: blocks and cells may still view the old ones */
  uint32_t n_plans, cap_plans;
  struct sc_random random;

  /* the threads */
  struct sc_fetcher **fetchers;
  struct sc_parser **parsers;
  struct sc_writer **writers;
  struct sc_thread *threads; /* fetch, then parse, then write */
  uint32_t n_started;
  uint32_t stopped; /* answers of the stage under way */
  bool finished;    /* a bounded load has nothing left to do */

  struct sc_progress progress;
};

static inline bool sc_controller_has_failed(const struct sc_controller *c) { return c->error.code != SC_OK; }
/* The first error counts; the rest are logged. */
void sc_controller_fail(struct sc_controller *c, const struct sc_error *err);

#endif
