/* The inside of control, shared by control.c (threads, loop, stop), control_shards.c (positions, lineage, takes) and
 * control_target.c (session, lock, plan). Private to them.
 */
#ifndef SC_LOAD_CONTROL_CONTROLLER_H
#define SC_LOAD_CONTROL_CONTROLLER_H

#include "engine/base/random.h"
#include "engine/base/thread.h"
#include "engine/load/control/control.h"
#include "engine/load/fetch/fetch_pool.h"
#include "engine/load/parse/parse_pool.h"
#include "engine/load/progress.h"
#include "engine/load/write/write_pool.h"

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
  struct sc_position_row *rows; /* made in this run */
  size_t n_rows, cap_rows;
  struct sc_shard_info **infos; /* by index */
  bool *told_closed;            /* by index: its fetch thread knows that it is closed */
  uint32_t n_infos, cap_infos;
  char (*ready)[129]; /* shards to be taken */
  size_t n_ready, cap_ready;
  int64_t listed_ms, list_due_ms; /* monotonic */
  uint64_t flagged;               /* batches with a tip or an end that wait for the first plan */
  uint64_t gaps;

  /* the target */
  struct sc_session *session;
  bool locked; /* and the session is good */
  int64_t relock_ms, lost_ms, check_ms;
  unsigned lock_failures;
  bool *waiting;   /* [w]: wants GO */
  uint32_t serial; /* of the last TAKE_AGAIN, sent whenever the lock was lost and is held again */
  uint32_t *taken; /* [w]: the serial it has answered */
  bool make_wanted, reread_wanted;
  bool stopping; /* no plan is made any more: write threads do not hold */
  unsigned grant_failures;
  int64_t reread_ms;          /* not before: others hold a lock on the table */
  struct sc_sample *requests; /* taken from the run, not yet granted */
  struct sc_planner planner;
  struct sc_plan **plans; /* all generations: blocks and cells may still view the old ones */
  uint32_t n_plans;
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

/* ---- control_shards.c ---- */
/* Identity, listing, stored positions: the run's start is settled and said in a line; nothing is read yet. */
int sc_controller_open_positions(struct sc_controller *c, struct sc_error *err);
/* Inserts what is new, takes and assigns what may be read. */
int sc_controller_assign(struct sc_controller *c, struct sc_error *err);
/* Lists again, then assigns. Errors of the retry and throttle class only postpone the next listing. */
void sc_controller_discover(struct sc_controller *c);
void sc_controller_confirm_end(struct sc_controller *c, const struct sc_shard_info *shard);
void sc_controller_shard_done(struct sc_controller *c, const struct sc_shard_info *shard, bool ended);
/* How far the shard furthest behind is behind, by the service's word; -1 unknown. */
int64_t sc_controller_lag_ms(const struct sc_controller *c);
void sc_controller_free_shards(struct sc_controller *c);

/* ---- control_target.c ---- */
int sc_controller_open_target(struct sc_controller *c, struct sc_error *err);
/* The plan of a table that is there; else sampling begins. */
int sc_controller_first_plan(struct sc_controller *c, struct sc_error *err);
/* The session failed in the middle of something: connects and locks again, or ends the run. */
void sc_controller_lost(struct sc_controller *c, const struct sc_error *err);
/* Is the target as this load left it? False: the lock was lost, or write threads have yet to take their shards again;
 * ask again later. */
bool sc_controller_target_is_confirmed(struct sc_controller *c);
/* The stop begins: nobody is to wait for a plan or a lock any more. */
void sc_controller_release_all(struct sc_controller *c);
void sc_controller_want_go(struct sc_controller *c, uint32_t writer);
void sc_controller_sampled(struct sc_controller *c, uint64_t records, bool drained);
void sc_controller_schema_request(struct sc_controller *c, uint32_t generation);
void sc_controller_replan(struct sc_controller *c, uint32_t writer, uint32_t generation, const struct sc_error *why);
void sc_controller_held(struct sc_controller *c);
/* Whatever of the above was put off and is due. */
void sc_controller_tick_target(struct sc_controller *c, int64_t now_ms);
void sc_controller_release(struct sc_controller *c);
void sc_controller_close_target(struct sc_controller *c);
/* After the threads are gone. */
void sc_controller_free_plans(struct sc_controller *c);

#endif
