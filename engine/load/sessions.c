#include "engine/load/sessions.h"

#include "engine/sink.h"

void sc_sessions_init(struct sc_sessions *s) {
  s->rows = s->positions = NULL;
  pthread_mutex_init(&s->lock, NULL);
}

static void set(struct sc_sessions *s, struct sc_session *rows, struct sc_session *positions) {
  pthread_mutex_lock(&s->lock);
  s->rows = rows;
  s->positions = positions;
  pthread_mutex_unlock(&s->lock);
}

int sc_sessions_open(struct sc_sessions *s, const struct sc_run *run, const char *role, const struct sc_wait *wait,
                     struct sc_error *err) {
  struct sc_session *rows = NULL, *positions = NULL;
  int rc = run->sink_ops->session_open(run->sink, role, wait, &rows, err);
  if (rc == SC_OK && sc_run_has_own_store(run)) {
    rc = run->store_ops->session_open(run->store, role, wait, &positions, err);
    if (rc != SC_OK) run->sink_ops->session_close(rows);
  } else {
    positions = run->store_ops != NULL ? rows : NULL;
  }
  if (rc == SC_OK) set(s, rows, positions);
  return rc;
}

void sc_sessions_close(struct sc_sessions *s, const struct sc_run *run) {
  struct sc_session *rows = s->rows, *positions = s->positions;
  set(s, NULL, NULL); /* nobody interrupts them from here on */
  if (positions != NULL && positions != rows) run->store_ops->session_close(positions);
  if (rows != NULL) run->sink_ops->session_close(rows);
}

void sc_sessions_interrupt(struct sc_sessions *s, const struct sc_run *run) {
  pthread_mutex_lock(&s->lock);
  if (s->rows != NULL && run->sink_ops->session_interrupt != NULL) run->sink_ops->session_interrupt(s->rows);
  if (s->positions != NULL && s->positions != s->rows && run->store_ops->session_interrupt != NULL)
    run->store_ops->session_interrupt(s->positions);
  pthread_mutex_unlock(&s->lock);
}

void sc_sessions_fini(struct sc_sessions *s, const struct sc_run *run) {
  sc_sessions_close(s, run);
  pthread_mutex_destroy(&s->lock);
}
