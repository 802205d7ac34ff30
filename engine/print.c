#include "engine/print.h"

#include <errno.h>
#include <stdio.h>

int sc_print(struct sc_buf *text, struct sc_error *err) {
  bool failed = fputs(sc_buf_str(text), stdout) == EOF || fflush(stdout) != 0;
  int saved = errno;
  sc_buf_fini(text);
  if (!failed || saved == EPIPE) return SC_OK;
  return sc_error_errno(err, SC_E_IO, saved, "cannot write to standard output");
}
