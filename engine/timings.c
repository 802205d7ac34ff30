#include "engine/timings.h"

#include "engine/base/buf.h"
#include "engine/base/clock.h"

static const char *const shown[SC_TIMES] = {"busy", "starved", "blocked"};

/* ---- the thread ---- */

static void pass(struct sc_timings *t, enum sc_time what) {
  int64_t now_us = sc_clock_mono_us();
  t->us[what] += now_us - t->since_us;
  t->since_us = now_us;
}

void sc_timings_begin(struct sc_timings *t) {
  *t = (struct sc_timings){.in_poll = SC_TIME_STARVED};
  t->begun_us = t->since_us = sc_clock_mono_us();
}

void sc_timings_sleep(struct sc_timings *t) { pass(t, SC_TIME_BUSY); }
void sc_timings_wake(struct sc_timings *t, enum sc_time why) { pass(t, why); }
void sc_timings_end(struct sc_timings *t) { pass(t, SC_TIME_BUSY); }

/* ---- the report ---- */

static double percent(int64_t part_us, int64_t all_us) {
  return all_us > 0 ? 100.0 * (double)part_us / (double)all_us : 0;
}

static void add_thread(const struct sc_timings *t, const char *pool, uint32_t index, struct sc_buf *out) {
  int64_t all_us = t->since_us - t->begun_us;
  sc_buf_printf(out, "%s %-4u %9.3f", pool, index, (double)all_us / 1e6);
  for (int i = 0; i < SC_TIMES; i++)
    sc_buf_printf(out, " %9.3f %3.0f %%", (double)t->us[i] / 1e6, percent(t->us[i], all_us));
  sc_buf_add_char(out, '\n');
}

void sc_timings_report(const struct sc_timings_pool pools[SC_THREAD_POOLS], struct sc_buf *out) {
  sc_buf_printf(out, "%-10s %9s", "thread", "seconds");
  for (int i = 0; i < SC_TIMES; i++) sc_buf_printf(out, " %15s", shown[i]);
  sc_buf_add_char(out, '\n');
  for (int p = 0; p < SC_THREAD_POOLS; p++)
    for (uint32_t i = 0; i < pools[p].n; i++) add_thread(&pools[p].threads[i], pools[p].name, i, out);
  sc_timings_bottleneck(pools, out);
}

/* The shares of a pool's time, in percent. */
struct shares {
  double of[SC_TIMES];
};

static struct shares shares_of(const struct sc_timings_pool *pool) {
  int64_t us[SC_TIMES] = {0}, all_us = 0;
  for (uint32_t i = 0; i < pool->n; i++) {
    for (int k = 0; k < SC_TIMES; k++) us[k] += pool->threads[i].us[k];
    all_us += pool->threads[i].since_us - pool->threads[i].begun_us;
  }
  return (struct shares){{percent(us[0], all_us), percent(us[1], all_us), percent(us[2], all_us)}};
}

/* A pool at an end of the line: it waits, or those behind what it waits for are not the cause. */
static void add_end(const char *pool, const char *beyond, double busy, double waits, struct sc_buf *out) {
  if (waits > busy) {
    sc_buf_printf(out, "the %s (%s threads wait for it %.0f %% of their time and are busy %.0f %%)", beyond, pool,
                  waits, busy);
  } else {
    sc_buf_printf(out, "the %s threads (%.0f %% busy, %.0f %% waiting for the %s)", pool, busy, waits, beyond);
  }
}

void sc_timings_bottleneck(const struct sc_timings_pool pools[SC_THREAD_POOLS], struct sc_buf *out) {
  struct shares fetch = shares_of(&pools[SC_POOL_FETCH]), parse = shares_of(&pools[SC_POOL_PARSE]),
                write = shares_of(&pools[SC_POOL_WRITE]);
  double reading = fetch.of[SC_TIME_BUSY] + fetch.of[SC_TIME_STARVED], parsing = parse.of[SC_TIME_BUSY],
         writing = write.of[SC_TIME_BUSY] + write.of[SC_TIME_BLOCKED];
  sc_buf_add_str(out, "bottleneck: ");
  if (writing >= reading && writing >= parsing) {
    add_end(pools[SC_POOL_WRITE].name, "target", write.of[SC_TIME_BUSY], write.of[SC_TIME_BLOCKED], out);
  } else if (parsing >= reading) {
    sc_buf_printf(out, "the %s threads (%.0f %% busy)", pools[SC_POOL_PARSE].name, parsing);
  } else {
    add_end(pools[SC_POOL_FETCH].name, "source", fetch.of[SC_TIME_BUSY], fetch.of[SC_TIME_STARVED], out);
  }
  sc_buf_add_char(out, '\n');
}
