/* reference PAGE: prints configuration, errors or metrics as Markdown, from the tables the program itself is made of.
 * `make docs` writes docs/PAGE.md with it, `make test` compares. */
#include <stdio.h>
#include <string.h>

#include "engine/base/metrics.h"
#include "engine/program.h"

static int print_page(const char *page, struct sc_buf *out) {
  if (strcmp(page, "configuration") == 0) {
    sc_buf_add_str(out,
                   "# Configuration\n\nEach option can be given on the command line, as a parameter of a URL, or in "
                   "the environment; the first of "
                   "them that is there counts.\nThis page is printed from `engine/options.def` by `make docs`.\n\n");
    sc_options_print_reference(&sc_program, out);
  } else if (strcmp(page, "errors") == 0) {
    sc_buf_add_str(out,
                   "# Errors and exit statuses\n\n0 is success: everything up to the tip, or to `--max-records`, is "
                   "committed; or `--follow` was "
                   "ended by a signal. The class says what the program does about an error.\nThis page is printed from "
                   "`engine/base/errors.def` by `make docs`.\n\n");
    sc_error_print_reference(out);
  } else if (strcmp(page, "metrics") == 0) {
    sc_buf_add_str(out, "# Counters\n\nThis page is printed from `engine/base/metrics.def` by `make docs`.\n\n");
    sc_metrics_print_reference(out);
  } else {
    return 2;
  }
  return 0;
}

int main(int argc, char **argv) {
  struct sc_buf out = SC_BUF_INIT;
  int status = argc == 2 ? print_page(argv[1], &out) : 2;
  if (status != 0) fprintf(stderr, "reference: configuration, errors or metrics\n");
  fwrite(out.ptr, 1, out.len, stdout);
  sc_buf_fini(&out);
  return status;
}
