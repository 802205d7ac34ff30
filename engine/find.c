#include "engine/find.h"

#include "engine/base/buf.h"
#include "engine/base/log.h"
#include "engine/program.h"
#include "engine/sink.h"
#include "engine/source.h"

static void unsupported(const char *what, const char *url, const char *hint, struct sc_error *err) {
  struct sc_buf shown = SC_BUF_INIT;
  sc_log_redact_url(&shown, sc_slice_str(url));
  sc_error_fail(err, SC_E_USAGE, hint, "unsupported %s %s", what, sc_buf_str(&shown));
  sc_buf_fini(&shown);
}

const struct sc_source_ops *sc_find_source(const char *url, struct sc_error *err) {
  for (size_t i = 0; sc_sources[i] != NULL; i++)
    if (sc_sources[i]->claims(url)) return sc_sources[i];
  unsupported("source", url,
              "a source is kinesis://STREAM, kinesis://arn:..., kinesis://HOST:PORT/STREAM or kinesis:?table=...", err);
  return NULL;
}

const struct sc_sink_ops *sc_find_sink(const char *url, struct sc_error *err) {
  for (size_t i = 0; sc_sinks[i] != NULL; i++)
    if (sc_sinks[i]->claims(url)) return sc_sinks[i];
  unsupported("target", url,
              "a target is postgresql://user@host/db?table=schema.table, - for standard output, or null:", err);
  return NULL;
}
