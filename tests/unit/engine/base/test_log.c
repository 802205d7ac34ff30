#include "engine/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#include "engine/base/clock.h"
#include "tests/unit/engine/base/check.h"

static const int64_t now_ms = 1767323045678; /* 2026-01-02T03:04:05.678Z */

/* Standard error becomes a socket that keeps each write apart: a line must be one write. */
static int reader = -1, saved_stderr = -1;

static int setup(void **state) {
  (void)state;
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) != 0) return -1;
  fflush(stderr);
  saved_stderr = dup(STDERR_FILENO);
  dup2(pair[1], STDERR_FILENO);
  close(pair[1]);
  reader = pair[0];
  sc_clock_freeze(1000, now_ms);
  sc_log_init(SC_INFO, false);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  sc_log_progress("");
  dup2(saved_stderr, STDERR_FILENO);
  close(saved_stderr);
  close(reader);
  sc_clock_real();
  return 0;
}

/* The next write, "" when there was none. */
static const char *written(void) {
  static char text[8192];
  ssize_t n = recv(reader, text, sizeof(text) - 1, 0);
  text[n < 0 ? 0 : n] = '\0';
  return text;
}

static void test_logfmt_line(void **state) {
  (void)state;
  sc_log(SC_INFO, "resuming 8 shards", "stream=%s n=%d", "demo", 8);
  assert_string_equal(written(), "ts=2026-01-02T03:04:05.678Z level=info msg=\"resuming 8 shards\" stream=demo n=8\n");
  sc_log(SC_WARN, "100% \"done\"", NULL);
  assert_string_equal(written(), "ts=2026-01-02T03:04:05.678Z level=warn msg=\"100% \\\"done\\\"\"\n");
  assert_string_equal(written(), "");
}

static void test_levels(void **state) {
  (void)state;
  enum sc_level level = SC_INFO;
  sc_log(SC_DEBUG, "no", NULL);
  assert_string_equal(written(), "");
  assert_true(sc_log_level_parse("debug", &level) && level == SC_DEBUG);
  assert_true(sc_log_level_parse("error", &level) && level == SC_ERROR_LEVEL);
  assert_false(sc_log_level_parse("loud", &level));
  assert_false(sc_log_level_parse("", &level));
  sc_log_init(SC_ERROR_LEVEL, false);
  sc_log(SC_WARN, "no", NULL);
  struct sc_error err;
  sc_error_set(&err, SC_E_NET, "no");
  sc_log_error(SC_WARN, "no", &err);
  assert_string_equal(written(), "");
  sc_log(SC_ERROR_LEVEL, "yes", NULL);
  assert_non_null(strstr(written(), "level=error msg=\"yes\""));
}

static void test_control_characters_cannot_make_a_line(void **state) {
  (void)state;
  sc_log(SC_INFO, "a\nts=0", "k=%s", "b\r\nlevel=error\x1b[2J\x7f");
  assert_string_equal(written(),
                      "ts=2026-01-02T03:04:05.678Z level=info msg=\"a\\nts=0\" k=b\\x0d\\nlevel=error\\x1b[2J\\x7f\n");
}

static void test_fields_are_quoted_where_needed(void **state) {
  (void)state;
  struct sc_buf out = SC_BUF_INIT;
  sc_log_add_field(&out, "a", "plain-1.5");
  sc_log_add_field(&out, "b", "two words");
  sc_log_add_field(&out, "c", "");
  sc_log_add_field(&out, "d", "say \"x\" \\ \n");
  sc_log_add_field(&out, "e", "k=v");
  assert_string_equal(sc_buf_str(&out), "a=plain-1.5 b=\"two words\" c=\"\" d=\"say \\\"x\\\" \\\\ \\n\" e=\"k=v\"");
  sc_buf_fini(&out);
}

static struct sc_error full_error(void) {
  struct sc_error err;
  sc_error_set(&err, SC_E_DB_RETRY, "commit refused");
  sc_error_hint(&err, "free some space");
  err.os_errno = ENOSPC;
  err.http_status = 503;
  err.curl_code = 7;
  memcpy(err.sqlstate, "53100", 6);
  snprintf(err.service, sizeof(err.service), "Slow Down");
  snprintf(err.shard, sizeof(err.shard), "shardId-000000000001");
  snprintf(err.sequence, sizeof(err.sequence), "495");
  return err;
}

static void test_error_with_all_it_knows(void **state) {
  (void)state;
  struct sc_error err = full_error();
  sc_log_error(SC_ERROR_LEVEL, "load stopped", &err);
  assert_string_equal(
      written(),
      "ts=2026-01-02T03:04:05.678Z level=error msg=\"load stopped\" error=\"commit refused\" hint=\"free some space\" "
      "code=DB_RETRY class=rewind errno=28 http=503 curl=7 sqlstate=53100 service=\"Slow Down\" "
      "shard=shardId-000000000001 sequence=495\n");
  sc_error_set(&err, SC_E_NET, "gone");
  sc_log_error(SC_WARN, "again", &err);
  assert_string_equal(written(),
                      "ts=2026-01-02T03:04:05.678Z level=warn msg=\"again\" error=gone code=NET class=retry\n");
}

static void test_terminal_form(void **state) {
  (void)state;
  struct sc_error err;
  sc_log_init(SC_INFO, true);
  sc_log(SC_INFO, "resuming", "stream=%s", "demo");
  assert_string_equal(written(), "\r\033[K03:04:05 resuming stream=demo\n");
  sc_error_set(&err, SC_E_NET, "no route\n");
  sc_error_hint(&err, "look at the cable");
  sc_log_error(SC_ERROR_LEVEL, "load stopped", &err);
  assert_string_equal(written(),
                      "\r\033[K03:04:05 error: load stopped: no route\\n\n         hint: look at the cable\n");
}

static void test_progress_stays_below_the_lines(void **state) {
  (void)state;
  sc_log_progress("no terminal");
  assert_string_equal(written(), "");
  sc_log_init(SC_INFO, true);
  sc_log_progress("50 %");
  assert_string_equal(written(), "\r\033[K50 %");
  sc_log(SC_WARN, "slow", NULL);
  assert_string_equal(written(), "\r\033[K03:04:05 warning: slow\n50 %");
  sc_log_progress("");
  assert_string_equal(written(), "\r\033[K");
  sc_log(SC_INFO, "done", NULL);
  assert_string_equal(written(), "\r\033[K03:04:05 done\n");
}

static void test_progress_never_wraps(void **state) {
  (void)state;
  char line[200];
  memset(line, 'x', sizeof(line));
  line[sizeof(line) - 1] = '\0';
  sc_log_init(SC_INFO, true);
  sc_log_progress(line);
  assert_int_equal(strlen(written()), strlen("\r\033[K") + 79); /* a socket has no size: 80 columns */
}

/* 80 columns: 79 characters of whatever bytes; none is cut in two, not at the end of what is kept either. */
static void test_progress_is_cut_between_characters(void **state) {
  (void)state;
  static const char *const characters[] = {"x", "\u00e9", "\u20ac", "\U0001f600"};
  sc_log_init(SC_INFO, true);
  for (size_t c = 0; c < 4; c++) {
    struct sc_buf line = SC_BUF_INIT, shown = SC_BUF_INIT;
    for (int i = 0; i < 300; i++) sc_buf_add_str(&line, characters[c]);
    sc_buf_add_str(&shown, "\r\033[K");
    for (int i = 0; i < 79; i++) sc_buf_add_str(&shown, characters[c]);
    sc_log_progress(sc_buf_str(&line));
    assert_string_equal(written(), sc_buf_str(&shown));
    sc_buf_fini(&line);
    sc_buf_fini(&shown);
  }
}

static void test_window_lets_one_through_and_counts_the_rest(void **state) {
  (void)state;
  static struct sc_log_window window;
  uint64_t suppressed = 99;
  assert_true(sc_log_due(&window, 500, &suppressed));
  assert_int_equal(suppressed, 0);
  for (int i = 0; i < 3; i++) assert_false(sc_log_due(&window, 500, &suppressed));
  sc_clock_advance(499);
  assert_false(sc_log_due(&window, 500, &suppressed));
  sc_clock_advance(1);
  assert_true(sc_log_due(&window, 500, &suppressed));
  assert_int_equal(suppressed, 4);
  sc_clock_advance(500);
  assert_true(sc_log_due(&window, 500, &suppressed));
  assert_int_equal(suppressed, 0);
}

static void *log_some(void *arg) {
  for (int i = 0; i < 20; i++) sc_log(SC_INFO, "from a thread", "name=%s i=%d", (const char *)arg, i);
  return NULL;
}

static void test_lines_of_threads_do_not_mix(void **state) {
  (void)state;
  pthread_t a, b;
  int lines = 0, wrong = 0;
  assert_int_equal(pthread_create(&a, NULL, log_some, "aaaa"), 0);
  assert_int_equal(pthread_create(&b, NULL, log_some, "bbbb"), 0);
  pthread_join(a, NULL);
  pthread_join(b, NULL);
  for (const char *line = written(); *line; line = written(), lines++)
    wrong += strchr(line, '\n') != line + strlen(line) - 1 || strncmp(line, "ts=2026-", 8) != 0;
  assert_int_equal(lines, 40);
  assert_int_equal(wrong, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(test_logfmt_line),
      TEST(test_levels),
      TEST(test_control_characters_cannot_make_a_line),
      TEST(test_fields_are_quoted_where_needed),
      TEST(test_error_with_all_it_knows),
      TEST(test_terminal_form),
      TEST(test_progress_stays_below_the_lines),
      TEST(test_progress_never_wraps),
      TEST(test_progress_is_cut_between_characters),
      TEST(test_window_lets_one_through_and_counts_the_rest),
      TEST(test_lines_of_threads_do_not_mix),
  };
  return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
