#include "engine/base/error.h"
#include "engine/batch.h"
#include "engine/shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct sc_tip bounded = {.idle_interval_ms = 1000};
static const struct sc_position horizon = {.start = SC_START_TRIM_HORIZON};
static uint32_t flags;

static struct sc_shard reading(void) {
  struct sc_shard s;
  sc_shard_init(&s);
  assert_int_equal(sc_shard_start(&s, &horizon, 1, 1000), SC_DO_REQUEST);
  assert_int_equal(s.due_ms, 1000);
  sc_shard_asked(&s, 1010);
  return s;
}

static struct sc_reply page(const char *last) {
  struct sc_reply r = {.n_records = 10, .has_next = true, .behind_ms = 5000};
  assert_true(sc_sequence_parse(sc_slice_str(last), &r.last));
  return r;
}

static struct sc_reply empty_page(void) { return (struct sc_reply){.has_next = true, .behind_ms = 5000}; }

static enum sc_shard_do got(struct sc_shard *s, const struct sc_reply *r) {
  return sc_shard_replied(s, r, &bounded, 1210, &flags);
}

static enum sc_shard_do fails(struct sc_shard *s, int code) {
  struct sc_error err;
  sc_error_set(&err, code, "test");
  return sc_shard_failed(s, &err, 2000);
}

static void reads_on(void **state) {
  (void)state;
  struct sc_shard s = reading();
  assert_true(s.in_request);
  struct sc_reply r = page("77");
  assert_int_equal(got(&s, &r), SC_DO_REQUEST);
  assert_int_equal(flags, 0);
  assert_false(s.in_request);
  assert_int_equal(s.position.start, SC_START_AFTER);
  assert_memory_equal(s.position.sequence.digits, "77", 2);
  assert_int_equal(s.due_ms, 1210);
}

static void a_page_that_comes_again_does_not_move_it_back(void **state) {
  (void)state;
  struct sc_shard s = reading();
  struct sc_reply r = page("100");
  assert_int_equal(got(&s, &r), SC_DO_REQUEST);
  sc_shard_asked(&s, 1300);
  r = page("99");
  assert_int_equal(got(&s, &r), SC_DO_REQUEST);
  assert_memory_equal(s.position.sequence.digits, "100", 3);
}

static void keeps_the_position_without_records(void **state) {
  (void)state;
  struct sc_shard s = reading();
  struct sc_reply r = empty_page();
  assert_int_equal(got(&s, &r), SC_DO_REQUEST); /* empty, but 5 s behind: not the tip */
  assert_int_equal(flags, 0);
  assert_int_equal(s.position.start, SC_START_TRIM_HORIZON);
}

static void tip_ends_a_bounded_load(void **state) {
  (void)state;
  struct sc_shard s = reading();
  struct sc_reply r = page("1");
  r.behind_ms = 0;
  r.full = true;
  assert_int_equal(got(&s, &r), SC_DO_REQUEST); /* a full page is not the tip */
  assert_int_equal(flags, 0);
  sc_shard_asked(&s, 1300);
  r = page("2");
  r.behind_ms = -1;
  assert_int_equal(got(&s, &r), SC_DO_REQUEST); /* no lag told */
  sc_shard_asked(&s, 1600);
  r.behind_ms = 0;
  assert_int_equal(got(&s, &r), SC_DO_NOTHING);
  assert_int_equal(flags, SC_BATCH_TIP);
  assert_int_equal(s.state, SC_SHARD_DONE);
}

static void silence_ends_a_bounded_load(void **state) {
  (void)state;
  struct sc_shard s = reading();
  struct sc_reply r = empty_page();
  r.behind_ms = -1;
  for (int i = 0; i < 2; i++) assert_int_equal(got(&s, &r), SC_DO_REQUEST);
  struct sc_reply records = page("1");
  records.behind_ms = -1;
  assert_int_equal(got(&s, &records), SC_DO_REQUEST); /* it begins anew */
  for (int i = 0; i < 2; i++) assert_int_equal(got(&s, &r), SC_DO_REQUEST);
  assert_int_equal(got(&s, &r), SC_DO_NOTHING);
  assert_int_equal(flags, SC_BATCH_TIP);
}

static void tip_slows_a_follower(void **state) {
  (void)state;
  struct sc_tip follow = bounded;
  follow.follow = true;
  struct sc_shard s = reading();
  struct sc_reply r = empty_page();
  r.behind_ms = 0;
  assert_int_equal(sc_shard_replied(&s, &r, &follow, 1210, &flags), SC_DO_REQUEST);
  assert_int_equal(flags, 0);
  assert_int_equal(s.due_ms, 2010);
}

static void a_closed_shard_has_no_tip(void **state) {
  (void)state;
  struct sc_shard s = reading();
  sc_shard_closed(&s);
  struct sc_reply r = page("1");
  r.behind_ms = 0;
  assert_int_equal(got(&s, &r), SC_DO_REQUEST);
  assert_int_equal(flags, 0);
}

static void ends_with_children(void **state) {
  (void)state;
  struct sc_shard s = reading();
  sc_shard_closed(&s);
  struct sc_reply r = page("9");
  r.has_next = false;
  r.has_children = true;
  assert_int_equal(got(&s, &r), SC_DO_NOTHING);
  assert_int_equal(flags, SC_BATCH_END);
  assert_int_equal(s.state, SC_SHARD_DONE);
}

static void children_beside_an_iterator_are_no_end(void **state) {
  (void)state;
  struct sc_shard s = reading();
  struct sc_reply r = page("9");
  r.has_children = true;
  assert_int_equal(got(&s, &r), SC_DO_REQUEST);
  assert_int_equal(flags, 0);
}

static struct sc_reply null_iterator(struct sc_reply r) {
  r.has_next = false;
  return r;
}

static enum sc_shard_do read_again(struct sc_shard *s, struct sc_reply r) {
  sc_shard_asked(s, 1310);
  return got(s, &r);
}

static void a_null_iterator_alone_is_doubted(void **state) {
  (void)state;
  struct sc_shard s = reading();
  struct sc_reply r = null_iterator(page("9"));
  assert_int_equal(got(&s, &r), SC_DO_CONFIRM_END);
  assert_int_equal(flags, 0);
  assert_int_equal(sc_shard_confirmed(&s, false, 5000, &flags), SC_DO_REQUEST);
  assert_int_equal(flags, 0);
  assert_true(s.due_ms > 5000);
  assert_int_equal(s.position.start, SC_START_AFTER);
  assert_int_equal(read_again(&s, null_iterator(empty_page())), SC_DO_CONFIRM_END);
  assert_int_equal(flags, 0);
}

/* A shard that the listing says is open has no end, whatever the reply names. */
static void children_of_an_open_shard_are_doubted(void **state) {
  (void)state;
  struct sc_shard s = reading();
  struct sc_reply r = null_iterator(page("9"));
  r.has_children = true;
  assert_int_equal(got(&s, &r), SC_DO_CONFIRM_END);
  assert_int_equal(flags, 0);
  assert_int_equal(sc_shard_confirmed(&s, false, 5000, &flags), SC_DO_REQUEST);
  assert_int_equal(flags, 0);
  assert_int_equal(read_again(&s, page("10")), SC_DO_REQUEST);
  sc_shard_asked(&s, 1400);
  r = null_iterator(empty_page());
  r.has_children = true;
  assert_int_equal(got(&s, &r), SC_DO_CONFIRM_END);
  assert_int_equal(sc_shard_confirmed(&s, true, 6000, &flags), SC_DO_REQUEST);
  assert_int_equal(read_again(&s, r), SC_DO_NOTHING);
  assert_int_equal(flags, SC_BATCH_END);
}

static void the_end_of_a_closed_shard_is_read_twice(void **state) {
  (void)state;
  struct sc_shard s = reading();
  struct sc_reply r = null_iterator(page("9"));
  assert_int_equal(got(&s, &r), SC_DO_CONFIRM_END);
  assert_int_equal(sc_shard_confirmed(&s, true, 5000, &flags), SC_DO_REQUEST);
  assert_int_equal(flags, 0);
  assert_int_equal(read_again(&s, null_iterator(empty_page())), SC_DO_NOTHING);
  assert_int_equal(flags, SC_BATCH_END);
  assert_int_equal(s.state, SC_SHARD_DONE);
}

static void records_behind_a_null_iterator_clear_the_doubt(void **state) {
  (void)state;
  struct sc_shard s = reading();
  sc_shard_closed(&s);
  struct sc_reply r = null_iterator(page("9"));
  assert_int_equal(got(&s, &r), SC_DO_REQUEST);
  for (int i = 0; i < 5; i++) assert_int_equal(read_again(&s, null_iterator(page("9"))), SC_DO_REQUEST);
  assert_int_equal(read_again(&s, empty_page()), SC_DO_REQUEST); /* an empty page clears nothing */
  sc_shard_asked(&s, 1400);
  r = null_iterator(empty_page());
  assert_int_equal(got(&s, &r), SC_DO_NOTHING);
  assert_int_equal(flags, SC_BATCH_END);
}

static void says_until_when_all_was_read(void **state) {
  (void)state;
  struct sc_shard s = reading();
  struct sc_reply r = page("9");
  assert_int_equal(sc_shard_read_until_ms(&s, &r, 100000), 95000);
  r.full = true;
  assert_int_equal(sc_shard_read_until_ms(&s, &r, 100000), 95000);
  r.behind_ms = 0;
  assert_int_equal(sc_shard_read_until_ms(&s, &r, 100000), 0); /* more may be there */
  r.full = false;
  assert_int_equal(sc_shard_read_until_ms(&s, &r, 100000), 100000);
  assert_int_equal(sc_shard_read_until_ms(&s, &r, 0), 0);
  r.behind_ms = -1;
  assert_int_equal(sc_shard_read_until_ms(&s, &r, 100000), 0);
  r = null_iterator(empty_page());
  r.behind_ms = 0;
  assert_int_equal(sc_shard_read_until_ms(&s, &r, 100000), 0);
  sc_shard_closed(&s);
  r = empty_page();
  r.behind_ms = 0;
  assert_int_equal(sc_shard_read_until_ms(&s, &r, 100000), 0);
}

static void asks_again_when_the_reader_says(void **state) {
  (void)state;
  const int passing[] = {SC_AGAIN, SC_E_NET, SC_E_THROTTLED, SC_E_EXPIRED_ITERATOR};
  for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++) {
    struct sc_shard s = reading();
    struct sc_reply r = page("9");
    got(&s, &r);
    sc_shard_asked(&s, 1300);
    assert_int_equal(fails(&s, passing[i]), SC_DO_REQUEST);
    assert_int_equal(s.due_ms, 2000);
    assert_memory_equal(s.position.sequence.digits, "9", 1);
  }
}

static void some_failures_end_the_run(void **state) {
  (void)state;
  const int fatal[] = {SC_E_AUTH, SC_E_REFUSED, SC_E_NO_SOURCE};
  for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++) {
    struct sc_shard s = reading();
    assert_int_equal(fails(&s, fatal[i]), SC_DO_FAIL);
  }
}

static void an_unknown_shard_is_looked_up(void **state) {
  (void)state;
  struct sc_shard s = reading();
  assert_int_equal(fails(&s, SC_E_NO_SHARD), SC_DO_CONFIRM_END);
  assert_int_equal(s.state, SC_SHARD_UNSURE);
  assert_int_equal(sc_shard_confirmed(&s, false, 5000, &flags), SC_DO_REQUEST);
  assert_int_equal(read_again(&s, null_iterator(empty_page())), SC_DO_CONFIRM_END); /* known again: another doubt */
  assert_int_equal(sc_shard_confirmed(&s, true, 5000, &flags), SC_DO_REQUEST);
  sc_shard_asked(&s, 6000);
  assert_int_equal(fails(&s, SC_E_NO_SHARD), SC_DO_CONFIRM_END);
  assert_int_equal(sc_shard_confirmed(&s, true, 5000, &flags), SC_DO_NOTHING);
  assert_int_equal(flags, SC_BATCH_END);
  assert_int_equal(s.state, SC_SHARD_DONE);
}

static void stopped_shards_do_nothing(void **state) {
  (void)state;
  struct sc_shard s = reading();
  sc_shard_stop(&s);
  struct sc_reply r = page("9");
  r.has_next = false;
  r.has_children = true;
  assert_int_equal(got(&s, &r), SC_DO_NOTHING);
  assert_int_equal(flags, 0);
  assert_int_equal(fails(&s, SC_E_NET), SC_DO_NOTHING);
  assert_int_equal(sc_shard_confirmed(&s, true, 1, &flags), SC_DO_NOTHING);
  assert_int_equal(flags, 0);
  assert_int_equal(s.state, SC_SHARD_IDLE);
  struct sc_position after = {.start = SC_START_AFTER, .sequence = {1, "5"}};
  assert_int_equal(sc_shard_start(&s, &after, 2, 5000), SC_DO_REQUEST);
  assert_int_equal(s.position.start, SC_START_AFTER);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_on),
      cmocka_unit_test(a_page_that_comes_again_does_not_move_it_back),
      cmocka_unit_test(keeps_the_position_without_records),
      cmocka_unit_test(tip_ends_a_bounded_load),
      cmocka_unit_test(silence_ends_a_bounded_load),
      cmocka_unit_test(tip_slows_a_follower),
      cmocka_unit_test(a_closed_shard_has_no_tip),
      cmocka_unit_test(ends_with_children),
      cmocka_unit_test(children_beside_an_iterator_are_no_end),
      cmocka_unit_test(a_null_iterator_alone_is_doubted),
      cmocka_unit_test(children_of_an_open_shard_are_doubted),
      cmocka_unit_test(the_end_of_a_closed_shard_is_read_twice),
      cmocka_unit_test(records_behind_a_null_iterator_clear_the_doubt),
      cmocka_unit_test(says_until_when_all_was_read),
      cmocka_unit_test(asks_again_when_the_reader_says),
      cmocka_unit_test(some_failures_end_the_run),
      cmocka_unit_test(an_unknown_shard_is_looked_up),
      cmocka_unit_test(stopped_shards_do_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
