#include "engine/planner.h"

#include "engine/base/assert.h"

void sc_planner_init(struct sc_planner *p, uint32_t writers, uint64_t want_records, int64_t want_ms) {
  SC_ASSERT(writers > 0);
  *p = (struct sc_planner){.state = SC_PLANNER_SAMPLING,
                           .deadline_ms = INT64_MAX,
                           .want_records = want_records,
                           .want_ms = want_ms,
                           .writers = writers};
}

static enum sc_planner_action make_when(struct sc_planner *p, bool enough) {
  if (!enough) return SC_PLANNER_NOTHING;
  p->state = SC_PLANNER_MAKING;
  return SC_PLANNER_MAKE;
}

enum sc_planner_action sc_planner_sampled(struct sc_planner *p, uint64_t records, bool drained, int64_t now_ms) {
  if (p->state != SC_PLANNER_SAMPLING) return SC_PLANNER_NOTHING;
  if (p->sampled == 0 && records > 0) p->deadline_ms = now_ms + p->want_ms;
  p->sampled += records;
  bool enough = p->sampled >= p->want_records || drained || now_ms >= p->deadline_ms;
  return make_when(p, p->sampled > 0 && enough);
}

enum sc_planner_action sc_planner_tick(struct sc_planner *p, int64_t now_ms) {
  return sc_planner_sampled(p, 0, false, now_ms);
}

void sc_planner_published(struct sc_planner *p, uint32_t generation) {
  bool at_start = p->state == SC_PLANNER_SAMPLING && p->sampled == 0;
  SC_ASSERT((p->state == SC_PLANNER_MAKING || at_start) && generation == p->generation + 1);
  p->generation = generation;
  p->state = SC_PLANNER_READY;
  p->holding = 0;
}

enum sc_planner_action sc_planner_replan(struct sc_planner *p, uint32_t generation) {
  if (p->state != SC_PLANNER_READY || generation != p->generation) return SC_PLANNER_NOTHING;
  p->state = SC_PLANNER_HOLDING;
  return SC_PLANNER_HOLD;
}

enum sc_planner_action sc_planner_held(struct sc_planner *p) {
  SC_ASSERT(p->state == SC_PLANNER_HOLDING && p->holding < p->writers);
  if (++p->holding < p->writers) return SC_PLANNER_NOTHING;
  p->state = SC_PLANNER_MAKING;
  return SC_PLANNER_REREAD;
}
