#include "bench/local/api/subscription_leases.h"

#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000123)

static void test_one_at_a_time(void **state) {
  (void)state;
  struct scl_leases *leases = scl_leases_new(false);
  struct scl_lease first, second, third, elsewhere, of_another;
  scl_lease_init(&first, 7, 0);
  scl_lease_init(&second, 7, 0);
  scl_lease_init(&third, 7, 0);
  scl_lease_init(&elsewhere, 7, 1);
  scl_lease_init(&of_another, 8, 0);
  assert_int_equal(scl_leases_take(leases, &first, NOW), SCL_LEASE_TAKEN);
  assert_int_equal(scl_leases_take(leases, &elsewhere, NOW), SCL_LEASE_TAKEN);
  assert_int_equal(scl_leases_take(leases, &of_another, NOW), SCL_LEASE_TAKEN);
  assert_int_equal(scl_leases_take(leases, &second, NOW + 4999), SCL_LEASE_HELD);
  assert_false(first.is_lost);
  assert_int_equal(scl_leases_take(leases, &second, NOW + 5000), SCL_LEASE_TAKEN);
  assert_true(first.is_lost);
  assert_false(second.is_lost || elsewhere.is_lost || of_another.is_lost);
  scl_leases_give(leases, &first); /* it has lost it already */
  assert_int_equal(scl_leases_take(leases, &third, NOW + 9999), SCL_LEASE_HELD);
  scl_leases_give(leases, &second);
  assert_int_equal(scl_leases_take(leases, &third, NOW + 9999), SCL_LEASE_TAKEN);
  assert_false(second.is_lost);
  scl_leases_give(leases, &third);
  scl_leases_give(leases, &elsewhere);
  scl_leases_give(leases, &of_another);
  scl_leases_free(leases);
}

struct wakeup {
  struct scl_listener listener;
  int n;
};

static void on_notified(struct scl_listener *listener) { ((struct wakeup *)listener)->n++; }

static void test_the_loser_is_notified(void **state) {
  (void)state;
  struct scl_leases *leases = scl_leases_new(false);
  struct scl_lease old, young;
  struct wakeup wakeup = {{.notify = on_notified}, 0};
  scl_lease_init(&old, 1, 1);
  scl_lease_init(&young, 1, 1);
  scl_notifier_add(&old.lost, &wakeup.listener);
  assert_int_equal(scl_leases_take(leases, &old, NOW), SCL_LEASE_TAKEN);
  assert_int_equal(wakeup.n, 0);
  assert_int_equal(scl_leases_take(leases, &young, NOW + 6000), SCL_LEASE_TAKEN);
  assert_int_equal(wakeup.n, 1);
  scl_notifier_remove(&wakeup.listener);
  scl_leases_give(leases, &young);
  scl_leases_give(leases, &old);
  scl_lease_fini(&old);
  scl_lease_fini(&young);
  scl_leases_free(leases);
}

static void test_one_call_a_second(void **state) {
  (void)state;
  struct scl_leases *leases = scl_leases_new(true);
  struct scl_lease first, second;
  scl_lease_init(&first, 1, 1);
  scl_lease_init(&second, 1, 1);
  assert_int_equal(scl_leases_take(leases, &first, NOW), SCL_LEASE_TAKEN);
  scl_leases_give(leases, &first);
  assert_int_equal(scl_leases_take(leases, &second, NOW + 999), SCL_LEASE_TOO_FAST);
  assert_int_equal(scl_leases_take(leases, &second, NOW + 1000), SCL_LEASE_TAKEN);
  assert_int_equal(scl_leases_take(leases, &first, NOW + 1500), SCL_LEASE_TOO_FAST);
  assert_int_equal(scl_leases_take(leases, &first, NOW + 2000), SCL_LEASE_HELD); /* counts as a call */
  assert_int_equal(scl_leases_take(leases, &first, NOW + 2500), SCL_LEASE_TOO_FAST);
  scl_leases_give(leases, &second);
  scl_leases_free(leases);
}

enum { MANY = 1000 };

/* Entries that nobody holds are dropped, those that are held stay. */
static void test_many(void **state) {
  (void)state;
  struct scl_leases *leases = scl_leases_new(true);
  static struct scl_lease kept[MANY], passing[MANY];
  for (uint32_t i = 0; i < MANY; i++) {
    scl_lease_init(&kept[i], i % 3, i * 7919 % MANY);
    scl_lease_init(&passing[i], 10 + i % 5, i);
    assert_int_equal(scl_leases_take(leases, &kept[i], NOW + i * 10), SCL_LEASE_TAKEN);
    assert_int_equal(scl_leases_take(leases, &passing[i], NOW + i * 10), SCL_LEASE_TAKEN);
    scl_leases_give(leases, &passing[i]);
  }
  for (uint32_t i = 0; i < MANY; i++) {
    struct scl_lease other;
    int64_t asked_ms = NOW + i * 10 + 1000;
    scl_lease_init(&other, kept[i].consumer, kept[i].shard);
    assert_int_equal(scl_leases_take(leases, &other, asked_ms), SCL_LEASE_HELD);
    assert_int_equal(scl_leases_take(leases, &passing[i], asked_ms + MANY * 10), SCL_LEASE_TAKEN);
    scl_leases_give(leases, &passing[i]);
  }
  for (int i = 0; i < MANY; i++) scl_leases_give(leases, &kept[i]);
  scl_leases_free(leases);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_at_a_time),
      cmocka_unit_test(test_the_loser_is_notified),
      cmocka_unit_test(test_one_call_a_second),
      cmocka_unit_test(test_many),
  };
  return cmocka_run_group_tests_name("local/leases", tests, NULL, NULL);
}
