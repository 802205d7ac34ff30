#include "bench/local/store/arena.h"

#include <stdlib.h>

#include "tests/unit/engine/base/check.h"

/* Text i: its number, (i * 37) % 9000 times. */
static void add(struct scl_arena *arena, int i, size_t spare) {
  size_t len = (size_t)(i * 37) % 9000;
  char *at = scl_arena_begin(arena, len + spare);
  memset(at, i & 127, len);
  scl_arena_end(arena, at + len);
}

static void check_text(const struct scl_arena *arena, int i) {
  struct sc_slice text = scl_arena_text(arena, (uint64_t)i);
  assert_int_equal(text.len, (size_t)(i * 37) % 9000);
  for (size_t j = 0; j < text.len; j++) assert_int_equal(text.ptr[j], i & 127);
}

static void test_texts_stay(void **state) {
  (void)state;
  struct scl_arena arena;
  scl_arena_init(&arena);
  const char *where[500];
  for (int i = 0; i < 500; i++) {
    add(&arena, i, 100);
    where[i] = scl_arena_text(&arena, (uint64_t)i).ptr;
  }
  assert_int_equal(scl_arena_count(&arena), 500);
  for (int i = 0; i < 500; i++) {
    check_text(&arena, i);
    assert_ptr_equal(scl_arena_text(&arena, (uint64_t)i).ptr, where[i]);
  }
  scl_arena_fini(&arena);
  assert_int_equal(scl_arena_count(&arena), 0);
}

static void test_large_texts(void **state) {
  (void)state;
  struct scl_arena arena;
  scl_arena_init(&arena);
  for (int i = 0; i < 3; i++) {
    char *at = scl_arena_begin(&arena, 10 << 20);
    at[0] = (char)i;
    at[(10 << 20) - 1] = (char)i;
    scl_arena_end(&arena, at + (10 << 20));
  }
  for (uint64_t i = 0; i < 3; i++) {
    struct sc_slice text = scl_arena_text(&arena, i);
    assert_int_equal(text.len, 10 << 20);
    assert_int_equal(text.ptr[text.len - 1], i);
  }
  scl_arena_fini(&arena);
}

/* Any stretch is exactly its texts, one after the other. */
static void test_ranges(void **state) {
  (void)state;
  struct scl_arena arena;
  scl_arena_init(&arena);
  for (int i = 0; i < 300; i++) add(&arena, i, i % 5 == 0 ? 5000 : 0);
  for (uint64_t first = 0; first < 300; first += 7) {
    for (uint64_t last = first; last < 300; last += 13) {
      struct scl_arena_range ranges[300];
      assert_in_range(scl_arena_most_ranges(&arena, first, last), 1, 300);
      int n = scl_arena_ranges(&arena, first, last, ranges);
      assert_in_range(n, 1, scl_arena_most_ranges(&arena, first, last));
      size_t i = 0, offset = 0;
      for (uint64_t text = first; text <= last; text++) {
        struct sc_slice want = scl_arena_text(&arena, text);
        if (want.len == 0) continue;
        if (offset == ranges[i].bytes.iov_len) i++, offset = 0;
        assert_ptr_equal((const char *)ranges[i].bytes.iov_base + offset, want.ptr);
        offset += want.len;
      }
      assert_true(i + 1 == (size_t)n || ranges[i + 1].bytes.iov_len == 0);
      assert_int_equal(offset, ranges[i].bytes.iov_len);
      for (int j = 0; j < n; j++) scl_arena_range_fini(&ranges[j]);
    }
  }
  scl_arena_fini(&arena);
}

/* What was handed out stays good when its texts are dropped, and the rest keeps its numbers. */
static void test_drop(void **state) {
  (void)state;
  struct scl_arena arena;
  struct scl_arena_range ranges[300];
  scl_arena_init(&arena);
  for (int i = 0; i < 300; i++) add(&arena, i, 0);
  int n = scl_arena_ranges(&arena, 1, 1, ranges);
  assert_int_equal(n, 1);
  for (uint64_t first = 0; first <= 300; first += 50) {
    scl_arena_drop(&arena, first);
    assert_int_equal(scl_arena_first(&arena), first);
    for (int i = (int)first; i < 300; i++) check_text(&arena, i);
  }
  assert_int_equal(ranges[0].bytes.iov_len, 37);
  assert_int_equal(*(const char *)ranges[0].bytes.iov_base, 1);
  scl_arena_range_fini(&ranges[0]);
  add(&arena, 300, 0);
  check_text(&arena, 300);
  scl_arena_fini(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_texts_stay),
      cmocka_unit_test(test_large_texts),
      cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_drop),
  };
  return cmocka_run_group_tests_name("local/arena", tests, NULL, NULL);
}
