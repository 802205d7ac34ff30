/* When a plan is made: the pure state machine that control drives. No I/O, no clock of its own. */
#ifndef SC_PLANNER_H
#define SC_PLANNER_H

#include <stdbool.h>
#include <stdint.h>

enum sc_planner_state { SC_PLANNER_SAMPLING, SC_PLANNER_MAKING, SC_PLANNER_READY, SC_PLANNER_HOLDING };
struct sc_planner {
  enum sc_planner_state state;
  uint32_t generation;       /* of the plan in force; 0 before the first */
  uint64_t sampled;          /* records seen while sampling */
  int64_t deadline_ms;       /* of the sampling, from the first record on; INT64_MAX before */
  uint64_t want_records;     /* 1,000 */
  int64_t want_ms;           /* 2,000 */
  uint32_t holding, writers; /* write threads that hold; how many there are */
};
enum sc_planner_action {
  SC_PLANNER_NOTHING,
  SC_PLANNER_MAKE,  /* collect the samples, make the table, publish generation + 1 */
  SC_PLANNER_HOLD,  /* ask all write threads to commit and hold */
  SC_PLANNER_REREAD /* all hold: grant the requests, read the catalog, publish generation + 1, release */
};
void sc_planner_init(struct sc_planner *p, uint32_t writers, uint64_t want_records, int64_t want_ms);
/* records: sampled since the last call. drained: no more will come for now, since every shard that runs is at its tip
 * or end, or as much waits for the plan as may. Without any record there is nothing to make a plan of: it stays
 * SAMPLING, and spans without rows (an end, a tip) are committed without a plan. */
enum sc_planner_action sc_planner_sampled(struct sc_planner *p, uint64_t records, bool drained, int64_t now_ms);
enum sc_planner_action sc_planner_tick(struct sc_planner *p, int64_t now_ms);
/* The plan made is in force. Before the first sample also: of a table that is there already. */
void sc_planner_published(struct sc_planner *p, uint32_t generation);
/* The table changed under us, or a record requests that it did. Asked twice for one generation: once is enough, and
 * what the second one requests is asked again for the next. */
enum sc_planner_action sc_planner_replan(struct sc_planner *p, uint32_t generation);
/* A write thread holds; each once a HOLD. */
enum sc_planner_action sc_planner_held(struct sc_planner *p);

#endif
