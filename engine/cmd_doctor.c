/* shardcopy doctor SOURCE [TARGET]: whether a load would work, a line for each thing it needs. Changes nothing. */
#include "engine/examine.h"
#include "engine/find.h"
#include "engine/program.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "engine/wait.h"

int sc_cmd_doctor(struct sc_options *options, struct sc_error *err);

/* The stream's name is the target's default table. */
static void examine_target(struct sc_examine *x, struct sc_options *options, const char *stream_name) {
  const char *url = sc_options_argument(options, 1);
  struct sc_sink *sink = NULL;
  struct sc_session *session = NULL;
  struct sc_error err;
  const struct sc_sink_ops *ops = sc_find_sink(url, &err);
  if (ops == NULL) {
    sc_examine_fail(x, "target", &err);
    return;
  }
  int rc = ops->open(url, options, stream_name, &sink, &err);
  if (rc == SC_OK && ops->examine != NULL) rc = ops->session_open(sink, "doctor", &sc_wait, &session, &err);
  if (rc == SC_OK) sc_examine_ok("target", "%s", ops->describe(sink));
  if (rc == SC_OK && ops->examine != NULL) rc = ops->examine(session, x, &err);
  if (rc != SC_OK) sc_examine_fail(x, "target", &err);
  if (session != NULL) ops->session_close(session);
  if (sink != NULL) ops->close(sink);
}

int sc_cmd_doctor(struct sc_options *options, struct sc_error *err) {
  struct sc_examine x = {0};
  struct sc_source *source = NULL;
  const char *url = sc_options_argument(options, 0);
  const struct sc_source_ops *ops = sc_find_source(url, err);
  if (ops == NULL) return err->code;
  sc_examine_ok("decoder", "%s", sc_decoder_kernel());
  int rc = ops->open(url, options, &source, err);
  if (rc == SC_OK) rc = ops->examine(source, &x, err);
  if (rc != SC_OK) sc_examine_fail(&x, "source", err);
  if (rc != SC_E_STOPPED && sc_options_n_arguments(options) > 1)
    examine_target(&x, options, source != NULL ? ops->stream_name(source) : "stream");
  if (source != NULL) ops->close(source);
  if (x.n_failed == 0) return SC_OK;
  *err = x.first;
  return sc_error_fail(err, x.first.code, NULL, "a load would not work: %u checks failed", x.n_failed);
}
