#include "bench/local/api/holders.h"

#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000123)

static void test_one_at_a_time(void **state) {
  (void)state;
  struct sc_holders *holders = sc_holders_new(false);
  struct sc_holder first, second, third, elsewhere, of_another;
  sc_holder_init(&first, 7, 0);
  sc_holder_init(&second, 7, 0);
  sc_holder_init(&third, 7, 0);
  sc_holder_init(&elsewhere, 7, 1);
  sc_holder_init(&of_another, 8, 0);
  assert_int_equal(sc_holders_take(holders, &first, NOW), SC_HOLDERS_TAKEN);
  assert_int_equal(sc_holders_take(holders, &elsewhere, NOW), SC_HOLDERS_TAKEN);
  assert_int_equal(sc_holders_take(holders, &of_another, NOW), SC_HOLDERS_TAKEN);
  assert_int_equal(sc_holders_take(holders, &second, NOW + 4999), SC_HOLDERS_HELD);
  assert_false(first.is_ousted);
  assert_int_equal(sc_holders_take(holders, &second, NOW + 5000), SC_HOLDERS_TAKEN);
  assert_true(first.is_ousted);
  assert_false(second.is_ousted || elsewhere.is_ousted || of_another.is_ousted);
  sc_holders_leave(holders, &first); /* no longer its place */
  assert_int_equal(sc_holders_take(holders, &third, NOW + 9999), SC_HOLDERS_HELD);
  sc_holders_leave(holders, &second);
  assert_int_equal(sc_holders_take(holders, &third, NOW + 9999), SC_HOLDERS_TAKEN);
  assert_false(second.is_ousted);
  sc_holders_leave(holders, &third);
  sc_holders_leave(holders, &elsewhere);
  sc_holders_leave(holders, &of_another);
  sc_holders_free(holders);
}

struct ear {
  struct sc_listener listener;
  int heard;
};

static void hear(struct sc_listener *listener) { ((struct ear *)listener)->heard++; }

static void test_who_is_ousted_is_told(void **state) {
  (void)state;
  struct sc_holders *holders = sc_holders_new(false);
  struct sc_holder old, young;
  struct ear ear = {{.notify = hear}, 0};
  sc_holder_init(&old, 1, 1);
  sc_holder_init(&young, 1, 1);
  sc_bell_listen(&old.ousted, &ear.listener);
  assert_int_equal(sc_holders_take(holders, &old, NOW), SC_HOLDERS_TAKEN);
  assert_int_equal(ear.heard, 0);
  assert_int_equal(sc_holders_take(holders, &young, NOW + 6000), SC_HOLDERS_TAKEN);
  assert_int_equal(ear.heard, 1);
  sc_bell_leave(&ear.listener);
  sc_holders_leave(holders, &young);
  sc_holders_leave(holders, &old);
  sc_holder_fini(&old);
  sc_holder_fini(&young);
  sc_holders_free(holders);
}

static void test_one_call_a_second(void **state) {
  (void)state;
  struct sc_holders *holders = sc_holders_new(true);
  struct sc_holder first, second;
  sc_holder_init(&first, 1, 1);
  sc_holder_init(&second, 1, 1);
  assert_int_equal(sc_holders_take(holders, &first, NOW), SC_HOLDERS_TAKEN);
  sc_holders_leave(holders, &first);
  assert_int_equal(sc_holders_take(holders, &second, NOW + 999), SC_HOLDERS_TOO_FAST);
  assert_int_equal(sc_holders_take(holders, &second, NOW + 1000), SC_HOLDERS_TAKEN);
  assert_int_equal(sc_holders_take(holders, &first, NOW + 1500), SC_HOLDERS_TOO_FAST);
  assert_int_equal(sc_holders_take(holders, &first, NOW + 2000), SC_HOLDERS_HELD); /* counts as a call */
  assert_int_equal(sc_holders_take(holders, &first, NOW + 2500), SC_HOLDERS_TOO_FAST);
  sc_holders_leave(holders, &second);
  sc_holders_free(holders);
}

enum { MANY = 1000 };

/* Places that nobody holds are used again, those that are held stay, in whatever order they come. */
static void test_many(void **state) {
  (void)state;
  struct sc_holders *holders = sc_holders_new(true);
  static struct sc_holder kept[MANY], passing[MANY];
  for (uint32_t i = 0; i < MANY; i++) {
    sc_holder_init(&kept[i], i % 3, i * 7919 % MANY);
    sc_holder_init(&passing[i], 10 + i % 5, i);
    assert_int_equal(sc_holders_take(holders, &kept[i], NOW + i * 10), SC_HOLDERS_TAKEN);
    assert_int_equal(sc_holders_take(holders, &passing[i], NOW + i * 10), SC_HOLDERS_TAKEN);
    sc_holders_leave(holders, &passing[i]);
  }
  for (uint32_t i = 0; i < MANY; i++) {
    struct sc_holder other;
    int64_t asked_ms = NOW + i * 10 + 1000;
    sc_holder_init(&other, kept[i].consumer, kept[i].shard);
    assert_int_equal(sc_holders_take(holders, &other, asked_ms), SC_HOLDERS_HELD);
    assert_int_equal(sc_holders_take(holders, &passing[i], asked_ms + MANY * 10), SC_HOLDERS_TAKEN);
    sc_holders_leave(holders, &passing[i]);
  }
  for (int i = 0; i < MANY; i++) sc_holders_leave(holders, &kept[i]);
  sc_holders_free(holders);
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
