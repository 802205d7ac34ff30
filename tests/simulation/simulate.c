/* simulate --seeds=N [--from=SEED]          runs N worlds; prints "N passed, N failed"; a failure with its seed and its
 * last steps simulate --seed=SEED [--verbose]          runs one world; with --verbose tells all of it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/assert.h"
#include "engine/base/buf.h"
#include "tests/simulation/finale.h"

#define STEPS 6000
#define FINALE_STEPS 200000
#define LAST_LINES 60
#define FAILURES_MOST 3
#define HOUR_MS 3600000

/* ---- the nature of a world ---- */

/* Half of the worlds know a kind of trouble not at all, the others more or less of it. */
static unsigned trouble(struct world *w, unsigned most) { return chance(w, 5000) ? 0 : 1 + (unsigned)below(w, most); }

static void draw_calls(struct world *w) {
  struct nature *n = &w->nature;
  n->page = 1 + (unsigned)below(w, 12);
  n->list_page = 1 + (unsigned)below(w, 6);
  n->shy = chance(w, 2000);
  n->end_apart = chance(w, 5000);
  n->late_end_ms = chance(w, 3000) ? between(w, 0, 20000) : 0;
  n->behind_latest_ms = chance(w, 2000) ? between(w, 0, 2000) : 0;
  n->call_fails = trouble(w, 1500);
  n->throttled = trouble(w, 1000);
  n->expires = trouble(w, 500);
  n->empty_page = trouble(w, 3000);
  n->false_end = trouble(w, 300);
  n->lag_lies = trouble(w, 2000);
  n->slow_listing = trouble(w, 9900);
}

static void draw_nature(struct world *w) {
  struct nature *n = &w->nature;
  n->shards = 1 + (unsigned)below(w, 4);
  n->workers = chance(w, 3500) ? 2 : 1;
  n->writers = 1 + (unsigned)below(w, WRITERS_MAX);
  n->follow = chance(w, 5000);
  n->retention_ms = chance(w, 5000) ? 24 * HOUR_MS : between(w, HOUR_MS / 4, 2 * HOUR_MS);
  draw_calls(w);
  n->poison = trouble(w, 1000);
  n->refused = trouble(w, 300);
  n->connection_breaks = trouble(w, 300);
  n->answer_lost = trouble(w, 1500);
  n->commit_late = trouble(w, TEN_THOUSAND);
  n->subscribes = chance(w, 3000) ? 0 : chance(w, 5000) ? TEN_THOUSAND : 5000;
  n->put = 50 + (unsigned)below(w, 600);
  n->reshard = trouble(w, 150);
  n->crash = trouble(w, 20);
  n->failover = trouble(w, 30);
  n->nap = trouble(w, 200);
  n->long_nap = trouble(w, 15);
}

static struct sc_position draw_start(struct world *w) {
  struct sc_position p = {.start = SC_START_TRIM_HORIZON};
  if (chance(w, 3000)) p.start = SC_START_LATEST;
  if (chance(w, 1500))
    p = (struct sc_position){.start = SC_START_AT_TIME, .at_ms = w->now_ms + between(w, -HOUR_MS, 100000)};
  return p;
}

/* ---- its history ---- */

/* While nobody works time flies, so that whole lines of shards come and go unseen. */
static void pass_time(struct world *w) {
  w->now_ms += between(w, 0, 100);
  if (w->workers[0] == NULL && w->workers[1] == NULL && mishap(w, 1000))
    w->now_ms += between(w, 0, w->nature.retention_ms / 4);
  if (mishap(w, w->nature.nap)) w->now_ms += between(w, 1000, 60000);
  if (mishap(w, w->nature.long_nap)) w->now_ms += between(w, 60000, w->nature.retention_ms / 2);
  kinesis_expire(w);
}

static void happen(struct world *w) {
  if (mishap(w, w->nature.put)) kinesis_put(w);
  if (mishap(w, w->nature.reshard)) kinesis_reshard(w);
  if (mishap(w, w->nature.failover)) {
    if (chance(w, 3000)) target_restart(w);
    else target_failover(w);
  }
  if (chance(w, 500)) target_late_step(w);
}

static void bring_up(struct world *w, unsigned i, const struct sc_position *start) {
  if (w->now_ms >= w->restart_ms[i]) w->workers[i] = worker_new(w, (int)i, start);
}

static void bring_down(struct world *w, unsigned i) {
  TELL(w, "worker %u: is down", i);
  worker_free(w, w->workers[i]);
  w->workers[i] = NULL;
  w->restart_ms[i] = w->now_ms + (chance(w, 1000) ? between(w, 0, 4 * w->nature.retention_ms) : between(w, 0, 20000));
}

static void step_worker(struct world *w, unsigned i, const struct sc_position *start) {
  struct worker *k = w->workers[i];
  if (k == NULL) {
    bring_up(w, i, start);
    return;
  }
  if (mishap(w, w->nature.crash) || (k->phase == PHASE_FINISHED && mishap(w, 50))) bring_down(w, i);
  else worker_step(w, k);
}

static void step(struct world *w, const struct sc_position *start) {
  w->step++;
  pass_time(w);
  happen(w);
  for (unsigned i = 0; i < w->nature.workers; i++) step_worker(w, i, start);
}

/* Faults end; one worker is left, and a bounded load runs once more. */
static void calm_down(struct world *w) {
  TELL(w, "---- no more faults ----");
  if (w->workers[1] != NULL) bring_down(w, 1);
  if (w->workers[0] != NULL && !w->nature.follow) bring_down(w, 0);
  w->nature.workers = 1;
  w->restart_ms[0] = w->now_ms;
  w->faults = false;
  w->kinesis->frozen = true;
  target_restart(w);
}

static void run_to_the_end(struct world *w, const struct sc_position *start) {
  char missing[400];
  for (unsigned i = 0; i < FINALE_STEPS; i++) {
    if (i % 64 == 0 && finale_is_reached(w)) return;
    step(w, start);
  }
  finale_tell_missing(w, missing, sizeof(missing));
  sim_broken(w, "no end: %s", missing);
}

static void live(struct world *w) {
  draw_nature(w);
  kinesis_new(w);
  target_new(w);
  struct sc_position start = draw_start(w);
  w->restart_ms[0] = w->now_ms + between(w, 0, 60000);
  w->restart_ms[1] = w->now_ms + between(w, 0, 200000);
  while (w->step < STEPS) step(w, &start);
  calm_down(w);
  run_to_the_end(w, &start);
  finale_check(w);
}

/* ---- one world, many worlds ---- */

/* Shared with the child that lives the worlds: what it leaves behind when it dies. */
struct estate {
  struct world world;
  uint64_t passed, failed;
};

struct order {
  uint64_t from, seeds; /* many worlds; seeds 0: one world, from, which is told */
  bool echo;            /* told at once, all of it */
};

static struct estate *estate;
static struct tale *tale;

static void clean_up(struct world *w) {
  for (unsigned i = 0; i < WORKERS_MAX; i++) worker_free(w, w->workers[i]);
  target_free(w->target);
  kinesis_free(w->kinesis);
}

static bool run_world(uint64_t seed, bool telling, bool echo) {
  struct world *w = &estate->world;
  *w = (struct world){.seed = seed, .faults = true, .telling = telling, .now_ms = 1700000000000, .tale = tale};
  sim_tale_begin(tale, echo);
  sc_random_init(&w->random, seed);
  bool whole = setjmp(w->end) == 0;
  if (whole) live(w);
  clean_up(w);
  return whole;
}

static void tell_end(const char *why, bool echo) {
  const struct world *w = &estate->world;
  if (!echo) sim_tale_print(tale, LAST_LINES);
  printf("seed %llu, step %llu: %s\n", (unsigned long long)w->seed, (unsigned long long)w->step, why);
}

static void run_worlds(const struct order *o) {
  for (uint64_t i = o->from; i < o->from + o->seeds && estate->failed < FAILURES_MOST; i++) {
    bool whole = run_world(i, false, false);
    *(whole ? &estate->passed : &estate->failed) += 1;
    if (whole) continue;
    run_world(i, true, false);
    tell_end(sim_tale_reason(tale), false);
  }
}

static void run_one(const struct order *o) {
  if (run_world(o->from, true, o->echo)) {
    estate->passed++;
    return;
  }
  estate->failed++;
  tell_end(sim_tale_reason(tale), o->echo);
}

/* In a process of its own, since an assertion of the machines that fails is a broken rule too. False: it died. */
static bool apart(void (*run)(const struct order *), const struct order *o) {
  fflush(stdout);
  pid_t child = fork();
  SC_ASSERT(child >= 0);
  if (child == 0) {
    run(o);
    exit(0);
  }
  int status = 0;
  SC_ASSERT(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void carry_out(struct order *o) {
  if (o->seeds > 0) {
    if (apart(run_worlds, o)) return;
    estate->failed++;
    *o = (struct order){.from = estate->world.seed};
    if (!apart(run_one, o)) tell_end("the worker dies of an assertion", false);
    return;
  }
  if (apart(run_one, o)) return;
  estate->failed++;
  tell_end("the worker dies of an assertion", o->echo);
}

static void *shared(size_t bytes) {
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  SC_ASSERT(p != MAP_FAILED);
  return p;
}

static bool number_of(const char *argument, const char *name, uint64_t *out) {
  struct sc_slice s = sc_slice_str(argument);
  if (!sc_slice_starts(s, name)) return false;
  size_t n = strlen(name);
  return sc_slice_to_u64(sc_slice_of(s.ptr + n, s.len - n), out);
}

static bool read_order(int argc, char **argv, struct order *o) {
  uint64_t seed = 0;
  *o = (struct order){.from = 1};
  for (int i = 1; i < argc; i++) {
    bool verbose = strcmp(argv[i], "--verbose") == 0;
    o->echo |= verbose;
    if (verbose || number_of(argv[i], "--seeds=", &o->seeds)) continue;
    if (!number_of(argv[i], "--from=", &o->from) && !number_of(argv[i], "--seed=", &seed)) return false;
  }
  if (seed > 0) *o = (struct order){.from = seed, .echo = o->echo};
  return seed > 0 || o->seeds > 0;
}

int main(int argc, char **argv) {
  struct order o;
  if (!read_order(argc, argv, &o)) {
    fprintf(stderr, "usage: simulate --seeds=N [--from=SEED] | --seed=SEED [--verbose]\n");
    return 2;
  }
  estate = shared(sizeof(*estate));
  tale = shared(sim_tale_bytes());
  carry_out(&o);
  printf("%llu passed, %llu failed\n", (unsigned long long)estate->passed, (unsigned long long)estate->failed);
  return estate->failed ? 1 : 0;
}
