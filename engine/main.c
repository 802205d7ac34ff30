/* Options, then one command, then its exit status. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/descriptors.h"
#include "engine/base/log.h"
#include "engine/print.h"
#include "engine/program.h"
#include "engine/stop.h"

/* Read by jemalloc. Pages of a body that was freed are kept for a minute rather than ten seconds: bodies come and go
 * all the time, and the kernel had to clear pages for them anew. What is kept is bounded by --memory. */
extern const char *malloc_conf;
const char *malloc_conf = "dirty_decay_ms:60000";

static int print_help(const struct sc_options *options) {
  struct sc_buf out = SC_BUF_INIT;
  sc_options_print_help(&sc_program, sc_options_command(options), &out);
  struct sc_error err;
  int rc = sc_print(&out, &err);
  return rc == SC_OK ? EXIT_SUCCESS : sc_error_exit_status(rc);
}

static void init_log(const struct sc_options *options) {
  enum sc_level level = SC_INFO;
  sc_log_level_parse(sc_options_text(options, SC_OPT_LOG_LEVEL), &level);
  if (sc_options_flag(options, SC_OPT_QUIET) && level < SC_WARN) level = SC_WARN;
  sc_log_init(level, isatty(STDERR_FILENO) == 1);
}

static int run_command(struct sc_options *options) {
  struct sc_error err;
  sc_error_clear(&err);
  sc_descriptors_raise_limit();
  int rc = sc_stop_listen(&err);
  if (rc == SC_OK) rc = sc_command_table[sc_options_command(options)](options, &err);
  if (rc == SC_OK || (rc == SC_E_STOPPED && sc_stop_is_unread())) return EXIT_SUCCESS;
  sc_log_error(SC_ERROR_LEVEL, rc == SC_E_STOPPED ? "stopped" : "failed", &err);
  return sc_error_exit_status(rc);
}

int main(int argc, char **argv) {
  sc_log_init(SC_INFO, isatty(STDERR_FILENO) == 1);
  signal(SIGPIPE, SIG_IGN); /* writing to a closed pipe returns EPIPE instead */
  struct sc_options *options = NULL;
  struct sc_error err;
  if (sc_options_parse(&sc_program, argc, argv, &options, &err) != SC_OK) {
    fprintf(stderr, "shardcopy: %s\n", err.text);
    if (err.hint[0] != '\0') fprintf(stderr, "hint: %s\n", err.hint);
    return sc_error_exit_status(err.code);
  }
  int status;
  if (sc_options_wants_version(options)) {
    status = printf("shardcopy %s\n%s\n", sc_program.version, sc_decoder_kernel()) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } else if (sc_options_wants_help(options)) {
    status = print_help(options);
  } else {
    init_log(options);
    status = run_command(options);
  }
  sc_options_free(options);
  return status;
}
