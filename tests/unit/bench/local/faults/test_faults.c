#include "bench/local/faults/faults.h"

#include <pthread.h>

#include "bench/local/faults/faultspec.h"
#include "tests/unit/engine/base/check.h"

#define CALLS 2000

static void add(struct scl_faults *faults, const char *spec) {
  struct sc_error err;
  struct scl_faultlist list = {0};
  if (scl_faultspec_read(sc_slice_str(spec), &list, &err) != SC_OK) fail_msg("%s: %s", spec, err.text);
  assert_true(scl_faults_add(faults, list.items, list.n));
  scl_faultlist_fini(&list);
}

static struct scl_faults *faults_of(uint64_t seed, const char *spec) {
  struct scl_faults *faults = scl_faults_new(seed);
  add(faults, spec);
  return faults;
}

/* The code of the fault that a call meets, "" for none. */
static const char *call(struct scl_faults *faults, const char *operation) {
  static struct scl_fault fault;
  return scl_faults_take(faults, sc_slice_str(operation), &fault) ? fault.code : "";
}

static void test_order(void **state) {
  (void)state;
  struct scl_faults *faults = scl_faults_new(1);
  assert_string_equal(call(faults, "GetRecords"), "");
  add(faults, "GetRecords:error=one,count=2;error=two;GetRecords:error=three");
  assert_int_equal(scl_faults_waiting(faults), 3);
  assert_string_equal(call(faults, "GetRecords"), "one");
  assert_string_equal(call(faults, "ListShards"), "two");
  assert_string_equal(call(faults, "ListShards"), "");
  assert_string_equal(call(faults, "GetRecords"), "one");
  assert_string_equal(call(faults, "GetRecords"), "three");
  assert_string_equal(call(faults, "GetRecords"), "");
  assert_int_equal(scl_faults_waiting(faults), 0);
  scl_faults_free(faults);
}

static void test_after(void **state) {
  (void)state;
  struct scl_faults *faults = faults_of(1, "PutRecord:error=late,after=2");
  assert_string_equal(call(faults, "PutRecord"), "");
  assert_string_equal(call(faults, "GetRecords"), "");
  assert_string_equal(call(faults, "PutRecord"), "");
  assert_string_equal(call(faults, "PutRecord"), "late");
  assert_string_equal(call(faults, "PutRecord"), "");
  scl_faults_free(faults);
}

static void test_bounds(void **state) {
  (void)state;
  struct scl_faults *faults = faults_of(1, "error=x");
  struct scl_fault fault;
  assert_true(scl_faults_take(faults, SC_SLICE_LITERAL("GetRecords"), &fault));
  for (int i = 0; i < SCL_FAULTS_MAX; i++) assert_true(scl_faults_add(faults, &fault, 1));
  assert_false(scl_faults_add(faults, &fault, 1));
  scl_faults_clear(faults);
  assert_int_equal(scl_faults_waiting(faults), 0);
  assert_string_equal(call(faults, "GetRecords"), "");
  struct scl_fault two[2] = {fault, fault};
  for (int i = 0; i < SCL_FAULTS_MAX - 1; i++) assert_true(scl_faults_add(faults, &fault, 1));
  assert_false(scl_faults_add(faults, two, 2));
  assert_int_equal(scl_faults_waiting(faults), SCL_FAULTS_MAX - 1);
  scl_faults_free(faults);
}

/* A text of what each of so many calls met: the first letter of the code, "." for nothing. */
static void story(struct scl_faults *faults, const char *operation, char out[CALLS + 1]) {
  for (int i = 0; i < CALLS; i++) {
    const char *code = call(faults, operation);
    out[i] = code[0] == '\0' ? '.' : code[0];
  }
  out[CALLS] = '\0';
}

static int count_of(const char *text, char what) {
  int n = 0;
  for (; *text != '\0'; text++) n += *text == what;
  return n;
}

static void test_the_seed_decides(void **state) {
  (void)state;
  static const char SPEC[] = "GetRecords:error=a,p=0.05;*:error=b,p=0.1;GetRecords:error=c,p=0.5,count=10";
  char one[CALLS + 1], again[CALLS + 1], other[CALLS + 1];
  struct scl_faults *faults = faults_of(7, SPEC);
  story(faults, "GetRecords", one);
  assert_in_range(count_of(one, 'a'), 60, 140);
  assert_in_range(count_of(one, 'b'), 140, 260);
  assert_int_equal(count_of(one, 'c'), 10);
  scl_faults_clear(faults);
  add(faults, SPEC);
  story(faults, "GetRecords", again);
  assert_string_equal(one, again);
  scl_faults_free(faults);
  faults = faults_of(8, SPEC);
  story(faults, "GetRecords", other);
  assert_string_not_equal(one, other);
  scl_faults_free(faults);
}

/* Which of the calls a fault hits does not depend on other operations' calls, nor on faults before and behind it. */
static void test_streams_of_their_own(void **state) {
  (void)state;
  char alone[CALLS + 1], beside[CALLS + 1];
  struct scl_faults *faults = faults_of(7, "ListShards:error=x,p=0.3;GetRecords:error=a,p=0.2");
  story(faults, "GetRecords", alone);
  scl_faults_free(faults);
  faults = faults_of(7, "GetRecords:error=x,p=0.3;GetRecords:error=a,p=0.2;GetRecords:error=late,after=100");
  for (int i = 0; i < 50; i++) call(faults, "ListShards");
  story(faults, "GetRecords", beside);
  for (int i = 0; i < CALLS; i++)
    if (beside[i] != 'x' && beside[i] != 'l') assert_int_equal(alone[i], beside[i]);
  assert_int_equal(count_of(beside, 'l'), 1);
  assert_true(count_of(beside, 'x') > 0);
  scl_faults_free(faults);
}

/* p=1 hits every call; a script waits behind it. */
static void test_a_script_waits(void **state) {
  (void)state;
  struct scl_faults *faults = faults_of(1, "error=always,p=1,after=1,count=3;error=then");
  assert_string_equal(call(faults, "GetRecords"), "then");
  for (int i = 0; i < 3; i++) assert_string_equal(call(faults, "GetRecords"), "always");
  assert_string_equal(call(faults, "GetRecords"), "");
  scl_faults_clear(faults);
  add(faults, "error=always,p=1,count=3;error=then");
  for (int i = 0; i < 3; i++) assert_string_equal(call(faults, "GetRecords"), "always");
  assert_string_equal(call(faults, "GetRecords"), "then");
  scl_faults_free(faults);
}

static void test_events_are_no_calls(void **state) {
  (void)state;
  struct scl_faults *faults = faults_of(1, "error=any;SubscribeToShard.event:error=event");
  assert_string_equal(call(faults, SCL_FAULT_EVENTS), "event");
  assert_string_equal(call(faults, SCL_FAULT_EVENTS), "");
  assert_string_equal(call(faults, "SubscribeToShard"), "any");
  scl_faults_free(faults);
}

/* Faults of pages wait for a page that they change. */
static void test_pages(void **state) {
  (void)state;
  struct scl_faults *faults = faults_of(1, "kind=duplicate;kind=end-late;kind=behind-zero;error=call");
  struct scl_fault fault;
  assert_false(scl_faults_take_page(faults, SCL_FAULT_AT_OPEN, &fault));
  assert_true(scl_faults_take_page(faults, SCL_FAULT_AT_OPEN | SCL_FAULT_AT_BEHIND, &fault));
  assert_int_equal(fault.kind, SCL_FAULT_BEHIND_ZERO);
  assert_string_equal(call(faults, "GetRecords"), "call");
  assert_true(scl_faults_take_page(faults, SCL_FAULT_AT_END, &fault));
  assert_int_equal(fault.kind, SCL_FAULT_END_LATE);
  assert_true(scl_faults_take_page(faults, SCL_FAULT_AT_END | SCL_FAULT_AT_RECORDS, &fault));
  assert_int_equal(fault.kind, SCL_FAULT_DUPLICATE);
  assert_int_equal(scl_faults_waiting(faults), 0);
  scl_faults_free(faults);
}

static void lists(struct scl_faults *faults, const char *text) {
  struct sc_buf out = SC_BUF_INIT;
  scl_faults_list(faults, &out);
  assert_string_equal(sc_buf_str(&out), text);
  sc_buf_fini(&out);
}

static void test_listing(void **state) {
  (void)state;
  struct scl_faults *faults = faults_of(1, "GetRecords:kind=slow,after=1,count=2;ListShards:kind=slow");
  call(faults, "GetRecords");
  call(faults, "GetRecords");
  call(faults, "ListShards");
  lists(faults,
        "\"waiting\":1,\"faults\":[{\"operation\":\"GetRecords\",\"kind\":\"slow\",\"count\":2,\"after\":1,\"hits\":1,"
        "\"calls\":2}],\"over\":[{\"operation\":\"ListShards\",\"kind\":\"slow\",\"hits\":1,\"calls\":1}]");
  scl_faults_clear(faults);
  for (int i = 0; i < SCL_FAULTS_OVER + 5; i++) {
    add(faults, "error=x");
    call(faults, "ListShards");
  }
  struct sc_buf out = SC_BUF_INIT;
  scl_faults_list(faults, &out);
  int n = 0;
  for (const char *at = sc_buf_str(&out); (at = strstr(at, "\"hits\":1")) != NULL; at++) n++;
  assert_int_equal(n, SCL_FAULTS_OVER);
  sc_buf_fini(&out);
  scl_faults_free(faults);
}

#define THREADS 4

static void *hammer(void *faults) {
  intptr_t hits = 0;
  struct scl_fault fault;
  for (int i = 0; i < CALLS; i++) hits += scl_faults_take(faults, SC_SLICE_LITERAL("GetRecords"), &fault);
  return (void *)hits;
}

static intptr_t hits_of(int threads, int calls_of_one) {
  struct scl_faults *faults = faults_of(5, "GetRecords:error=a,p=0.1;GetRecords:error=b,count=100,after=500");
  pthread_t ids[THREADS];
  intptr_t hits = 0;
  struct scl_fault fault;
  for (int i = 0; i < calls_of_one; i++) hits += scl_faults_take(faults, SC_SLICE_LITERAL("GetRecords"), &fault);
  for (int i = 0; i < threads; i++) assert_int_equal(pthread_create(&ids[i], NULL, hammer, faults), 0);
  for (int i = 0; i < threads; i++) {
    void *its;
    pthread_join(ids[i], &its);
    hits += (intptr_t)its;
  }
  scl_faults_free(faults);
  return hits;
}

/* However many threads call, the n-th call is the n-th call. */
static void test_threads(void **state) {
  (void)state;
  assert_int_equal(hits_of(THREADS, 0), hits_of(0, THREADS * CALLS));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_after),
      cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_the_seed_decides),
      cmocka_unit_test(test_streams_of_their_own),
      cmocka_unit_test(test_a_script_waits),
      cmocka_unit_test(test_events_are_no_calls),
      cmocka_unit_test(test_pages),
      cmocka_unit_test(test_listing),
      cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests_name("local/faults", tests, NULL, NULL);
}
