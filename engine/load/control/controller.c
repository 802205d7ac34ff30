#include "engine/load/control/controller.h"

#include "engine/base/log.h"

void sc_controller_fail(struct sc_controller *c, const struct sc_error *err) {
  if (sc_controller_has_failed(c)) {
    if (err->code != c->error.code) sc_log_error(SC_WARN, "and another error", err);
    return;
  }
  c->error = *err;
}
