#include "bench/local/store/window.h"

#include "tests/unit/engine/base/check.h"

static void add(struct scl_window *window, int value) { *(int *)scl_window_add(window) = value; }

static void test_numbers_stay(void **state) {
  (void)state;
  struct scl_window window = {.item_bytes = sizeof(int)};
  for (int i = 0; i < 1000; i++) {
    add(&window, i * 3);
    if (i % 7 == 0) scl_window_drop(&window, (uint64_t)i / 2);
    for (uint64_t j = window.first; j < window.end; j++) assert_int_equal(*(int *)scl_window_at(&window, j), j * 3);
  }
  assert_int_equal(window.end, 1000);
  assert_int_equal(window.first, 994 / 2);
  scl_window_fini(&window);
}

static void test_memory_comes_back(void **state) {
  (void)state;
  struct scl_window window = {.item_bytes = sizeof(int)};
  for (int i = 0; i < 100000; i++) add(&window, i);
  scl_window_drop(&window, 99999);
  assert_in_range(window.cap, 1, 16);
  assert_int_equal(*(int *)scl_window_at(&window, 99999), 99999);
  scl_window_drop(&window, 100000);
  add(&window, 5);
  assert_int_equal(window.first, 100000);
  assert_int_equal(*(int *)scl_window_at(&window, 100000), 5);
  scl_window_fini(&window);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numbers_stay),
      cmocka_unit_test(test_memory_comes_back),
  };
  return cmocka_run_group_tests_name("local/window", tests, NULL, NULL);
}
