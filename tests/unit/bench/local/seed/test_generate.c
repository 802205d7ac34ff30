#include "bench/local/seed/generate.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/json/doc.h"
#include "codec/text/base64.h"
#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000000)

static struct scl_store *generate(const char *spec) {
  struct scl_store *store = scl_store_new(0, 0);
  struct scl_generate what;
  struct sc_error err;
  assert_int_equal(scl_generate_parse(sc_slice_str(spec), &what, &err), SC_OK);
  assert_int_equal(scl_generate_run(store, &what, NOW, &err), SC_OK);
  return store;
}

/* All records of a shard as a JSON list. */
static void print_shard(const struct scl_store_shard *shard, struct sc_buf *out) {
  struct scl_logpage page;
  sc_buf_add_char(out, '[');
  scl_shardlog_page(shard->log, SCL_FORMAT_JSON, 0, UINT64_MAX, UINT64_MAX, &page);
  for (int i = 0; i < page.n_ranges; i++) sc_buf_add(out, page.ranges[i].bytes.iov_base, page.ranges[i].bytes.iov_len);
  sc_buf_add_char(out, ']');
  scl_logpage_fini(&page);
}

static void print_all(const char *spec, struct sc_buf *out) {
  struct scl_store *store = generate(spec);
  struct scl_store_stream *stream = scl_store_at(store, 0);
  for (uint32_t i = 0; i < stream->n_shards; i++) print_shard(&stream->shards[i], out);
  scl_store_free(store);
}

static void test_parse(void **state) {
  (void)state;
  struct scl_generate what;
  struct sc_error err;
  assert_int_equal(scl_generate_parse(SC_SLICE_LITERAL("demo"), &what, &err), SC_OK);
  assert_true(what.shards == 1 && what.records == 0 && what.seed == 1);
  assert_string_equal(what.profile->name, "sensors");
  assert_int_equal(scl_generate_parse(SC_SLICE_LITERAL("a.b-c_D:seed=9,profile=mixed,records=7,shards=3"), &what, &err),
                   SC_OK);
  assert_true(what.shards == 3 && what.records == 7 && what.seed == 9);
  assert_string_equal(what.profile->name, "mixed");
  assert_string_equal(what.stream, "a.b-c_D");
  const char *const bad[] = {"",
                             ":shards=1",
                             "a b",
                             "demo:shards=0",
                             "demo:shards=1000001",
                             "demo:shards",
                             "demo:shards=x",
                             "demo:records=-1",
                             "demo:profile=x",
                             "demo:colour=red"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    assert_int_equal(scl_generate_parse(sc_slice_str(bad[i]), &what, &err), SC_E_USAGE);
}

static void test_load_parse(void **state) {
  (void)state;
  struct scl_load what;
  struct sc_error err;
  assert_int_equal(scl_load_parse(SC_SLICE_LITERAL("demo=/tmp/a:b=c.ndjson"), &what, &err), SC_OK);
  assert_true(sc_slice_is(what.path, "/tmp/a:b=c.ndjson") && what.shards == 1);
  assert_int_equal(scl_load_parse(SC_SLICE_LITERAL("demo=x:shards=4"), &what, &err), SC_OK);
  assert_true(sc_slice_is(what.path, "x") && what.shards == 4);
  const char *const bad[] = {"", "demo", "demo=", "=x", "demo=x:shards=0"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
    assert_int_equal(scl_load_parse(sc_slice_str(bad[i]), &what, &err), SC_E_USAGE);
}

/* Every record is where its key belongs, its payload is JSON, arrivals ascend within the last hour. */
static void check_stream(const char *spec, uint64_t records) {
  struct scl_store *store = generate(spec);
  struct scl_store_stream *stream = scl_store_at(store, 0);
  struct sc_jsondoc *page = sc_jsondoc_new(), *payload = sc_jsondoc_new();
  uint64_t total = 0;
  for (uint32_t i = 0; i < stream->n_shards; i++) {
    struct sc_buf text = SC_BUF_INIT;
    struct sc_json list, record, root;
    struct sc_error err;
    double arrived, last = (double)(NOW - 3600000) / 1000;
    print_shard(&stream->shards[i], &text);
    assert_int_equal(sc_jsondoc_parse(page, sc_buf_view(&text), &list, &err), SC_OK);
    for (struct sc_json_iter it = sc_json_walk(list); sc_json_next(&it, NULL, &record); total++) {
      struct sc_slice key, data;
      char decoded[4096];
      size_t len;
      assert_true(sc_json_str(sc_json_get(record, "PartitionKey"), &key));
      assert_ptr_equal(scl_stream_route(stream, scl_hashkey_of(key)), &stream->shards[i]);
      assert_true(sc_json_str(sc_json_get(record, "Data"), &data) && data.len < sizeof(decoded));
      assert_true(sc_base64_decode(data.ptr, data.len, decoded, &len));
      assert_int_equal(sc_jsondoc_parse(payload, sc_slice_of(decoded, len), &root, &err), SC_OK);
      assert_int_equal(sc_json_kind(root), SC_JSON_OBJECT);
      assert_true(sc_json_double(sc_json_get(record, "ApproximateArrivalTimestamp"), &arrived));
      assert_true(arrived >= last && arrived <= (double)NOW / 1000);
      last = arrived;
    }
    sc_buf_fini(&text);
  }
  assert_int_equal(total, records);
  sc_jsondoc_free(page);
  sc_jsondoc_free(payload);
  scl_store_free(store);
}

static void test_sensors(void **state) {
  (void)state;
  check_stream("demo:shards=7,records=3000", 3000);
}

static void test_mixed(void **state) {
  (void)state;
  check_stream("demo:shards=2,records=3000,profile=mixed", 3000);
}

static void test_profiles_of_the_benchmarks(void **state) {
  (void)state;
  check_stream("demo:shards=3,records=2000,seed=2,profile=readings", 2000);
  check_stream("demo:shards=3,records=2000,seed=3,profile=events", 2000);
  check_stream("demo:shards=3,records=2000,seed=4,profile=wide", 2000);
  check_stream("demo:shards=3,records=2000,seed=5,profile=tiny", 2000);
}

/* Payloads of a profile, one after the other: their mean size, and the names of the first one's members as they
 * stand. */
static double write_profile(const char *profile, uint64_t seed, unsigned n, struct sc_buf *names) {
  const struct scl_payload_profile *found = scl_payload_profile_find(sc_slice_str(profile));
  struct sc_jsondoc *parser = sc_jsondoc_new();
  struct sc_random random;
  double bytes = 0;
  sc_random_init(&random, seed);
  for (unsigned i = 0; i < n; i++) {
    struct sc_buf out = SC_BUF_INIT;
    struct scl_payload what = {.number = i, .key = i + 1, .seed = seed};
    struct sc_json root, value;
    struct sc_slice name;
    struct sc_error err;
    found->write(&random, &what, &out);
    assert_int_equal(sc_jsondoc_parse(parser, sc_buf_view(&out), &root, &err), SC_OK);
    for (struct sc_json_iter it = sc_json_walk(root); i == 0 && sc_json_next(&it, &name, &value);)
      sc_buf_printf(names, "%.*s ", SC_SLICE_ARGS(name));
    bytes += (double)out.len;
    sc_buf_fini(&out);
  }
  sc_jsondoc_free(parser);
  return bytes / n;
}

static void check_profile(const char *profile, unsigned n, double least, double most, bool order_varies) {
  struct sc_buf one = SC_BUF_INIT, other = SC_BUF_INIT;
  double bytes = write_profile(profile, 1, n, &one);
  if (bytes < least || bytes > most) fail_msg("%s: %.0f bytes", profile, bytes);
  write_profile(profile, 2, n, &other);
  assert_int_equal(one.len, other.len); /* the same names */
  assert_int_equal(strcmp(sc_buf_str(&one), sc_buf_str(&other)) != 0, order_varies);
  sc_buf_fini(&one);
  sc_buf_fini(&other);
}

static void test_sizes_and_orders(void **state) {
  (void)state;
  check_profile("readings", 1000, 120, 128, true);
  check_profile("events", 1000, 900, 1150, true);
  check_profile("wide", 1000, 800, 1200, true);
  check_profile("tiny", 1000, 18, 22, false);
  check_profile("large", 8, 250000, 275000, true);
}

static void test_seed(void **state) {
  (void)state;
  struct sc_buf one = SC_BUF_INIT, again = SC_BUF_INIT, other = SC_BUF_INIT;
  print_all("demo:shards=3,records=100,seed=5", &one);
  print_all("demo:shards=3,records=100,seed=5", &again);
  print_all("demo:shards=3,records=100,seed=6", &other);
  assert_string_equal(sc_buf_str(&one), sc_buf_str(&again));
  assert_string_not_equal(sc_buf_str(&one), sc_buf_str(&other));
  sc_buf_fini(&one);
  sc_buf_fini(&again);
  sc_buf_fini(&other);
}

static void test_load(void **state) {
  (void)state;
  char path[] = "/tmp/shardcopy-test-XXXXXX";
  int fd = mkstemp(path);
  FILE *file = fdopen(fd, "w");
  fputs("{\"a\":1}\n\nnot json\nlast without newline", file);
  fclose(file);
  struct scl_store *store = scl_store_new(0, 0);
  struct scl_load what = {.stream = "s", .path = sc_slice_str(path), .shards = 1};
  struct sc_error err;
  assert_int_equal(scl_load_run(store, &what, NOW, &err), SC_OK);
  struct sc_buf text = SC_BUF_INIT;
  print_shard(&scl_store_at(store, 0)->shards[0], &text);
  assert_non_null(strstr(sc_buf_str(&text), "\"Data\":\"eyJhIjoxfQ==\",\"PartitionKey\":\"1\"}"));
  assert_non_null(strstr(sc_buf_str(&text), "\"PartitionKey\":\"3\"}"));
  assert_non_null(strstr(sc_buf_str(&text), "\"PartitionKey\":\"4\"}]"));
  assert_int_equal(scl_load_run(store, &what, NOW, &err), SC_E_USAGE); /* there already */
  unlink(path);
  what.stream[0] = 't';
  assert_int_equal(scl_load_run(store, &what, NOW, &err), SC_E_IO);
  sc_buf_fini(&text);
  scl_store_free(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parse),
      cmocka_unit_test(test_load_parse),
      cmocka_unit_test(test_sensors),
      cmocka_unit_test(test_mixed),
      cmocka_unit_test(test_profiles_of_the_benchmarks),
      cmocka_unit_test(test_sizes_and_orders),
      cmocka_unit_test(test_seed),
      cmocka_unit_test(test_load),
  };
  return cmocka_run_group_tests_name("local/generate", tests, NULL, NULL);
}
