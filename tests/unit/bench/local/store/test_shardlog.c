#include "bench/local/store/shardlog.h"

#include <stdlib.h>

#include "codec/wire/cbor.h"
#include "tests/unit/engine/base/check.h"

#define SEQUENCE "49628566489653659107048838082246518393102916603510521906"

static void append(struct scl_shardlog *log, int64_t arrived_ms, const char *data) {
  struct scl_logrecord record = {SEQUENCE,           arrived_ms, SC_SLICE_LITERAL("\"k\""),
                                 sc_slice_str(data), true,       strlen(data)};
  scl_shardlog_append(log, &record);
}

static void print(const struct scl_logpage *page, struct sc_buf *out) {
  size_t len = 0;
  for (int i = 0; i < page->n_ranges; i++) {
    sc_buf_add(out, page->ranges[i].bytes.iov_base, page->ranges[i].bytes.iov_len);
    len += page->ranges[i].bytes.iov_len;
  }
  assert_int_equal(len, page->len);
}

static void check_page(struct scl_shardlog *log, uint64_t first, uint64_t records, uint64_t bytes, uint64_t count) {
  struct scl_logpage page;
  scl_shardlog_page(log, SCL_FORMAT_JSON, first, records, bytes, &page);
  assert_int_equal(page.first, first);
  assert_int_equal(page.count, count);
  scl_logpage_fini(&page);
}

static void test_text(void **state) {
  (void)state;
  struct scl_shardlog *log = scl_shardlog_new();
  struct scl_logpage page;
  struct sc_buf text = SC_BUF_INIT;
  append(log, 1649930049016, "aGk=");
  append(log, 1649930050000, "");
  scl_shardlog_page(log, SCL_FORMAT_JSON, 0, 10, 1000, &page);
  print(&page, &text);
  assert_string_equal(sc_buf_str(&text), "{\"SequenceNumber\":\"" SEQUENCE
                                         "\",\"ApproximateArrivalTimestamp\":1649930049.016,\"Data\":\"aGk=\","
                                         "\"PartitionKey\":\"k\"},{\"SequenceNumber\":\"" SEQUENCE
                                         "\",\"ApproximateArrivalTimestamp\":1649930050.000,\"Data\":\"\","
                                         "\"PartitionKey\":\"k\"}");
  scl_logpage_fini(&page);
  sc_buf_clear(&text);
  scl_shardlog_page(log, SCL_FORMAT_JSON, 1, 10, 1000, &page);
  print(&page, &text);
  assert_true(sc_slice_starts(sc_buf_view(&text), "{\"SequenceNumber\""));
  scl_logpage_fini(&page);
  sc_buf_fini(&text);
  scl_shardlog_free(log);
}

/* Times below a second and at the epoch keep their three decimals. */
static void test_small_times(void **state) {
  (void)state;
  struct scl_shardlog *log = scl_shardlog_new();
  struct scl_logpage page;
  struct sc_buf text = SC_BUF_INIT;
  append(log, 0, "");
  append(log, 7, "");
  append(log, 61020, "");
  scl_shardlog_page(log, SCL_FORMAT_JSON, 0, 10, 1000, &page);
  print(&page, &text);
  assert_non_null(strstr(sc_buf_str(&text), "Timestamp\":0.000,"));
  assert_non_null(strstr(sc_buf_str(&text), "Timestamp\":0.007,"));
  assert_non_null(strstr(sc_buf_str(&text), "Timestamp\":61.020,"));
  scl_logpage_fini(&page);
  sc_buf_fini(&text);
  scl_shardlog_free(log);
}

static void test_limits(void **state) {
  (void)state;
  struct scl_shardlog *log = scl_shardlog_new();
  check_page(log, 0, 10, 1000, 0);
  for (int i = 0; i < 100; i++) append(log, i, "0123456789");
  check_page(log, 0, 1000, 1000000, 100);
  check_page(log, 0, 7, 1000000, 7);
  check_page(log, 99, 7, 1000000, 1);
  check_page(log, 100, 7, 1000000, 0);
  check_page(log, 0, 1000, 50, 5);
  check_page(log, 0, 1000, 59, 5);
  check_page(log, 95, 1000, 50, 5);
  check_page(log, 96, 1000, 50, 4);
  check_page(log, 0, 1000, 1, 1); /* one record whatever its size */
  scl_shardlog_free(log);
}

/* Every page over many chunks is exactly its records: the whole equals the parts. */
static void test_chunks(void **state) {
  (void)state;
  struct scl_shardlog *log = scl_shardlog_new();
  struct sc_buf data = SC_BUF_INIT, whole = SC_BUF_INIT, parts = SC_BUF_INIT;
  for (int i = 0; i < 300; i++) {
    sc_buf_clear(&data);
    for (int j = 0; j < (i * 37) % 9000; j++) sc_buf_add_char(&data, 'A');
    append(log, i, sc_buf_str(&data));
  }
  struct scl_logpage page;
  scl_shardlog_page(log, SCL_FORMAT_JSON, 0, 1000, UINT64_MAX, &page);
  assert_true(page.n_ranges > 5);
  print(&page, &whole);
  scl_logpage_fini(&page);
  for (uint64_t first = 0; first < 300;) {
    scl_shardlog_page(log, SCL_FORMAT_JSON, first, 1 + first % 13, UINT64_MAX, &page);
    assert_true(page.count > 0);
    if (first > 0) sc_buf_add_char(&parts, ',');
    print(&page, &parts);
    first += page.count;
    scl_logpage_fini(&page);
  }
  assert_int_equal(whole.len, parts.len);
  assert_memory_equal(whole.ptr, parts.ptr, whole.len);
  sc_buf_fini(&data);
  sc_buf_fini(&whole);
  sc_buf_fini(&parts);
  scl_shardlog_free(log);
}

/* A page read before stays good while the log grows and its owner lets go of it. */
static void test_page_outlives(void **state) {
  (void)state;
  struct scl_shardlog *log = scl_shardlog_new();
  struct scl_logpage page;
  struct sc_buf before = SC_BUF_INIT, after = SC_BUF_INIT;
  append(log, 1, "first");
  scl_shardlog_page(log, SCL_FORMAT_JSON, 0, 1, 1000, &page);
  print(&page, &before);
  for (int i = 0; i < 5000; i++) append(log, 2, "more");
  scl_shardlog_trim(log, 3);
  assert_int_equal(scl_shardlog_count(log), 5001);
  scl_shardlog_free(log);
  print(&page, &after);
  assert_string_equal(sc_buf_str(&before), sc_buf_str(&after));
  scl_logpage_fini(&page);
  sc_buf_fini(&before);
  sc_buf_fini(&after);
}

/* In CBOR too every page is exactly its records, whichever is read first and whatever is appended between. */
static void test_cbor_pages(void **state) {
  (void)state;
  struct scl_shardlog *log = scl_shardlog_new();
  struct sc_buf whole = SC_BUF_INIT, parts = SC_BUF_INIT;
  struct scl_logpage page;
  for (int i = 0; i < 300; i++) {
    append(log, i, i % 3 == 0 ? "aGVsbG8=" : "aGk=");
    scl_shardlog_page(log, SCL_FORMAT_CBOR, (uint64_t)i / 2, 3, UINT64_MAX, &page);
    assert_int_equal(page.first, i / 2);
    scl_logpage_fini(&page);
  }
  scl_shardlog_page(log, SCL_FORMAT_CBOR, 0, 1000, UINT64_MAX, &page);
  assert_int_equal(page.count, 300);
  print(&page, &whole);
  scl_logpage_fini(&page);
  for (uint64_t first = 0; first < 300;) {
    scl_shardlog_page(log, SCL_FORMAT_CBOR, first, 1 + first % 13, UINT64_MAX, &page);
    print(&page, &parts);
    first += page.count;
    scl_logpage_fini(&page);
  }
  assert_true(sc_slice_equals(sc_buf_view(&whole), sc_buf_view(&parts)));
  struct sc_cbor c = sc_cbor_of(sc_buf_view(&whole));
  for (int i = 0; i < 300; i++) assert_true(sc_cbor_skip(&c));
  assert_ptr_equal(c.p, c.end);
  sc_buf_fini(&whole);
  sc_buf_fini(&parts);
  scl_shardlog_free(log);
}

static void test_find_time(void **state) {
  (void)state;
  struct scl_shardlog *log = scl_shardlog_new();
  assert_int_equal(scl_shardlog_find_time(log, 5), 0);
  const int64_t times[] = {10, 20, 20, 20, 30};
  for (int i = 0; i < 5; i++) append(log, times[i], "");
  assert_int_equal(scl_shardlog_find_time(log, 0), 0);
  assert_int_equal(scl_shardlog_find_time(log, 10), 0);
  assert_int_equal(scl_shardlog_find_time(log, 11), 1);
  assert_int_equal(scl_shardlog_find_time(log, 20), 1);
  assert_int_equal(scl_shardlog_find_time(log, 21), 4);
  assert_int_equal(scl_shardlog_find_time(log, 31), 5);
  scl_shardlog_free(log);
}

/* Trimmed records are gone, the others keep their numbers; in CBOR too, read before or after. */
static void test_trim(void **state) {
  (void)state;
  struct scl_logpage page;
  for (int reads_before = 0; reads_before < 2; reads_before++) {
    struct scl_shardlog *log = scl_shardlog_new();
    for (int i = 0; i < 100; i++) append(log, i, "aGk=");
    if (reads_before) {
      scl_shardlog_page(log, SCL_FORMAT_CBOR, 0, 30, 1000000, &page);
      scl_logpage_fini(&page);
    }
    scl_shardlog_trim(log, 40);
    assert_int_equal(scl_shardlog_find_time(log, 0), 40);
    for (int format = SCL_FORMAT_JSON; format <= SCL_FORMAT_CBOR; format++) {
      scl_shardlog_page(log, (enum scl_format)format, 0, 10, 1000000, &page);
      assert_int_equal(page.first, 40);
      assert_int_equal(page.count, 10);
      assert_int_equal(page.last_ms, 49);
      assert_int_equal(page.n_following, 50);
      assert_int_equal(page.following_ms, 50);
      assert_int_equal(page.bytes, 40);
      scl_logpage_fini(&page);
    }
    scl_shardlog_trim(log, 1000);
    check_page(log, 100, 10, 1000, 0);
    append(log, 1000, "aGk=");
    check_page(log, 100, 10, 1000, 1);
    scl_shardlog_free(log);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text),       cmocka_unit_test(test_small_times),   cmocka_unit_test(test_limits),
      cmocka_unit_test(test_chunks),     cmocka_unit_test(test_page_outlives), cmocka_unit_test(test_find_time),
      cmocka_unit_test(test_cbor_pages), cmocka_unit_test(test_trim),
  };
  return cmocka_run_group_tests_name("local/shardlog", tests, NULL, NULL);
}
