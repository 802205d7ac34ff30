#include "codec/decoder_json.h"
#include "codec/kinesis/envelope_json.h"
#include "engine/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char reply[] =
    "{\"Records\":[{\"SequenceNumber\":\"1\",\"Data\":\"eyJhIjoxfQ==\",\"PartitionKey\":\"k\"},"
    "{\"SequenceNumber\":\"2\",\"Data\":\"eyJhIjoyLjV9\",\"PartitionKey\":\"k\"},"
    "{\"SequenceNumber\":\"3\",\"Data\":\"W10=\",\"PartitionKey\":\"k\"}],\"MillisBehindLatest\":0}";

static const struct sc_decoder_config config = {.largest_record_bytes = 1 << 20, .stream = "demo"};

static struct sc_batch *make_batch_of(enum sc_envelope envelope, struct sc_slice body) {
  struct sc_batch *batch = calloc(1, sizeof(*batch) + body.len + SC_BODY_PADDING);
  batch->envelope = envelope;
  batch->body_len = body.len;
  memcpy(batch->body, body.ptr, body.len);
  return batch;
}

static struct sc_batch *make_batch(enum sc_envelope envelope, const char *body) {
  return make_batch_of(envelope, sc_slice_str(body));
}

/* What a parse thread does with a reply, from the body to the cells. */
static void from_body_to_cells(void **state) {
  (void)state;
  const struct sc_decoder_ops *ops = &sc_decoder_json;
  struct sc_decoder *decoder = ops->new (&config);
  struct sc_batch *batch = make_batch(SC_ENVELOPE_JSON, reply);
  struct sc_records records = {0};
  struct sc_error err;
  assert_int_equal(sc_envelope_json_open(batch->body, batch->body_len, &records, &err), 0);
  assert_int_equal(records.n, 3);

  struct sc_sample *sample = sc_sample_new(8);
  ops->sample(decoder, records.items, records.n, sample);
  assert_int_equal(sc_sample_records(sample), 2);
  assert_int_equal(sc_infer(sc_sample_kinds(sample, 0)), SC_INFER_DOUBLE);

  struct sc_plan *plan = sc_plan_new(1, 1);
  sc_plan_add(plan, sc_slice_str("a"), SC_ROLE_PAYLOAD, sc_sample_key(sample, 0))->shape = SC_SHAPE_DOUBLE;
  sc_plan_seal(plan);
  struct sc_cell row[3];
  uint32_t record[3];
  struct sc_reject reject[3];
  struct sc_cells cells = {1, 3, 0, row, record};
  struct sc_rejects rejects = {reject, 0};
  uint64_t unknown = 0;
  assert_int_equal(ops->decode(decoder, plan, records.items, records.n, &cells, &rejects, &unknown), 3);
  assert_int_equal(cells.n_rows, 2);
  assert_true(row[0].d == 1.0 && row[1].d == 2.5);
  assert_int_equal(rejects.n, 1);
  assert_int_equal(reject[0].record, 2);

  sc_plan_free(plan);
  sc_sample_free(sample);
  free(records.items);
  free(batch);
  ops->free(decoder);
}

/* Each is a reject by itself, and says what it is. */
static void other_formats_are_named(void **state) {
  (void)state;
  static char bodies[4][64 + SC_BODY_PADDING];
  static const struct sc_slice data[] = {SC_SLICE_LITERAL("\x1f\x8b\x08"), SC_SLICE_LITERAL("{\"a\":1}"),
                                         SC_SLICE_LITERAL("\xf3\x89\x9a\xc2\x0a\x01"
                                                          "a0123456789abcdef"),
                                         SC_SLICE_LITERAL("{\"a\":")};
  static const char *const names[] = {"gzip", "KPL", "not JSON"};
  struct sc_decoder *decoder = sc_decoder_json.new(&config);
  struct sc_plan *plan = sc_plan_new(1, 0);
  sc_plan_seal(plan);
  struct sc_record records[4] = {{.sub = 0}};
  for (int i = 0; i < 4; i++) records[i].data = sc_slice_of(memcpy(bodies[i], data[i].ptr, data[i].len), data[i].len);
  struct sc_reject items[4];
  uint32_t record[4];
  uint64_t unknown = 0;
  struct sc_cells cells = {.cap_rows = 4, .record = record};
  struct sc_rejects rejects = {items, 0};
  assert_int_equal(sc_decoder_json.decode(decoder, plan, records, 4, &cells, &rejects, &unknown), 4);
  assert_int_equal(cells.n_rows, 1);
  assert_int_equal(rejects.n, 3);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(items[i].reason, i < 2 ? SC_REASON_FORMAT : SC_REASON_SYNTAX);
    assert_non_null(strstr(items[i].text, names[i]));
  }
  sc_plan_free(plan);
  sc_decoder_json.free(decoder);
}

static void scratch_grows_with_the_record(void **state) {
  (void)state;
  size_t small = sc_decoder_json.scratch_bytes(1 << 20), large = sc_decoder_json.scratch_bytes(10 << 20);
  assert_in_range(small, 6 << 20, 7 << 20); /* the text, its index of four bytes a byte, what is unescaped */
  assert_int_equal(large - small, 6 * (9 << 20));
  assert_string_equal(sc_decoder_json.name, "json");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(from_body_to_cells),
      cmocka_unit_test(other_formats_are_named),
      cmocka_unit_test(scratch_grows_with_the_record),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
