/* Control's side of the target: its session, the lock, the plan. */
#ifndef SC_LOAD_CONTROL_CONTROL_TARGET_H
#define SC_LOAD_CONTROL_CONTROL_TARGET_H

#include "engine/load/control/controller.h"

int sc_controller_open_target(struct sc_controller *c, struct sc_error *err);
/* The plan of a table that is there; else sampling begins. */
int sc_controller_first_plan(struct sc_controller *c, struct sc_error *err);
/* The session failed in the middle of something: connects and locks again, or ends the run. */
void sc_controller_lost(struct sc_controller *c, const struct sc_error *err);
/* False, with an error: there is none that holds the lock. A shared one is closed by a rewind of its write thread,
 * which is noticed here. In an errand. */
bool sc_controller_has_session(struct sc_controller *c, struct sc_error *err);
/* Is the target as this load left it? False: the lock was lost, or write threads have yet to take their shards again;
 * ask again later. */
bool sc_controller_target_is_confirmed(struct sc_controller *c);
/* The stop begins: nobody is to wait for a plan or a lock any more. */
void sc_controller_release_all(struct sc_controller *c);
void sc_controller_want_resume(struct sc_controller *c, uint32_t writer);
void sc_controller_sampled(struct sc_controller *c, uint64_t records, bool drained);
void sc_controller_schema_request(struct sc_controller *c, uint32_t generation);
void sc_controller_replan(struct sc_controller *c, uint32_t writer, uint32_t generation, const struct sc_error *why);
void sc_controller_held(struct sc_controller *c);
/* Whatever of the above was put off and is due. */
void sc_controller_tick_target(struct sc_controller *c, int64_t now_ms);
void sc_controller_release(struct sc_controller *c);
void sc_controller_close_target(struct sc_controller *c);
/* After the join. */
void sc_controller_free_plans(struct sc_controller *c);

#endif
