#include "engine/load/progress.h"

#include <stdio.h>
#include <sys/socket.h>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/lineage.h"
#include "tests/unit/engine/base/check.h"

/* Standard error becomes a socket that keeps each write apart. The counters live as long as the process: each test adds
 * to them. */
static int reader = -1, saved_stderr = -1;
static const struct sc_lineage_counts shards = {.known = 4, .ended = 1, .at_tip = 2};

static int setup(void **state) {
  (void)state;
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) != 0) return -1;
  fflush(stderr);
  saved_stderr = dup(STDERR_FILENO);
  dup2(pair[1], STDERR_FILENO);
  close(pair[1]);
  reader = pair[0];
  sc_log_init(SC_INFO, false);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  sc_log_progress("");
  dup2(saved_stderr, STDERR_FILENO);
  close(saved_stderr);
  close(reader);
  return 0;
}

/* The next write, "" when there was none. */
static const char *written(void) {
  static char text[4096];
  ssize_t n = recv(reader, text, sizeof(text) - 1, 0);
  text[n < 0 ? 0 : n] = '\0';
  return text;
}

static void expect(const char *part) {
  const char *line = written();
  if (strstr(line, part) == NULL) fail_msg("\"%s\" is not in \"%s\"", part, line);
}

static void count(uint64_t rows, uint64_t dead, uint64_t bytes) {
  struct sc_metrics *m = sc_metrics_mine();
  sc_metric_add(m, SC_M_RECORDS_IN, rows + dead);
  sc_metric_add(m, SC_M_ROWS, rows);
  sc_metric_add(m, SC_M_DEAD_LETTERS, dead);
  sc_metric_add(m, SC_M_RECORD_BYTES, bytes);
}

static void a_line_every_ten_seconds(void **state) {
  (void)state;
  struct sc_progress p;
  sc_progress_init(&p, "demo", false);
  sc_progress_begin(&p, 5000);
  assert_false(sc_progress_is_due(&p, 14999));
  assert_true(sc_progress_is_due(&p, 15000));
  count(30000, 2, 50000000);
  sc_progress_show(&p, &shards, 4300, 15000);
  expect("rows=30000 rows_per_s=3000 mb_per_s=5.0 shards_done=3 shards=4 lag=4.3s dead_letters=2\n");
  assert_false(sc_progress_is_due(&p, 24999));
  count(10000, 0, 10000000);
  sc_progress_show(&p, &shards, -1, 25000); /* the rate is that of the last ten seconds */
  expect("rows=40000 rows_per_s=1000 mb_per_s=1.0 shards_done=3 shards=4 lag=- dead_letters=2\n");
}

static void how_far_behind(void **state) {
  (void)state;
  static const struct {
    int64_t ms;
    const char *text;
  } lags[] = {{-1, "lag=- "},          {0, "lag=0.0s "},        {59999, "lag=60.0s "},     {60000, "lag=1m00s "},
              {725000, "lag=12m05s "}, {5220000, "lag=1h27m "}, {86399999, "lag=23h59m "}, {273600000, "lag=3d04h "}};
  struct sc_progress p;
  sc_progress_init(&p, "demo", false);
  sc_progress_begin(&p, 0);
  for (size_t i = 0; i < sizeof(lags) / sizeof(lags[0]); i++) {
    sc_progress_show(&p, &shards, lags[i].ms, 10000);
    expect(lags[i].text);
  }
}

static void a_line_of_the_terminal(void **state) {
  (void)state;
  struct sc_progress p;
  sc_log_init(SC_INFO, true);
  sc_progress_init(&p, "demo", false);
  p.terminal = true;
  sc_progress_begin(&p, 1000);
  assert_false(sc_progress_is_due(&p, 1499));
  assert_true(sc_progress_is_due(&p, 1500));
  count(700, 0, 1000000);
  sc_progress_show(&p, &shards, 1000, 1500);
  assert_string_equal(written(), "\r\033[Kdemo: 700 rows, 1400/s, 2.0 MB/s, 3/4 shards, lag 1.0s, 0 dead letters");
}

static void adds_up_at_the_end(void **state) {
  (void)state;
  struct sc_progress p;
  struct sc_error err;
  sc_progress_init(&p, "demo", false);
  sc_progress_begin(&p, 0);
  count(8000, 5, 4000000);
  assert_int_equal(sc_progress_finish(&p, &shards, NULL, 2000, &err), SC_OK);
  expect(
      "msg=\"done\" records=8005 rows=8000 dead_letters=5 filtered=0 seconds=2.0 rows_per_s=4000 mb_per_s=2.0 shards=4 "
      "ended=1 at_tip=2 unknown_keys=0 extra_rows=0\n");
  assert_string_equal(written(), "");
}

static void says_why_there_is_nothing(void **state) {
  (void)state;
  struct sc_progress p;
  struct sc_error err;
  sc_progress_init(&p, "demo", false);
  sc_progress_begin(&p, 0);
  assert_int_equal(sc_progress_finish(&p, &shards, "the stream is empty", 0, &err), SC_OK);
  expect("rows=0 dead_letters=0 filtered=0 seconds=0.0 rows_per_s=0 ");
  expect("msg=\"no row was written\" why=\"the stream is empty\"\n");
}

/* What an earlier load of this process counted is not of this one: neither its rows nor its rates. */
static void begins_anew(void **state) {
  (void)state;
  struct sc_progress first, second;
  struct sc_error err;
  sc_progress_init(&first, "demo", false);
  sc_progress_begin(&first, 0);
  count(500000, 7, 90000000);
  sc_progress_init(&second, "demo", false);
  count(20, 1, 2000000); /* committed while it was prepared: its own */
  sc_progress_begin(&second, 100000);
  count(980, 0, 18000000);
  sc_progress_show(&second, &shards, 0, 110000);
  expect("rows=1000 rows_per_s=100 mb_per_s=2.0 shards_done=3 shards=4 lag=0.0s dead_letters=1\n");
  assert_int_equal(sc_progress_finish(&second, &shards, NULL, 120000, &err), SC_OK);
  expect("records=1001 rows=1000 dead_letters=1 filtered=0 seconds=20.0 rows_per_s=50 mb_per_s=1.0 ");
  assert_int_equal(sc_progress_count(&second, SC_M_RECORDS_IN), 1001);
}

static void quiet_says_nothing_but_counts(void **state) {
  (void)state;
  struct sc_progress p;
  struct sc_error err;
  sc_progress_init(&p, "demo", true);
  sc_progress_begin(&p, 0);
  assert_false(sc_progress_is_due(&p, INT64_MAX));
  assert_int_equal(sc_progress_finish(&p, &shards, "the stream is empty", 1, &err), SC_OK);
  assert_string_equal(written(), "");
  sc_metric_add(sc_metrics_mine(), SC_M_RECORDS_IN, 1); /* whose fate nobody knows */
  assert_int_equal(sc_progress_finish(&p, &shards, NULL, 1, &err), SC_E_INTERNAL);
  assert_string_equal(
      err.text, "counters do not add up: 1 records in, 0 rows more than records, 0 rows, 0 dead letters, 0 filtered");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(a_line_every_ten_seconds),     TEST(how_far_behind),
                                     TEST(a_line_of_the_terminal),       TEST(adds_up_at_the_end),
                                     TEST(says_why_there_is_nothing),    TEST(begins_anew),
                                     TEST(quiet_says_nothing_but_counts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
