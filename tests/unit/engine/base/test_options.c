#include "engine/base/options.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/engine/base/check.h"

enum { LOAD, LIST, CREATE, COMMANDS };
enum { ON_LOAD = 1 << LOAD, ON_LIST = 1 << LIST, ON_CREATE = 1 << CREATE, ON_ALL = (1 << COMMANDS) - 1 };
enum { REGION, SECRET, PIN, FOLLOW, COLOR, LIMIT, MEMORY, INTERVAL, MODE, SHARDS };

static const struct sc_command_spec commands[] = {
    {"load", "SOURCE TARGET", 2, 2, "Load a stream.",
     "  prog load a b\n      loads a into b\n      to its end\n  prog load a b --follow\n      goes on\n"},
    {"streams list", "[ENDPOINT]", 0, 1, "List the streams.", "  prog streams list\n"},
    {"streams create", "STREAM", 1, 1, "Create a stream.", NULL},
};

static const struct sc_option_spec specs[] = {
    {"region", 0, SC_OPTION_TEXT, NULL, 0, 0, NULL, "NAME", ON_ALL, false, "AWS", "The region, a|b."},
    {"secret-key", 'k', SC_OPTION_TEXT, NULL, 0, 0, NULL, "SECRET", ON_ALL, true, "AWS", "The secret."},
    {"pin", 0, SC_OPTION_INT, NULL, 1, 9, NULL, "PIN", ON_ALL, true, "AWS", "A secret number."},
    {"follow", 'f', SC_OPTION_FLAG, "false", 0, 0, NULL, NULL, ON_LOAD, false, "Reading", "Go on."},
    {"color", 0, SC_OPTION_FLAG, "true", 0, 0, NULL, NULL, ON_ALL, false, "Output", "Use colours."},
    {"limit", 'l', SC_OPTION_INT, "10", 1, 100, NULL, "N", ON_LOAD, false, "Reading", "Most records a call."},
    {"memory", 'm', SC_OPTION_BYTES, "64MiB", 1048576, INT64_MAX, NULL, "BYTES", ON_LOAD, false, "Resources", "Bound."},
    {"flush-interval", 0, SC_OPTION_DURATION, "250ms", 10, 60000, NULL, "TIME", ON_LOAD, false, "Reading", "How long."},
    {"mode", 0, SC_OPTION_CHOICE, "sync", 0, 0, "sync|async", "MODE", ON_LOAD, false, "Reading", "How to commit."},
    {"shards", 0, SC_OPTION_INT, NULL, 0, 0, NULL, "N", ON_CREATE, false, "Streams", "How many."},
};

static const struct sc_program_spec program = {
    .name = "prog",
    .env_prefix = "PROG",
    .text = "Does things.",
    .version = "1.2.3",
    .commands = commands,
    .n_commands = COMMANDS,
    .options = specs,
    .n_options = sizeof(specs) / sizeof(specs[0]),
};

static const struct sc_command_spec nameless[] = {{"", "[FILE]", 0, 1, "Serve.", "  serve x\n"}};
static const struct sc_program_spec simple = {
    .name = "serve",
    .env_prefix = "SERVE",
    .text = "Serves things.",
    .version = "1",
    .commands = nameless,
    .n_commands = 1,
    .options = specs,
    .n_options = 5,
};

/* argv as the system gives it: writable, and here the last line parsed stays readable. */
static struct {
  char text[1024];
  char *argv[32];
  int argc;
} given;

static struct sc_options *options;
static struct sc_error error;

/* Splits the line at bars: an argument may hold spaces. */
static int parse_with(const struct sc_program_spec *p, const char *line) {
  sc_options_free(options);
  options = NULL;
  snprintf(given.text, sizeof(given.text), "%s", line);
  given.argc = 1; /* argv[0] is never looked at */
  for (char *at = given.text; *at; given.argc++) {
    given.argv[given.argc] = at;
    at += strcspn(at, "|");
    if (*at) *at++ = '\0';
  }
  sc_error_clear(&error);
  int rc = sc_options_parse(p, given.argc, given.argv, &options, &error);
  assert_int_equal(rc == SC_OK, options != NULL);
  return rc;
}

static int parse(const char *line) { return parse_with(&program, line); }

static void refused(const char *line, const char *text, const char *hint) {
  assert_int_equal(parse(line), SC_E_USAGE);
  assert_string_equal(error.text, text);
  assert_string_equal(error.hint, hint);
}

static int teardown(void **state) {
  (void)state;
  sc_options_free(options);
  options = NULL;
  unsetenv("PROG_MEMORY");
  unsetenv("PROG_FLUSH_INTERVAL");
  unsetenv("PROG_FOLLOW");
  unsetenv("PROG_SHARDS");
  unsetenv("PROG_SECRET_KEY");
  return 0;
}

static void test_defaults(void **state) {
  (void)state;
  assert_int_equal(parse("load|a|b"), SC_OK);
  assert_int_equal(sc_options_command(options), LOAD);
  assert_false(sc_options_flag(options, FOLLOW));
  assert_true(sc_options_flag(options, COLOR));
  assert_int_equal(sc_options_int(options, LIMIT), 10);
  assert_int_equal(sc_options_int(options, MEMORY), 64 << 20);
  assert_int_equal(sc_options_int(options, INTERVAL), 250);
  assert_string_equal(sc_options_text(options, MODE), "sync");
  assert_null(sc_options_text(options, REGION));
  assert_false(sc_options_is_set(options, MODE));
  assert_int_equal(sc_options_n_arguments(options), 2);
  assert_string_equal(sc_options_argument(options, 0), "a");
  assert_string_equal(sc_options_argument(options, 1), "b");
}

static void test_every_way_to_write_an_option(void **state) {
  (void)state;
  static const char *const lines[] = {
      "load|a|b|--memory|2MiB|--follow|--no-color|--mode=async|--region=x y",
      "--memory=2MiB|load|a|--follow=yes|--color=0|b|--mode|async|--region|x y",
      "-m|2MiB|-f|load|a|--no-color|--mode=async|b|--region=x y",
      "-m2MiB|load|--mode=async|-f|--no-color|--region=x y|--|a|b",
  };
  for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
    assert_int_equal(parse(lines[i]), SC_OK);
    assert_int_equal(sc_options_int(options, MEMORY), 2 << 20);
    assert_true(sc_options_flag(options, FOLLOW));
    assert_false(sc_options_flag(options, COLOR));
    assert_string_equal(sc_options_text(options, MODE), "async");
    assert_string_equal(sc_options_text(options, REGION), "x y");
    assert_int_equal(sc_options_origin(options, MEMORY), SC_FROM_COMMAND_LINE);
    assert_string_equal(sc_options_argument(options, 0), "a");
    assert_string_equal(sc_options_argument(options, 1), "b");
  }
}

static void test_dash_and_what_follows_two_dashes_are_arguments(void **state) {
  (void)state;
  assert_int_equal(parse("load|-|--|--memory"), SC_OK);
  assert_string_equal(sc_options_argument(options, 0), "-");
  assert_string_equal(sc_options_argument(options, 1), "--memory");
}

static void test_two_word_commands(void **state) {
  (void)state;
  assert_int_equal(parse("streams|list"), SC_OK);
  assert_int_equal(sc_options_command(options), LIST);
  assert_int_equal(sc_options_n_arguments(options), 0);
  assert_int_equal(parse("streams|--shards=4|create|demo"), SC_OK);
  assert_int_equal(sc_options_command(options), CREATE);
  assert_string_equal(sc_options_argument(options, 0), "demo");
  assert_int_equal(sc_options_int(options, SHARDS), 4);
}

static void test_program_without_commands(void **state) {
  (void)state;
  assert_int_equal(parse_with(&simple, "load|--region=x"), SC_OK);
  assert_int_equal(sc_options_command(options), 0);
  assert_string_equal(sc_options_argument(options, 0), "load");
  assert_int_equal(parse_with(&simple, ""), SC_OK);
  assert_int_equal(parse_with(&simple, "help"), SC_OK);
  assert_false(sc_options_wants_help(options));
  assert_int_equal(parse_with(&simple, "a|b"), SC_E_USAGE);
  assert_string_equal(error.text, "serve takes [FILE], but 2 were given");
  assert_string_equal(error.hint, "see serve --help");
}

static void test_wrong_commands(void **state) {
  (void)state;
  refused("", "a command is missing", "prog --help lists the commands");
  refused("streams", "streams needs one of: list, create", "did you mean prog streams list?");
  refused("lod|a|b", "unknown command lod", "did you mean prog load?");
  refused("stream|list", "unknown command stream", "did you mean prog streams list?");
  refused("quit", "unknown command quit", "prog --help lists the commands");
  refused("pg://u:pw@h/d|x", "unknown command pg://u:***@h/d", "prog --help lists the commands");
}

static void test_wrong_options(void **state) {
  (void)state;
  refused("load|a|b|--memry=secret", "unknown option --memry", "did you mean --memory?");
  refused("load|a|b|--zzz", "unknown option --zzz", "");
  refused("load|a|b|-memory", "unknown option -memory", "did you mean --memory?");
  refused("load|a|b|-mx", "--memory: 'x' is not a size like 1048576, 64KiB, 1MiB or 2GiB: 1MiB or more", "");
  refused("load|a|b|-x", "unknown option -x", "");
  refused("load|a|b|-fx", "unknown option -fx", "");
  refused("load|a|b|--no-memory", "unknown option --no-memory", "did you mean --memory?");
  refused("load|a|b|--no-follow=true", "unknown option --no-follow", "did you mean --follow?");
  refused("load|a|b|--shards=1", "--shards is not an option of load", "it belongs to: streams create");
  refused("load|a|b|--memory", "--memory needs a value (BYTES)", "");
  refused("load|a|b|--region|--follow", "--region needs a value (NAME), --follow follows",
          "when that is the value, write --region=--follow");
  refused("load|a|b|-m", "--memory needs a value (BYTES)", "");
}

static void test_wrong_values(void **state) {
  (void)state;
  refused("load|a|b|--limit=x", "--limit: 'x' is not a whole number: 1 to 100", "");
  refused("load|a|b|--limit=0", "--limit: '0' is out of bounds: 1 to 100", "");
  refused("load|a|b|--limit=101", "--limit: '101' is out of bounds: 1 to 100", "");
  refused("load|a|b|--limit=", "--limit: '' is not a whole number: 1 to 100", "");
  refused("load|a|b|--memory=1KiB", "--memory: '1KiB' is out of bounds: 1MiB or more", "");
  refused("load|a|b|--flush-interval=2m", "--flush-interval: '2m' is out of bounds: 10ms to 1m", "");
  refused("load|a|b|--flush-interval=soon",
          "--flush-interval: 'soon' is not a time like 250ms, 1s, 5m, 2h or 1d: 10ms to 1m", "");
  refused("load|a|b|--mode=asink", "--mode: 'asink' is not one of sync, async", "did you mean async?");
  refused("load|a|b|--follow=maybe", "--follow: 'maybe' is not true or false", "");
  refused("load|a|b|--follow|--no-follow", "--follow is given twice, with different values", "");
  refused("load|a|b|--region=a|--region=b", "--region is given twice, with different values", "");
  refused("streams|create|a|--shards=-1", "--shards: '-1' is out of bounds: 0 or more", "");
  assert_int_equal(parse("load|a|b|--memory=1MiB|--memory=1024KiB|-f|--follow"), SC_OK);
}

static void test_wrong_numbers_of_arguments(void **state) {
  (void)state;
  refused("load", "load takes SOURCE TARGET, but 0 were given", "see prog load --help");
  refused("load|a", "load takes SOURCE TARGET, but 1 was given", "see prog load --help");
  refused("load|a|b|c", "load takes SOURCE TARGET, but 3 were given", "see prog load --help");
}

static void test_environment(void **state) {
  (void)state;
  setenv("PROG_MEMORY", "3MiB", 1);
  setenv("PROG_FLUSH_INTERVAL", "1s", 1);
  setenv("PROG_FOLLOW", "", 1);
  setenv("PROG_SHARDS", "many", 1); /* another command's */
  assert_int_equal(parse("load|a|b|--flush-interval=2s"), SC_OK);
  assert_int_equal(sc_options_int(options, MEMORY), 3 << 20);
  assert_int_equal(sc_options_origin(options, MEMORY), SC_FROM_ENVIRONMENT);
  assert_int_equal(sc_options_int(options, INTERVAL), 2000);
  assert_false(sc_options_flag(options, FOLLOW));
  assert_false(sc_options_is_set(options, FOLLOW));
  setenv("PROG_MEMORY", "12x", 1);
  refused("load|a|b", "PROG_MEMORY: '12x' is not a size like 1048576, 64KiB, 1MiB or 2GiB: 1MiB or more", "");
  assert_int_equal(parse("load|a|b|--memory=1MiB"), SC_OK);
  assert_int_equal(sc_options_int(options, MEMORY), 1 << 20);
}

static void test_url_parameters(void **state) {
  (void)state;
  setenv("PROG_MEMORY", "3MiB", 1);
  assert_int_equal(parse("load|a|b|--limit=5"), SC_OK);
  assert_int_equal(sc_options_set(options, "limit", "zzz", SC_FROM_URL, &error), SC_OK);
  assert_int_equal(sc_options_int(options, LIMIT), 5);
  assert_int_equal(sc_options_set(options, "memory", "4MiB", SC_FROM_URL, &error), SC_OK);
  assert_int_equal(sc_options_int(options, MEMORY), 4 << 20);
  assert_int_equal(sc_options_origin(options, MEMORY), SC_FROM_URL);
  assert_int_equal(sc_options_set(options, "flush_interval", "1s", SC_FROM_URL, &error), SC_OK);
  assert_int_equal(sc_options_int(options, INTERVAL), 1000);
  assert_int_equal(sc_options_set(options, "flush-interval", "2s", SC_FROM_URL, &error), SC_E_USAGE);
  assert_string_equal(error.text, "URL parameter flush-interval is given twice, with different values");
  assert_int_equal(sc_options_set(options, "mode", "x", SC_FROM_URL, &error), SC_E_USAGE);
  assert_string_equal(error.text, "URL parameter mode: 'x' is not one of sync, async");
  assert_int_equal(sc_options_set(options, "memmory", "x", SC_FROM_URL, &error), SC_E_USAGE);
  assert_string_equal(error.text, "unknown URL parameter memmory");
  assert_string_equal(error.hint, "did you mean memory?");
  assert_int_equal(sc_options_set(options, "shards", "1", SC_FROM_URL, &error), SC_E_USAGE);
  assert_string_equal(error.text, "URL parameter shards is not an option of load");
  assert_true(sc_options_knows(options, "flush_interval"));
  assert_false(sc_options_knows(options, "shards"));
  assert_false(sc_options_knows(options, "flush"));
}

static void test_secrets_leave_argv(void **state) {
  (void)state;
  assert_int_equal(parse("load|kinesis://K:LONGSECRET@aws/s|postgresql://u:p@h/d|--secret-key|hush|--pin=7"), SC_OK);
  assert_string_equal(sc_options_argument(options, 0), "kinesis://K:LONGSECRET@aws/s");
  assert_string_equal(sc_options_argument(options, 1), "postgresql://u:p@h/d");
  assert_string_equal(sc_options_text(options, SECRET), "hush");
  assert_string_equal(given.argv[2], "kinesis://K:***@aws/s");
  assert_string_equal(given.argv[3], "postgresql://u:***@h");
  assert_string_equal(given.argv[4], "--secret-key");
  assert_string_equal(given.argv[5], "****");
  assert_string_equal(given.argv[6], "--pin=*");
  assert_int_equal(parse("load|a|b|--secret-key=hush|--region=https://u:pw@h"), SC_OK);
  assert_string_equal(given.argv[4], "--secret-key=****");
  assert_string_equal(given.argv[5], "--region=https://u:***@");
  assert_int_equal(parse("load|a|b|-khush"), SC_OK);
  assert_string_equal(sc_options_text(options, SECRET), "hush");
  assert_string_equal(given.argv[4], "-k****");
}

static void test_messages_do_not_repeat_secrets(void **state) {
  (void)state;
  refused("load|a|b|--pin=1234", "--pin: the value is out of bounds: 1 to 9", "");
  refused("load|a|b|--secret-key=hush|-k|hash", "--secret-key is given twice, with different values", "");
  setenv("PROG_SECRET_KEY", "hush", 1);
  assert_int_equal(parse("load|a|b"), SC_OK);
  assert_string_equal(sc_options_text(options, SECRET), "hush");
}

static void test_help_and_version_win(void **state) {
  (void)state;
  static const struct {
    const char *line;
    int command;
  } cases[] = {
      {"--help", -1},
      {"-h", -1},
      {"help", -1},
      {"load|--help", LOAD},
      {"help|load", LOAD},
      {"lod|--help", -1},
      {"streams|-h", -1},
      {"help|streams|list", LIST},
      {"--zzz|load|-h", LOAD},
      {"load|a|--help|--memory", LOAD},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    assert_int_equal(parse(cases[i].line), SC_OK);
    assert_true(sc_options_wants_help(options));
    assert_int_equal(sc_options_command(options), cases[i].command);
  }
  assert_int_equal(parse("--version"), SC_OK);
  assert_true(sc_options_wants_version(options));
  assert_false(sc_options_wants_help(options));
  assert_int_equal(parse("load|--|--help|x"), SC_OK);
  assert_false(sc_options_wants_help(options));
}

static void test_program_help(void **state) {
  (void)state;
  struct sc_buf out = SC_BUF_INIT;
  sc_options_print_help(&program, -1, &out);
  assert_string_equal(sc_buf_str(&out),
                      "Usage: prog COMMAND [ARGUMENTS] [OPTIONS]\n"
                      "\n"
                      "Does things.\n"
                      "\n"
                      "Commands:\n"
                      "  load SOURCE TARGET            Load a stream.\n"
                      "  streams list [ENDPOINT]       List the streams.\n"
                      "  streams create STREAM         Create a stream.\n"
                      "\n"
                      "Examples:\n"
                      "  prog load a b\n"
                      "      loads a into b\n"
                      "      to its end\n"
                      "  prog streams list\n"
                      "\n"
                      "prog COMMAND --help shows a command's options and more examples; prog --version the version.\n");
  sc_buf_fini(&out);
}

static void test_command_help(void **state) {
  (void)state;
  struct sc_buf out = SC_BUF_INIT;
  sc_options_print_help(&program, LOAD, &out);
  assert_string_equal(
      sc_buf_str(&out),
      "Usage: prog load SOURCE TARGET [OPTIONS]\n"
      "\n"
      "Load a stream.\n"
      "\n"
      "Examples:\n"
      "  prog load a b\n"
      "      loads a into b\n"
      "      to its end\n"
      "  prog load a b --follow\n"
      "      goes on\n"
      "\n"
      "AWS:\n"
      "      --region NAME             The region, a|b.\n"
      "  -k, --secret-key SECRET       The secret.\n"
      "      --pin PIN                 A secret number.\n"
      "\n"
      "Reading:\n"
      "  -f, --follow                  Go on.\n"
      "  -l, --limit N                 Most records a call. [default: 10]\n"
      "      --flush-interval TIME     How long. [default: 250ms]\n"
      "      --mode MODE               How to commit. (one of sync, async) [default: sync]\n"
      "\n"
      "Output:\n"
      "      --no-color                Use colours.\n"
      "\n"
      "Resources:\n"
      "  -m, --memory BYTES            Bound. [default: 64MiB]\n"
      "\n"
      "Help:\n"
      "  -h, --help                    Print this.\n"
      "  -V, --version                 Print the version.\n"
      "\n"
      "Each option can come from the environment too: --region is PROG_REGION. The command line wins.\n");
  sc_buf_clear(&out);
  sc_options_print_help(&simple, -1, &out);
  assert_non_null(
      strstr(sc_buf_str(&out), "Usage: serve [FILE] [OPTIONS]\n\nServes things.\n\nExamples:\n  serve x\n"));
  sc_buf_fini(&out);
}

static void test_help_wraps(void **state) {
  (void)state;
  static const struct sc_option_spec wide[] = {
      {"a-rather-long-name-of-an-option", 0, SC_OPTION_TEXT, NULL, 0, 0, NULL, "VALUE", 1, false, "G",
       "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"}};
  struct sc_program_spec p = simple;
  struct sc_buf out = SC_BUF_INIT;
  p.options = wide;
  p.n_options = 1;
  sc_options_print_help(&p, 0, &out);
  assert_non_null(strstr(sc_buf_str(&out),
                         "      --a-rather-long-name-of-an-option VALUE\n"
                         "                                one two three four five six seven eight nine ten eleven "
                         "twelve\n"
                         "                                thirteen fourteen\n"));
  sc_buf_fini(&out);
}

/* One name, two commands: each has its own default, bounds and text. */
static void test_a_name_of_two_commands(void **state) {
  (void)state;
  static const struct sc_option_spec twice[] = {
      {"mode", 'm', SC_OPTION_CHOICE, "a", 0, 0, "a|b", "MODE", ON_LOAD, false, "G", "Loads."},
      {"mode", 'm', SC_OPTION_CHOICE, "b", 0, 0, "b|c", "MODE", ON_CREATE, false, "G", "Creates."},
      {"delimiter", 0, SC_OPTION_TEXT, "|", 0, 0, NULL, "TEXT", ON_CREATE, false, "G", "Joins."}};
  static struct sc_program_spec p; /* the options of the last parse look at it until the teardown */
  struct sc_buf out = SC_BUF_INIT;
  p = program;
  p.options = twice;
  p.n_options = 3;
  setenv("PROG_MODE", "c", 1);
  assert_int_equal(parse_with(&p, "streams|create|a"), SC_OK);
  assert_string_equal(sc_options_text(options, 1), "c");
  assert_int_equal(parse_with(&p, "load|a|b"), SC_E_USAGE);
  assert_string_equal(error.text, "PROG_MODE: 'c' is not one of a, b");
  unsetenv("PROG_MODE");
  assert_int_equal(parse_with(&p, "-m|c|streams|create|a"), SC_OK);
  assert_string_equal(sc_options_text(options, 0), "a");
  assert_string_equal(sc_options_text(options, 1), "c");
  assert_int_equal(parse_with(&p, "load|a|b|--mode=c"), SC_E_USAGE);
  assert_int_equal(parse_with(&p, "streams|list|--mode=c"), SC_E_USAGE);
  assert_string_equal(error.hint, "it belongs to: load, streams create");
  assert_int_equal(parse_with(&p, "streams|create|a"), SC_OK);
  assert_int_equal(sc_options_set(options, "mode", "c", SC_FROM_URL, &error), SC_OK);
  assert_string_equal(sc_options_text(options, 1), "c");
  sc_options_print_reference(&p, &out);
  assert_non_null(strstr(sc_buf_str(&out), "| `a` | load | Loads. |\n"));
  assert_non_null(strstr(sc_buf_str(&out), "| `b` | streams create | Creates. |\n"));
  assert_non_null(strstr(sc_buf_str(&out), "| TEXT | `\\|` | streams create | Joins. |\n"));
  sc_buf_fini(&out);
}

static void test_reference(void **state) {
  (void)state;
  struct sc_buf out = SC_BUF_INIT;
  sc_options_print_reference(&program, &out);
  const char *page = sc_buf_str(&out);
  assert_non_null(strstr(page, "## Commands\n\n| command | what it does |\n|---|---|\n| `load SOURCE TARGET` | "));
  assert_non_null(strstr(page, "| option | environment | values | default | commands | what it does |\n"));
  assert_non_null(strstr(page, "| `--region` | `PROG_REGION` | NAME |  | all | The region, a\\|b. |\n"));
  assert_non_null(strstr(page, "| `--limit`, `-l` | `PROG_LIMIT` | 1 to 100 | `10` | load | Most records a call. |\n"));
  assert_non_null(strstr(page, "| `--mode` | `PROG_MODE` | one of sync, async | `sync` | load | How to commit. |\n"));
  assert_non_null(strstr(page, "| `--shards` | `PROG_SHARDS` | 0 or more |  | streams create | How many. |\n"));
  sc_buf_clear(&out);
  sc_options_print_reference(&simple, &out);
  assert_non_null(strstr(sc_buf_str(&out), "| `--region` | `SERVE_REGION` | NAME |  | The region, a\\|b. |\n"));
  assert_null(strstr(sc_buf_str(&out), "ommands"));
  sc_buf_fini(&out);
}

static void test_bytes(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t bytes;
  } good[] = {
      {"0", 0},
      {"1048576", 1048576},
      {"64KiB", 65536},
      {"64kib", 65536},
      {"1MiB", 1048576},
      {"2GiB", INT64_C(2) << 30},
      {"1TiB", INT64_C(1) << 40},
      {"1.5GiB", INT64_C(3) << 29},
      {"0.5KiB", 512},
      {"10B", 10},
      {"1kB", 1000},
      {"1MB", 1000000},
      {"1GB", 1000000000},
      {"9223372036854775807", INT64_MAX},
  };
  static const char *const bad[] = {"",
                                    "MiB",
                                    "1 MiB",
                                    "1M",
                                    "1K",
                                    "-1",
                                    "+1",
                                    "1.MiB",
                                    ".5MiB",
                                    "1.1234567MiB",
                                    "1e3",
                                    "1MiBx",
                                    "0x10",
                                    "9223372036854775808",
                                    "9007199254740992KiB",
                                    "8388608TiB"};
  int64_t n;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    assert_true(sc_parse_bytes(sc_slice_str(good[i].text), &n));
    assert_int_equal(n, good[i].bytes);
  }
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) assert_false(sc_parse_bytes(sc_slice_str(bad[i]), &n));
}

static void test_durations(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t ms;
  } good[] = {
      {"250ms", 250}, {"1s", 1000},  {"5m", 300000}, {"2h", 7200000}, {"1d", 86400000},
      {"3", 3000},    {"0.25", 250}, {"1.5s", 1500}, {"0", 0},        {"0.5ms", 0},
  };
  static const char *const bad[] = {"", "s", "1 s", "1w", "-1s", "1s ", "1.s", "106751991168d", "9223372036854775807s"};
  int64_t n;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    assert_true(sc_parse_duration_ms(sc_slice_str(good[i].text), &n));
    assert_int_equal(n, good[i].ms);
  }
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(sc_parse_duration_ms(sc_slice_str(bad[i]), &n));
}

static void read_the_wrong_type(void) {
  parse("load|a|b");
  sc_options_int(options, FOLLOW);
}

static void read_beyond_the_table(void) {
  parse("load|a|b");
  sc_options_is_set(options, program.n_options);
}

static void read_beyond_the_arguments(void) {
  parse("load|a|b");
  sc_options_argument(options, 2);
}

static void test_wrong_reads_abort(void **state) {
  (void)state;
  assert_true(aborts(read_the_wrong_type));
  assert_true(aborts(read_beyond_the_table));
  assert_true(aborts(read_beyond_the_arguments));
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
  const struct CMUnitTest tests[] = {
      TEST(test_defaults),
      TEST(test_every_way_to_write_an_option),
      TEST(test_dash_and_what_follows_two_dashes_are_arguments),
      TEST(test_two_word_commands),
      TEST(test_program_without_commands),
      TEST(test_wrong_commands),
      TEST(test_wrong_options),
      TEST(test_wrong_values),
      TEST(test_wrong_numbers_of_arguments),
      TEST(test_environment),
      TEST(test_url_parameters),
      TEST(test_secrets_leave_argv),
      TEST(test_messages_do_not_repeat_secrets),
      TEST(test_help_and_version_win),
      TEST(test_program_help),
      TEST(test_command_help),
      TEST(test_help_wraps),
      TEST(test_a_name_of_two_commands),
      TEST(test_reference),
      TEST(test_bytes),
      TEST(test_durations),
      TEST(test_wrong_reads_abort),
  };
  return cmocka_run_group_tests_name("base/options", tests, NULL, NULL);
}
