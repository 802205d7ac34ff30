#include "net/kinesis/subscription.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/engine/base/check.h"

static struct sc_subscription s;
static struct sc_random dice;
static struct sc_error err;

static const struct sc_position horizon = {.start = SC_START_TRIM_HORIZON};
static const struct sc_sequence none = {0};

static struct sc_sequence number(uint64_t n) {
  struct sc_sequence sequence = {0};
  sequence.len = (uint8_t)snprintf(sequence.digits, sizeof(sequence.digits), "%llu", (unsigned long long)n);
  return sequence;
}

static struct sc_position behind(uint64_t n) {
  return (struct sc_position){.start = SC_START_AFTER, .sequence = number(n)};
}

static int reset(void **state) {
  (void)state;
  sc_random_init(&dice, 7);
  sc_subscription_init(&s, &sc_subscription_times, 0);
  return 0;
}

static void service_error(const char *name, int code) {
  sc_error_set(&err, code, "no");
  snprintf(err.service, sizeof(err.service), "%s", name);
}

/* Open since now_ms; wanted. */
static void open_at(int64_t now_ms) {
  assert_int_equal(sc_subscription_want(&s, &horizon, now_ms), SC_SUBSCRIPTION_NOTHING);
  assert_int_equal(s.state, SC_SUBSCRIPTION_DUE);
  assert_int_equal(s.due_ms, now_ms);
  sc_subscription_called(&s, now_ms);
  sc_subscription_opened(&s, now_ms);
}

/* An event of one record, answered, and the next one wanted. */
static void record(uint64_t n, int64_t now_ms) {
  struct sc_sequence last = number(n);
  struct sc_position at = behind(n);
  assert_int_equal(sc_subscription_event(&s, &last, now_ms), SC_SUBSCRIPTION_NOTHING);
  sc_subscription_answered(&s, &last);
  assert_int_equal(sc_subscription_want(&s, &at, now_ms), SC_SUBSCRIPTION_NOTHING);
}

static void check_due(int64_t due_ms) {
  assert_int_equal(s.state, SC_SUBSCRIPTION_DUE);
  assert_int_equal(sc_subscription_due_ms(&s), due_ms);
}

static void check_due_within(int64_t least_ms, int64_t most_ms) {
  assert_int_equal(s.state, SC_SUBSCRIPTION_DUE);
  assert_in_range(sc_subscription_due_ms(&s), least_ms, most_ms);
}

/* ---- when to call again ---- */

static void a_clean_end_is_no_end_of_the_shard(void **state) {
  (void)state;
  open_at(1000);
  record(5, 2000);
  struct sc_sequence heartbeat = number(9);
  sc_subscription_event(&s, &heartbeat, 100000);
  sc_subscription_ended(&s, 301000);
  check_due(301000);
  assert_memory_equal(s.at.sequence.digits, "9", 1); /* the heartbeat's continuation */
  assert_int_equal(s.ended[SC_SUBSCRIPTION_CLEAN], 1);
}

static void five_seconds_after_a_success(void **state) {
  (void)state;
  open_at(1000);
  sc_subscription_ended(&s, 1500);
  check_due(6000);
}

static void a_second_after_a_call(void **state) {
  (void)state;
  open_at(1000);
  sc_subscription_ended(&s, 10000);
  sc_subscription_called(&s, 10000);
  service_error("InternalFailure", SC_E_SERVICE);
  sc_subscription_failed(&s, &err, &dice, 10100);
  check_due(11000); /* the back-off of the first failure is less */
}

static void failures_back_off_with_a_cap(void **state) {
  (void)state;
  sc_subscription_want(&s, &horizon, 0);
  int64_t now_ms = 0, longest_ms = 0;
  for (int i = 0; i < 200; i++) {
    sc_subscription_called(&s, now_ms);
    service_error("LimitExceededException", SC_E_THROTTLED);
    assert_int_equal(sc_subscription_failed(&s, &err, &dice, now_ms), SC_SUBSCRIPTION_NOTHING);
    check_due_within(now_ms + 1000, now_ms + 20000);
    if (s.due_ms - now_ms > longest_ms) longest_ms = s.due_ms - now_ms;
    now_ms = s.due_ms;
  }
  assert_true(longest_ms > 15000);
  assert_int_equal(s.ended[SC_SUBSCRIPTION_THROTTLED], 200);
  sc_subscription_called(&s, now_ms);
  sc_subscription_opened(&s, now_ms);
  assert_int_not_equal(s.failures, 0); /* that it opened says little */
  record(1, now_ms);
  assert_int_equal(s.failures, 0);
}

static void nobody_wants_it(void **state) {
  (void)state;
  open_at(1000);
  struct sc_sequence last = number(3);
  sc_subscription_event(&s, &last, 2000);
  sc_subscription_answered(&s, &last);
  sc_subscription_ended(&s, 3000);
  assert_int_equal(s.state, SC_SUBSCRIPTION_IDLE);
  assert_int_equal(sc_subscription_due_ms(&s), INT64_MAX);
  struct sc_position at = behind(3);
  sc_subscription_want(&s, &at, 3500);
  check_due(6000);
}

/* ---- ResourceInUse ---- */

static void patience_at_the_start_of_a_run(void **state) {
  (void)state;
  sc_subscription_want(&s, &horizon, 0);
  sc_subscription_called(&s, 0);
  service_error("ResourceInUseException", SC_E_REFUSED);
  assert_int_equal(sc_subscription_failed(&s, &err, &dice, 100), SC_SUBSCRIPTION_NOTHING);
  assert_true(s.is_quiet);
  check_due_within(1000, 2000);
  sc_subscription_called(&s, 6000);
  sc_subscription_failed(&s, &err, &dice, 6100);
  assert_false(s.is_quiet);
  assert_int_equal(s.ended[SC_SUBSCRIPTION_IN_USE], 2);
}

static void robbed(int64_t now_ms, enum sc_subscription_do expected) {
  sc_subscription_called(&s, now_ms);
  sc_subscription_opened(&s, now_ms);
  service_error("ResourceInUseException", SC_E_REFUSED);
  assert_int_equal(sc_subscription_failed(&s, &err, &dice, now_ms + 7000), expected);
}

static void a_second_theft_is_the_end(void **state) {
  (void)state;
  sc_subscription_want(&s, &horizon, 0);
  robbed(0, SC_SUBSCRIPTION_NOTHING);
  check_due_within(7000, 8000);
  robbed(10000, SC_SUBSCRIPTION_FAIL);
  assert_int_equal(err.code, SC_E_FENCED);
  assert_int_equal(err.class, SC_CLASS_FATAL);
  assert_non_null(strstr(err.hint, "--consumer-name"));
}

static void a_clean_end_forgives_a_theft(void **state) {
  (void)state;
  sc_subscription_want(&s, &horizon, 0);
  robbed(0, SC_SUBSCRIPTION_NOTHING);
  sc_subscription_called(&s, 10000);
  sc_subscription_opened(&s, 10000);
  sc_subscription_ended(&s, 310000);
  robbed(310000, SC_SUBSCRIPTION_NOTHING);
}

/* ---- other errors ---- */

static void access_errors_end_the_run(void **state) {
  (void)state;
  sc_subscription_want(&s, &horizon, 0);
  sc_subscription_called(&s, 0);
  service_error("KMSAccessDeniedException", SC_E_AUTH);
  assert_int_equal(sc_subscription_failed(&s, &err, &dice, 10), SC_SUBSCRIPTION_FAIL);
}

static void not_found(void) {
  open_at(0);
  service_error("ResourceNotFoundException", SC_E_NO_SHARD);
  assert_int_equal(sc_subscription_failed(&s, &err, &dice, 9000), SC_SUBSCRIPTION_DESCRIBE);
  assert_int_equal(s.state, SC_SUBSCRIPTION_UNSURE);
  assert_int_equal(sc_subscription_due_ms(&s), INT64_MAX);
}

static void not_found_is_the_shard_when_the_consumer_is_there(void **state) {
  (void)state;
  not_found();
  assert_int_equal(sc_subscription_described(&s, SC_CONSUMER_READY, &dice, 9500), SC_SUBSCRIPTION_GONE);
}

static void not_found_is_the_consumer(void **state) {
  (void)state;
  not_found();
  assert_int_equal(sc_subscription_described(&s, SC_CONSUMER_RENEWED, &dice, 9500), SC_SUBSCRIPTION_NOTHING);
  check_due_within(9500, 9500);
}

static void not_found_and_no_consumer_to_be_had(void **state) {
  (void)state;
  not_found();
  assert_int_equal(sc_subscription_described(&s, SC_CONSUMER_LOST, &dice, 9500), SC_SUBSCRIPTION_FAIL);
}

static void not_found_and_nobody_to_ask(void **state) {
  (void)state;
  not_found();
  assert_int_equal(sc_subscription_described(&s, SC_CONSUMER_UNKNOWN, &dice, 9500), SC_SUBSCRIPTION_NOTHING);
  check_due_within(9500, 9500 + 2000);
}

/* ---- ends ---- */

static void the_end_of_the_shard(void **state) {
  (void)state;
  open_at(0);
  record(4, 100);
  assert_int_equal(sc_subscription_event(&s, NULL, 9000), SC_SUBSCRIPTION_CANCEL);
  assert_int_equal(s.ended[SC_SUBSCRIPTION_SHARD], 1);
  sc_subscription_answered(&s, &none);
  assert_int_equal(s.state, SC_SUBSCRIPTION_IDLE);
  struct sc_position at = behind(4); /* the listing did not know it: once more */
  assert_int_equal(sc_subscription_want(&s, &at, 9100), SC_SUBSCRIPTION_NOTHING);
  check_due(9100);
}

static void a_rewind_subscribes_anew(void **state) {
  (void)state;
  open_at(0);
  record(4, 100);
  record(9, 200);
  sc_subscription_answered(&s, &none);
  struct sc_position at = behind(4);
  assert_int_equal(sc_subscription_want(&s, &at, 300), SC_SUBSCRIPTION_CANCEL);
  check_due(5000);
  assert_memory_equal(s.at.sequence.digits, "4", 1);
  assert_int_equal(s.ended[SC_SUBSCRIPTION_REWOUND], 1);
}

static void a_new_term_at_the_same_place_goes_on(void **state) {
  (void)state;
  open_at(0);
  record(4, 100);
  sc_subscription_answered(&s, &none);
  struct sc_position at = behind(4);
  assert_int_equal(sc_subscription_want(&s, &at, 300), SC_SUBSCRIPTION_NOTHING);
  assert_int_equal(s.state, SC_SUBSCRIPTION_OPEN);
}

/* ---- time ---- */

static void tick(int64_t now_ms, enum sc_subscription_do expected, int64_t expected_silence_ms) {
  int64_t silent_ms;
  assert_int_equal(sc_subscription_tick(&s, &dice, now_ms, &silent_ms), expected);
  assert_int_equal(silent_ms, expected_silence_ms);
}

static void silence(void **state) {
  (void)state;
  open_at(0);
  sc_subscription_heard(&s, 4000);
  assert_int_equal(sc_subscription_due_ms(&s), 19000);
  tick(18999, SC_SUBSCRIPTION_NOTHING, 0);
  tick(19000, SC_SUBSCRIPTION_CANCEL, 15000);
  check_due_within(19000, 19400);
  assert_int_equal(s.ended[SC_SUBSCRIPTION_SILENT], 1);
}

static void silence_of_who_may_not_send_is_none(void **state) {
  (void)state;
  open_at(0);
  sc_subscription_window(&s, false, 1000);
  tick(60999, SC_SUBSCRIPTION_NOTHING, 0);
  sc_subscription_window(&s, true, 60999);
  tick(60999 + 14999, SC_SUBSCRIPTION_NOTHING, 0);
  tick(60999 + 15000, SC_SUBSCRIPTION_CANCEL, 15000);
}

static void no_room_for_a_minute(void **state) {
  (void)state;
  open_at(0);
  sc_subscription_window(&s, false, 1000);
  tick(61000, SC_SUBSCRIPTION_CANCEL, 0);
  assert_int_equal(s.state, SC_SUBSCRIPTION_PARKED);
  assert_int_equal(sc_subscription_due_ms(&s), INT64_MAX); /* no storm while there is none */
  sc_subscription_resume(&s, 400000);
  check_due(400000);
  assert_int_equal(s.ended[SC_SUBSCRIPTION_UNWANTED], 1);
}

static void no_request_for_a_minute(void **state) {
  (void)state;
  open_at(0);
  sc_subscription_answered(&s, &none);
  sc_subscription_window(&s, false, 1000);
  tick(61000, SC_SUBSCRIPTION_CANCEL, 0);
  assert_int_equal(s.state, SC_SUBSCRIPTION_IDLE);
  sc_subscription_want(&s, &horizon, 400000);
  check_due(400000);
}

static void a_call_without_an_answer(void **state) {
  (void)state;
  sc_subscription_want(&s, &horizon, 0);
  sc_subscription_called(&s, 0);
  tick(29999, SC_SUBSCRIPTION_NOTHING, 0);
  tick(30000, SC_SUBSCRIPTION_CANCEL, 0);
  check_due_within(30000, 30400);
}

/* ---- seeds ---- */

/* A shard of a service that keeps AWS's rules and has faults of its own, a load that takes records, stops and rewinds,
 * and the driver between them. Checked in every step: the rules of calls, that records are handed over in order and
 * without a hole, and that in the end, when nothing goes wrong any more, all are. */
enum { RECORDS = 60, LIFE_MS = 20000, STEPS = 20000 };

struct world {
  int64_t now_ms;
  /* service */
  bool open;
  uint64_t next; /* record, from 1 */
  int64_t ends_ms, success_ms, call_ms, beat_ms;
  uint32_t window; /* events that may be sent */
  /* load */
  uint64_t have, committed; /* records handed over */
  int64_t stalls_until_ms;
  bool is_calm;
};

static bool mishap(const struct world *w, unsigned in) { return !w->is_calm && sc_random_below(&dice, in) == 0; }

static void want(struct world *w) {
  struct sc_position at = w->have == 0 ? horizon : behind(w->have * 10);
  if (sc_subscription_want(&s, &at, w->now_ms) == SC_SUBSCRIPTION_CANCEL) w->open = false;
}

static void refuse(struct world *w, const char *name, int code) {
  service_error(name, code);
  enum sc_subscription_do todo = sc_subscription_failed(&s, &err, &dice, w->now_ms);
  if (todo != SC_SUBSCRIPTION_DESCRIBE) return;
  bool renewed = sc_random_below(&dice, 2) == 0;
  assert_int_equal(sc_subscription_described(&s, renewed ? SC_CONSUMER_RENEWED : SC_CONSUMER_UNKNOWN, &dice, w->now_ms),
                   SC_SUBSCRIPTION_NOTHING);
}

static void call_service(struct world *w) {
  assert_true(w->now_ms - w->call_ms >= 1000);
  assert_true(w->now_ms - w->success_ms >= 5000); /* else ResourceInUse, which is nobody's fault here */
  assert_false(w->open);
  sc_subscription_called(&s, w->now_ms);
  w->call_ms = w->now_ms;
  if (mishap(w, 4)) refuse(w, "InternalFailure", SC_E_SERVICE);
  else if (mishap(w, 6)) refuse(w, "LimitExceededException", SC_E_THROTTLED);
  else if (mishap(w, 9)) refuse(w, "ResourceNotFoundException", SC_E_NO_SHARD);
  else if (mishap(w, 9)) refuse(w, "ResourceInUseException", SC_E_REFUSED);
  else if (!mishap(w, 9)) { /* else it is never answered */ sc_subscription_opened(&s, w->now_ms);
    w->open = true;
    w->success_ms = w->beat_ms = w->now_ms;
    w->ends_ms = w->now_ms + LIFE_MS;
    w->window = 3;
    /* Whatever position: the continuation of record n is 10 n, of a heartbeat behind it 10 n + 5. */
    uint64_t at = 0;
    if (s.at.start == SC_START_AFTER) sc_slice_to_u64(sc_sequence_view(&s.at.sequence), &at);
    w->next = at / 10 + 1;
  }
}

static void take_event(struct world *w, bool has_record) {
  struct sc_sequence continuation = number(w->next * 10 - (has_record ? 0 : 5)), last = number(w->next * 10);
  assert_int_equal(sc_subscription_event(&s, &continuation, w->now_ms), SC_SUBSCRIPTION_NOTHING);
  sc_subscription_answered(&s, has_record ? &last : &none);
  if (!has_record) return;
  assert_int_equal(w->next, w->have + 1); /* no hole, none twice */
  w->have = w->next++;
}

/* What a subscription brings in this step, when somebody wants it. */
static void serve(struct world *w) {
  bool has_record = w->next <= RECORDS && sc_random_below(&dice, 3) == 0;
  if (w->now_ms >= w->ends_ms) {
    w->open = false;
    sc_subscription_ended(&s, w->now_ms);
  } else if (mishap(w, 300)) {
    w->open = false;
    sc_error_set(&err, mishap(w, 2) ? SC_E_NET : SC_E_PROTOCOL, "broken");
    sc_subscription_failed(&s, &err, &dice, w->now_ms);
  } else if ((has_record || w->now_ms - w->beat_ms >= 5000) && !mishap(w, 40)) {
    w->beat_ms = w->now_ms;
    sc_subscription_heard(&s, w->now_ms);
    if (s.is_wanted && w->now_ms >= w->stalls_until_ms) take_event(w, has_record);
    else if (w->window > 0) sc_subscription_window(&s, --w->window > 0, w->now_ms); /* kept, and lost in the end */
  }
}

static void live(struct world *w) {
  int64_t silent_ms;
  w->now_ms += 1 + (int64_t)sc_random_below(&dice, 400);
  if (mishap(w, 500)) w->stalls_until_ms = w->now_ms + (int64_t)sc_random_below(&dice, 200000);
  if (mishap(w, 50)) w->committed = w->have;
  if (!s.is_wanted && w->now_ms >= w->stalls_until_ms) {
    if (mishap(w, 30)) w->have = w->committed;
    want(w);
  }
  if (w->now_ms >= w->stalls_until_ms) sc_subscription_resume(&s, w->now_ms);
  if (w->open && s.is_wanted && w->now_ms >= w->stalls_until_ms && w->window == 0) {
    w->window = 3;
    sc_subscription_window(&s, true, w->now_ms);
  }
  if (sc_subscription_tick(&s, &dice, w->now_ms, &silent_ms) == SC_SUBSCRIPTION_CANCEL) w->open = false;
  if (s.state == SC_SUBSCRIPTION_DUE && w->now_ms >= sc_subscription_due_ms(&s)) call_service(w);
  else if (w->open) serve(w);
  assert_int_equal(w->open, s.state == SC_SUBSCRIPTION_OPEN);
}

static void seeds(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 100; seed++) {
    struct world w = {.call_ms = -10000, .success_ms = -10000};
    sc_random_init(&dice, seed);
    sc_subscription_init(&s, &sc_subscription_times, 0);
    for (int i = 0; i < STEPS; i++) live(&w);
    w.is_calm = true;
    for (int i = 0; i < STEPS && w.have < RECORDS; i++) live(&w);
    if (w.have < RECORDS) fail_msg("seed %llu: %llu records", (unsigned long long)seed, (unsigned long long)w.have);
  }
}

/* A last event that has records and is not the shard's end after all: none of them comes twice. */
static void an_end_that_is_none_goes_on_behind_its_records(void **state) {
  struct sc_sequence last = number(8);
  struct sc_position at = behind(8);
  (void)state;
  open_at(0);
  record(5, 100);
  assert_int_equal(sc_subscription_event(&s, NULL, 200), SC_SUBSCRIPTION_CANCEL);
  sc_subscription_answered(&s, &last);
  assert_int_equal(sc_subscription_want(&s, &at, 300), SC_SUBSCRIPTION_NOTHING);
  check_due(5000);
  assert_int_equal(sc_sequence_compare(&s.at.sequence, &last), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_clean_end_is_no_end_of_the_shard, reset),
      cmocka_unit_test_setup(five_seconds_after_a_success, reset),
      cmocka_unit_test_setup(a_second_after_a_call, reset),
      cmocka_unit_test_setup(failures_back_off_with_a_cap, reset),
      cmocka_unit_test_setup(nobody_wants_it, reset),
      cmocka_unit_test_setup(patience_at_the_start_of_a_run, reset),
      cmocka_unit_test_setup(a_second_theft_is_the_end, reset),
      cmocka_unit_test_setup(a_clean_end_forgives_a_theft, reset),
      cmocka_unit_test_setup(access_errors_end_the_run, reset),
      cmocka_unit_test_setup(not_found_is_the_shard_when_the_consumer_is_there, reset),
      cmocka_unit_test_setup(not_found_is_the_consumer, reset),
      cmocka_unit_test_setup(not_found_and_no_consumer_to_be_had, reset),
      cmocka_unit_test_setup(not_found_and_nobody_to_ask, reset),
      cmocka_unit_test_setup(the_end_of_the_shard, reset),
      cmocka_unit_test_setup(an_end_that_is_none_goes_on_behind_its_records, reset),
      cmocka_unit_test_setup(a_rewind_subscribes_anew, reset),
      cmocka_unit_test_setup(a_new_term_at_the_same_place_goes_on, reset),
      cmocka_unit_test_setup(silence, reset),
      cmocka_unit_test_setup(silence_of_who_may_not_send_is_none, reset),
      cmocka_unit_test_setup(no_room_for_a_minute, reset),
      cmocka_unit_test_setup(no_request_for_a_minute, reset),
      cmocka_unit_test_setup(a_call_without_an_answer, reset),
      cmocka_unit_test(seeds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
