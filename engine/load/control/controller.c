#include "engine/load/control/controller.h"

#include "engine/base/log.h"

void sc_controller_fail(struct sc_controller *c, const struct sc_error *err) {
  if (sc_controller_has_failed(c)) {
    if (err->code != c->error.code) sc_log_error(SC_WARN, "another error after the first", err);
    return;
  }
  c->error = *err;
}
