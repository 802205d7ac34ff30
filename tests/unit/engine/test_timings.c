#include "engine/timings.h"

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "tests/unit/engine/base/check.h"

static int setup(void **state) {
  (void)state;
  sc_clock_freeze(1000, 0);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  sc_clock_real();
  return 0;
}

/* A thread with these milliseconds of each. */
static struct sc_timings thread(int64_t busy_ms, int64_t starved_ms, int64_t blocked_ms) {
  struct sc_timings t;
  sc_timings_begin(&t);
  sc_clock_advance(busy_ms);
  sc_timings_sleep(&t);
  sc_clock_advance(starved_ms);
  sc_timings_wake(&t, SC_TIME_STARVED);
  sc_timings_sleep(&t);
  sc_clock_advance(blocked_ms);
  sc_timings_wake(&t, SC_TIME_BLOCKED);
  sc_timings_end(&t);
  return t;
}

static void every_moment_is_counted_once(void **state) {
  (void)state;
  struct sc_timings t;
  int64_t expected_us[SC_TIMES] = {0};
  sc_timings_begin(&t);
  assert_int_equal(t.begun_us, sc_clock_mono_us());
  assert_int_equal(t.in_poll, SC_TIME_STARVED);
  for (int i = 1; i <= 20; i++) {
    enum sc_time why = i % 3 == 0 ? SC_TIME_BLOCKED : SC_TIME_STARVED;
    sc_clock_advance(i);
    sc_timings_sleep(&t);
    sc_clock_advance(100 * i);
    sc_timings_wake(&t, why);
    expected_us[SC_TIME_BUSY] += i * 1000;
    expected_us[why] += 100 * i * 1000;
  }
  sc_clock_advance(7);
  sc_timings_end(&t);
  expected_us[SC_TIME_BUSY] += 7000;
  for (int i = 0; i < SC_TIMES; i++) assert_int_equal(t.us[i], expected_us[i]);
  assert_int_equal(t.us[0] + t.us[1] + t.us[2], t.since_us - t.begun_us);
  sc_timings_begin(&t); /* a new load: nothing of the old one */
  sc_timings_end(&t);
  assert_int_equal(t.us[0] + t.us[1] + t.us[2], 0);
}

static void a_line_a_thread(void **state) {
  (void)state;
  const struct sc_timings fetch[2] = {thread(250, 500, 250), thread(0, 0, 0)}, parse = thread(1, 1, 1),
                          write = thread(5, 900, 123456);
  const struct sc_timings_pool pools[] = {{"fetch", fetch, 2}, {"parse", &parse, 1}, {"write", &write, 1}};
  struct sc_buf out = SC_BUF_INIT;
  sc_timings_report(pools, &out);
  assert_string_equal(sc_buf_str(&out),
                      "thread       seconds            busy         starved         blocked\n"
                      "fetch 0        1.000     0.250  25 %     0.500  50 %     0.250  25 %\n"
                      "fetch 1        0.000     0.000   0 %     0.000   0 %     0.000   0 %\n"
                      "parse 0        0.003     0.001  33 %     0.001  33 %     0.001  33 %\n"
                      "write 0      124.361     0.005   0 %     0.900   1 %   123.456  99 %\n"
                      "bottleneck: the target (write threads wait for it 99 % of their time and are busy 0 %)\n");
  sc_buf_fini(&out);
}

static void expect(struct sc_timings fetch, struct sc_timings parse, struct sc_timings write, const char *line) {
  const struct sc_timings_pool pools[] = {{"fetch", &fetch, 1}, {"parse", &parse, 1}, {"write", &write, 1}};
  struct sc_buf out = SC_BUF_INIT;
  sc_timings_bottleneck(pools, &out);
  assert_string_equal(sc_buf_str(&out), line);
  sc_buf_fini(&out);
}

static void names_what_others_wait_for(void **state) {
  (void)state;
  expect(thread(5, 15, 80), thread(20, 10, 70), thread(10, 5, 85),
         "bottleneck: the target (write threads wait for it 85 % of their time and are busy 10 %)\n");
  expect(thread(20, 10, 70), thread(40, 10, 50), thread(92, 3, 5),
         "bottleneck: the write threads (92 % busy, 5 % waiting for the target)\n");
  expect(thread(10, 5, 85), thread(97, 3, 0), thread(30, 60, 10), "bottleneck: the parse threads (97 % busy)\n");
  expect(thread(90, 10, 0), thread(40, 60, 0), thread(20, 75, 5),
         "bottleneck: the fetch threads (90 % busy, 10 % waiting for the source)\n");
  expect(thread(12, 88, 0), thread(5, 95, 0), thread(3, 95, 2),
         "bottleneck: the source (fetch threads wait for it 88 % of their time and are busy 12 %)\n");
}

/* Everything was read and waits in memory: a fetch thread that is done says blocked, and the target is to blame. */
static void a_short_load_that_fits_into_memory(void **state) {
  (void)state;
  expect(thread(30, 5, 65), thread(35, 10, 55), thread(50, 10, 40),
         "bottleneck: the write threads (50 % busy, 40 % waiting for the target)\n");
}

/* The longer a thread lived, the more it says about its pool. */
static void threads_weigh_by_their_time(void **state) {
  (void)state;
  const struct sc_timings fetch = thread(50, 0, 50), parse[2] = {thread(10, 0, 0), thread(100, 890, 0)},
                          write = thread(10, 90, 0);
  const struct sc_timings_pool pools[] = {{"fetch", &fetch, 1}, {"parse", parse, 2}, {"write", &write, 1}};
  struct sc_buf out = SC_BUF_INIT;
  sc_timings_bottleneck(pools, &out);
  assert_string_equal(sc_buf_str(&out), "bottleneck: the fetch threads (50 % busy, 0 % waiting for the source)\n");
  sc_buf_fini(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(every_moment_is_counted_once), TEST(a_line_a_thread),
                                     TEST(names_what_others_wait_for), TEST(a_short_load_that_fits_into_memory),
                                     TEST(threads_weigh_by_their_time)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
