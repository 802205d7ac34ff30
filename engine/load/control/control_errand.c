#include "engine/load/control/control_errand.h"

#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/mailbox.h"
#include "engine/base/park.h"
#include "engine/load/write/writer.h"
#include "engine/stop.h"

enum { LOOK_MS = 100 };

void sc_controller_abandon(struct sc_controller *c) {
  sc_run_set_stage(c->run, SC_STAGE_ABANDON);
  for (uint32_t w = 0; w < c->run->settings.write_threads; w++) sc_sessions_interrupt(c->writers[w]->sessions, c->run);
}

/* Nobody else answers a signal meanwhile. *asked_ms: when the stop was first seen; 0: not yet. */
static void supervise(struct sc_controller *c, int64_t *asked_ms) {
  int64_t now_ms = sc_clock_mono_ms(), limit_ms = c->run->settings.stop_timeout_ms;
  if (!sc_stop_requested() && !sc_stop_now()) return;
  if (*asked_ms == 0) *asked_ms = now_ms;
  if (now_ms - *asked_ms >= limit_ms) sc_stop_request_now();
  if (sc_stop_now()) sc_controller_abandon(c);
  if (now_ms - *asked_ms < 2 * limit_ms) return;
  sc_log(SC_ERROR_LEVEL, "the write thread does not come back from the target; leaving without it", NULL);
  _exit(sc_error_exit_status(SC_E_DEADLINE));
}

/* Nothing of c is touched here while the work is under way: it is the write thread's until it is done. */
static void wait_for(struct sc_controller *c, struct sc_writer *w, struct sc_errand *errand) {
  int64_t asked_ms = 0;
  while (!atomic_load(&errand->done) && !atomic_load(&w->ended)) {
    sc_park_prepare(c->run->control_park);
    if (atomic_load(&errand->done) || atomic_load(&w->ended)) break;
    sc_park_wait(c->run->control_park, LOOK_MS);
    supervise(c, &asked_ms);
  }
  sc_park_cancel(c->run->control_park);
}

/* A write thread that ended while the errand was on its way has left its session to control. */
void sc_controller_errand(struct sc_controller *c, void (*run)(void *arg), void *arg) {
  const struct sc_settings *s = &c->run->settings;
  bool they_run = c->n_started == s->fetch_threads + s->parse_threads + s->write_threads;
  struct sc_writer *w = c->is_shared && they_run && !c->on_errand ? c->writers[0] : NULL;
  struct sc_errand errand = {.run = run, .arg = arg};
  struct sc_write_message m = {.kind = SC_WRITE_ERRAND, .errand = &errand};
  if (w != NULL) {
    c->on_errand = true;
    c->errands++;
    sc_mailbox_send(c->run->write_boxes[0], &m);
    wait_for(c, w, &errand);
    c->on_errand = false;
  }
  if (!atomic_load(&errand.done)) run(arg);
}
