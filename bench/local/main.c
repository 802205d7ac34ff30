/* shardcopy-local: the local Kinesis service. */
#include <stdio.h>

#include "bench/local/server.h"
#include "engine/base/log.h"

static int print_help(void) {
  struct sc_buf text = SC_BUF_INIT;
  sc_options_print_help(&scl_local_program, -1, &text);
  fputs(sc_buf_str(&text), stdout);
  sc_buf_fini(&text);
  return 0;
}

static int run(struct sc_options *options, struct sc_error *err) {
  enum sc_level level = SC_INFO;
  if (sc_options_wants_help(options)) return print_help();
  if (sc_options_wants_version(options)) {
    printf("%s %s\n", scl_local_program.name, scl_local_program.version);
    return 0;
  }
  sc_log_level_parse(sc_options_text(options, SCL_LOCAL_OPT_LOG_LEVEL), &level);
  sc_log_init(level, false);
  return scl_server_run(options, err);
}

int main(int argc, char **argv) {
  struct sc_error err;
  struct sc_options *options = NULL;
  sc_error_clear(&err);
  sc_log_init(SC_INFO, false);
  int rc = sc_options_parse(&scl_local_program, argc, argv, &options, &err);
  if (rc == SC_OK) rc = run(options, &err);
  if (rc != SC_OK) sc_log_error(SC_ERROR_LEVEL, "shardcopy-local cannot start", &err);
  sc_options_free(options);
  return rc == SC_OK ? 0 : sc_error_exit_status(rc);
}
