#include "sink/stdout.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/budget.h"
#include "engine/batch.h"
#include "engine/plan.h"
#include "engine/program.h"
#include "engine/stop.h"
#include "engine/wait.h"
#include "sink/null.h"

static int wait_now(void *arg, int fd, short events, int timeout_ms) {
  struct pollfd p = {.fd = fd, .events = events};
  (void)arg;
  return poll(&p, 1, timeout_ms) > 0 ? SC_OK : SC_E_DEADLINE;
}
static const struct sc_wait hook = {wait_now, NULL};

/* A sink, its session and plan, a block of one shard. */
struct bench {
  const struct sc_sink_ops *ops;
  struct sc_options *options;
  struct sc_sink *sink;
  struct sc_session *session;
  struct sc_plan *plan;
  struct sc_budget *budget;
  struct sc_block *block;
};
static const struct sc_shard_info shard = {.id = "shardId-000000000007"};

static void set_up(struct bench *b, const struct sc_sink_ops *ops, const char *option) {
  struct sc_error err;
  char *argv[] = {strdup("shardcopy"), strdup("load"), strdup("kinesis://x"), strdup("-"), strdup(option)};
  assert_int_equal(sc_options_parse(&sc_program, 5, argv, &b->options, &err), SC_OK);
  for (int i = 0; i < 5; i++) free(argv[i]);
  b->ops = ops;
  assert_int_equal(ops->open("-", b->options, "x", &b->sink, &err), SC_OK);
  assert_int_equal(ops->session_open(b->sink, "write 0", &hook, &b->session, &err), SC_OK);
  b->plan = sc_plan_new(1, 1); /* as control makes it for a sink without a schema */
  b->plan->sink = b->sink;
  sc_plan_seal(b->plan);
  b->budget = sc_budget_new(8 << 20, 8 << 20, 1);
  b->block = sc_block_new(b->budget, 1 << 20);
  b->block->spans[b->block->n_spans++] = (struct sc_span){.shard = &shard};
  b->block->plan = b->plan;
}

static void tear_down(struct bench *b) {
  sc_block_free(b->block);
  sc_budget_free(b->budget);
  sc_plan_free(b->plan);
  b->ops->session_close(b->session);
  b->ops->close(b->sink);
  sc_options_free(b->options);
}

static void encode(struct bench *b, const struct sc_record *record, uint32_t n) {
  static uint32_t which[SC_CHUNK_ROWS];
  size_t needed;
  struct sc_cells cells = {.n_columns = 0, .n_rows = n, .record = which};
  assert_int_equal(b->ops->rows->encode(b->plan, &cells, 0, record, 0, b->block, NULL, &needed), n);
}

static int push(struct bench *b, uint32_t first, uint32_t end) {
  struct sc_error err;
  return b->ops->rows->push(b->session, &(struct sc_row_range){.block = b->block, .first = first, .end = end}, &err);
}

static void expect(struct bench *b, const char *lines) {
  assert_int_equal(b->block->len, strlen(lines));
  assert_memory_equal(b->block->data, lines, b->block->len);
}

static void a_line_is_the_payload(void **state) {
  (void)state;
  struct bench b;
  struct sc_record record = {.data = SC_SLICE_LITERAL(" {\"a\":\r\n1}\n"), .sequence = SC_SLICE_LITERAL("12")};
  set_up(&b, &sc_sink_stdout, "--quiet");
  encode(&b, &record, 1);
  encode(&b, &record, 1);
  expect(&b, "{\"a\":  1}\n{\"a\":  1}\n");
  assert_int_equal(b.block->rows[1].offset, 10);
  tear_down(&b);
}

static void an_envelope_names_the_record(void **state) {
  (void)state;
  struct bench b;
  struct sc_record record = {.data = SC_SLICE_LITERAL("{}\n"),
                             .sequence = SC_SLICE_LITERAL("12"),
                             .partition_key = SC_SLICE_LITERAL("k\"\\\1ü"),
                             .arrival_us = INT64_C(1700000000123456)};
  set_up(&b, &sc_sink_stdout, "--envelope");
  encode(&b, &record, 1);
  record.arrival_us = INT64_MIN;
  encode(&b, &record, 1);
  expect(&b,
         "{\"shard\":\"shardId-000000000007\",\"sequence\":\"12\",\"arrival\":\"2023-11-14T22:13:20.123Z\","
         "\"partition_key\":\"k\\\"\\\\\\u0001ü\",\"data\":{}}\n"
         "{\"shard\":\"shardId-000000000007\",\"sequence\":\"12\",\"arrival\":null,"
         "\"partition_key\":\"k\\\"\\\\\\u0001ü\",\"data\":{}}\n");
  tear_down(&b);
}

/* Standard output is a pipe for the time of a test. */
static int saved_output;
static int read_end_of_output(void) {
  int ends[2];
  saved_output = dup(STDOUT_FILENO);
  assert_int_equal(pipe(ends), 0);
  dup2(ends[1], STDOUT_FILENO);
  close(ends[1]);
  return ends[0];
}
static void restore_output(void) {
  dup2(saved_output, STDOUT_FILENO);
  close(saved_output);
}

static void rows_are_written(void **state) {
  (void)state;
  struct bench b;
  char got[64];
  struct sc_record record = {.data = SC_SLICE_LITERAL("[1]"), .sequence = SC_SLICE_LITERAL("12")};
  set_up(&b, &sc_sink_stdout, "--quiet");
  encode(&b, &record, 1);
  record.data = SC_SLICE_LITERAL("[2]");
  encode(&b, &record, 1);
  int from = read_end_of_output();
  int rc = push(&b, 1, 2);
  if (!rc) rc = push(&b, 0, 1);
  restore_output();
  assert_int_equal(rc, SC_OK);
  assert_int_equal(read(from, got, sizeof(got)), 8);
  assert_memory_equal(got, "[2]\n[1]\n", 8);
  close(from);
  tear_down(&b);
}

/* More than a pipe holds, read in small bites by a child: partial writes and waits. */
static void a_slow_reader_gets_it_all(void **state) {
  (void)state;
  struct bench b;
  static char data[100000];
  int status = 0;
  set_up(&b, &sc_sink_stdout, "--quiet");
  memset(data, 'x', sizeof(data));
  struct sc_record record = {.data = {data, sizeof(data)}, .sequence = SC_SLICE_LITERAL("1")};
  for (int i = 0; i < 5; i++) encode(&b, &record, 1);
  int from = read_end_of_output();
  pid_t child = fork();
  if (child == 0) {
    char bite[777];
    size_t total = 0;
    close(STDOUT_FILENO);
    for (ssize_t n; (n = read(from, bite, sizeof(bite))) > 0;) total += (size_t)n;
    _exit(total == 5 * (sizeof(data) + 1) ? 0 : 1);
  }
  int rc = push(&b, 0, 5);
  restore_output();
  assert_int_equal(rc, SC_OK);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  close(from);
  tear_down(&b);
}

static void a_reader_that_left_ends_the_run(void **state) {
  (void)state;
  struct bench b;
  struct sc_record record = {.data = SC_SLICE_LITERAL("[1]"), .sequence = SC_SLICE_LITERAL("12")};
  set_up(&b, &sc_sink_stdout, "--quiet");
  encode(&b, &record, 1);
  signal(SIGPIPE, SIG_IGN);
  close(read_end_of_output());
  assert_false(sc_stop_requested());
  int first = push(&b, 0, 1), second = push(&b, 0, 1);
  restore_output();
  assert_int_equal(first, SC_OK);
  assert_int_equal(second, SC_OK);
  assert_true(sc_stop_requested());
  tear_down(&b);
}

static void null_counts_rows(void **state) {
  (void)state;
  struct bench b;
  struct sc_record record = {.data = SC_SLICE_LITERAL("[1]"), .sequence = SC_SLICE_LITERAL("12")};
  set_up(&b, &sc_sink_null, "--quiet");
  encode(&b, &record, 1);
  encode(&b, &record, 1);
  assert_int_equal(b.block->n_rows, 2);
  assert_int_equal(b.block->len, 0);
  assert_int_equal(push(&b, 0, 2), SC_OK);
  tear_down(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_is_the_payload),
      cmocka_unit_test(an_envelope_names_the_record),
      cmocka_unit_test(rows_are_written),
      cmocka_unit_test(a_slow_reader_gets_it_all),
      cmocka_unit_test(a_reader_that_left_ends_the_run),
      cmocka_unit_test(null_counts_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
