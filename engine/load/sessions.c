#include "engine/load/sessions.h"

#include "engine/sink.h"

int sc_sessions_open(struct sc_sessions *s, const struct sc_run *run, const char *role, const struct sc_wait *wait,
                     struct sc_error *err) {
  *s = (struct sc_sessions){NULL, NULL};
  int rc = run->sink_ops->session_open(run->sink, role, wait, &s->rows, err);
  if (rc == SC_OK && sc_run_has_own_store(run))
    rc = run->store_ops->session_open(run->store, role, wait, &s->positions, err);
  else s->positions = run->store_ops != NULL ? s->rows : NULL;
  if (rc != SC_OK) sc_sessions_close(s, run);
  return rc;
}

void sc_sessions_close(struct sc_sessions *s, const struct sc_run *run) {
  if (s->positions != NULL && s->positions != s->rows) run->store_ops->session_close(s->positions);
  if (s->rows != NULL) run->sink_ops->session_close(s->rows);
  *s = (struct sc_sessions){NULL, NULL};
}
