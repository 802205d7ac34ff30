#include "bench/local/api/holders.h"

#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000123)

static void test_one_at_a_time(void **state) {
  (void)state;
  struct scl_holders *holders = scl_holders_new(false);
  struct scl_holder first, second, third, elsewhere, of_another;
  scl_holder_init(&first, 7, 0);
  scl_holder_init(&second, 7, 0);
  scl_holder_init(&third, 7, 0);
  scl_holder_init(&elsewhere, 7, 1);
  scl_holder_init(&of_another, 8, 0);
  assert_int_equal(scl_holders_take(holders, &first, NOW), SCL_HOLDERS_TAKEN);
  assert_int_equal(scl_holders_take(holders, &elsewhere, NOW), SCL_HOLDERS_TAKEN);
  assert_int_equal(scl_holders_take(holders, &of_another, NOW), SCL_HOLDERS_TAKEN);
  assert_int_equal(scl_holders_take(holders, &second, NOW + 4999), SCL_HOLDERS_HELD);
  assert_false(first.is_ousted);
  assert_int_equal(scl_holders_take(holders, &second, NOW + 5000), SCL_HOLDERS_TAKEN);
  assert_true(first.is_ousted);
  assert_false(second.is_ousted || elsewhere.is_ousted || of_another.is_ousted);
  scl_holders_leave(holders, &first); /* no longer its place */
  assert_int_equal(scl_holders_take(holders, &third, NOW + 9999), SCL_HOLDERS_HELD);
  scl_holders_leave(holders, &second);
  assert_int_equal(scl_holders_take(holders, &third, NOW + 9999), SCL_HOLDERS_TAKEN);
  assert_false(second.is_ousted);
  scl_holders_leave(holders, &third);
  scl_holders_leave(holders, &elsewhere);
  scl_holders_leave(holders, &of_another);
  scl_holders_free(holders);
}

struct ear {
  struct scl_listener listener;
  int heard;
};

static void hear(struct scl_listener *listener) { ((struct ear *)listener)->heard++; }

static void test_who_is_ousted_is_told(void **state) {
  (void)state;
  struct scl_holders *holders = scl_holders_new(false);
  struct scl_holder old, young;
  struct ear ear = {{.notify = hear}, 0};
  scl_holder_init(&old, 1, 1);
  scl_holder_init(&young, 1, 1);
  scl_bell_listen(&old.ousted, &ear.listener);
  assert_int_equal(scl_holders_take(holders, &old, NOW), SCL_HOLDERS_TAKEN);
  assert_int_equal(ear.heard, 0);
  assert_int_equal(scl_holders_take(holders, &young, NOW + 6000), SCL_HOLDERS_TAKEN);
  assert_int_equal(ear.heard, 1);
  scl_bell_leave(&ear.listener);
  scl_holders_leave(holders, &young);
  scl_holders_leave(holders, &old);
  scl_holder_fini(&old);
  scl_holder_fini(&young);
  scl_holders_free(holders);
}

static void test_one_call_a_second(void **state) {
  (void)state;
  struct scl_holders *holders = scl_holders_new(true);
  struct scl_holder first, second;
  scl_holder_init(&first, 1, 1);
  scl_holder_init(&second, 1, 1);
  assert_int_equal(scl_holders_take(holders, &first, NOW), SCL_HOLDERS_TAKEN);
  scl_holders_leave(holders, &first);
  assert_int_equal(scl_holders_take(holders, &second, NOW + 999), SCL_HOLDERS_TOO_FAST);
  assert_int_equal(scl_holders_take(holders, &second, NOW + 1000), SCL_HOLDERS_TAKEN);
  assert_int_equal(scl_holders_take(holders, &first, NOW + 1500), SCL_HOLDERS_TOO_FAST);
  assert_int_equal(scl_holders_take(holders, &first, NOW + 2000), SCL_HOLDERS_HELD); /* counts as a call */
  assert_int_equal(scl_holders_take(holders, &first, NOW + 2500), SCL_HOLDERS_TOO_FAST);
  scl_holders_leave(holders, &second);
  scl_holders_free(holders);
}

enum { MANY = 1000 };

/* Places that nobody holds are used again, those that are held stay, in whatever order they come. */
static void test_many(void **state) {
  (void)state;
  struct scl_holders *holders = scl_holders_new(true);
  static struct scl_holder kept[MANY], passing[MANY];
  for (uint32_t i = 0; i < MANY; i++) {
    scl_holder_init(&kept[i], i % 3, i * 7919 % MANY);
    scl_holder_init(&passing[i], 10 + i % 5, i);
    assert_int_equal(scl_holders_take(holders, &kept[i], NOW + i * 10), SCL_HOLDERS_TAKEN);
    assert_int_equal(scl_holders_take(holders, &passing[i], NOW + i * 10), SCL_HOLDERS_TAKEN);
    scl_holders_leave(holders, &passing[i]);
  }
  for (uint32_t i = 0; i < MANY; i++) {
    struct scl_holder other;
    int64_t asked_ms = NOW + i * 10 + 1000;
    scl_holder_init(&other, kept[i].consumer, kept[i].shard);
    assert_int_equal(scl_holders_take(holders, &other, asked_ms), SCL_HOLDERS_HELD);
    assert_int_equal(scl_holders_take(holders, &passing[i], asked_ms + MANY * 10), SCL_HOLDERS_TAKEN);
    scl_holders_leave(holders, &passing[i]);
  }
  for (int i = 0; i < MANY; i++) scl_holders_leave(holders, &kept[i]);
  scl_holders_free(holders);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_at_a_time),
      cmocka_unit_test(test_who_is_ousted_is_told),
      cmocka_unit_test(test_one_call_a_second),
      cmocka_unit_test(test_many),
  };
  return cmocka_run_group_tests_name("local/holders", tests, NULL, NULL);
}
