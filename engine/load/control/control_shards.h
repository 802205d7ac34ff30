/* Control's shards: positions at the start, lineage, takes, assignment to threads. */
#ifndef SC_LOAD_CONTROL_CONTROL_SHARDS_H
#define SC_LOAD_CONTROL_CONTROL_SHARDS_H

#include "engine/load/control/controller.h"

/* Where a shard without a stored position starts. */
struct sc_position sc_controller_start_of(const struct sc_controller *c, uint32_t index);
/* Identity, listing, stored positions: settles the run's start and logs it; nothing is read yet. */
int sc_controller_open_positions(struct sc_controller *c, struct sc_error *err);
/* Inserts what is new, takes and assigns what may be read. */
int sc_controller_assign(struct sc_controller *c, struct sc_error *err);
/* Lists again, then assigns. Errors of the retry and throttle class only postpone the next listing. */
void sc_controller_discover(struct sc_controller *c);
void sc_controller_confirm_end(struct sc_controller *c, const struct sc_shard_info *shard);
void sc_controller_shard_done(struct sc_controller *c, const struct sc_shard_info *shard, bool ended);
/* The lag of the shard furthest behind, as the service reports it; -1 unknown. */
int64_t sc_controller_lag_ms(const struct sc_controller *c);
void sc_controller_free_shards(struct sc_controller *c);

#endif
