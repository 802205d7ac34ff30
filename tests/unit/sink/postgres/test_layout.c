#include "sink/postgres/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/error.h"

static struct sc_pg_layout layout;
static struct sc_error err;

static void parse(const char *metadata) {
  if (sc_pg_layout_parse(SC_COLUMNS_AUTO, metadata, true, NULL, &layout, &err) != SC_OK)
    fail_msg("%s: %s", metadata, err.text);
}

static void assert_column(size_t i, enum sc_role role, const char *name, const char *type) {
  assert_true(i < layout.n);
  assert_int_equal(layout.metadata[i].role, role);
  assert_string_equal(layout.metadata[i].name, name);
  assert_string_equal(layout.metadata[i].type, type);
}

static void names_are_the_usual_ones(void **state) {
  (void)state;
  parse("shard,sequence,arrival,partition-key,stream,message-id,envelope");
  assert_int_equal(layout.n, 7);
  assert_column(0, SC_ROLE_SHARD, "kinesis_shard_id", "text");
  assert_column(1, SC_ROLE_SEQUENCE, "kinesis_sequence_number", "text");
  assert_column(2, SC_ROLE_ARRIVAL, "kinesis_arrival_time", "timestamp with time zone");
  assert_column(3, SC_ROLE_PARTITION_KEY, "kinesis_partition_key", "text");
  assert_column(4, SC_ROLE_STREAM, "kinesis_stream_name", "text");
  assert_column(5, SC_ROLE_MESSAGE_ID, "kinesis_message_id", "text");
  assert_column(6, SC_ROLE_ENVELOPE, "kinesis", "jsonb");
  parse("none");
  assert_int_equal(layout.n, 0);
}

static void names_of_ones_own(void **state) {
  (void)state;
  parse("shard:S h,sequence:numeric,sequence:seq,sequence:numeric:n,sequence:text:numeric,arrival:a:b");
  assert_int_equal(layout.n, 6);
  assert_column(0, SC_ROLE_SHARD, "S h", "text");
  assert_column(1, SC_ROLE_SEQUENCE, "kinesis_sequence_number", "numeric");
  assert_column(2, SC_ROLE_SEQUENCE, "seq", "text");
  assert_column(3, SC_ROLE_SEQUENCE, "n", "numeric");
  assert_column(4, SC_ROLE_SEQUENCE, "numeric", "text");
  assert_column(5, SC_ROLE_ARRIVAL, "a:b", "timestamp with time zone");
}

static void wrong_lists(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "shard,",
                                    ",shard",
                                    "shards",
                                    "shard:",
                                    "none,shard",
                                    "shard,shard",
                                    "shard:a,sequence:a",
                                    "shard sequence",
                                    "sequence:text:",
                                    "sequence:numeric:",
                                    "shard:0123456789012345678901234567890123456789012345678901234567890123"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    if (sc_pg_layout_parse(SC_COLUMNS_AUTO, bad[i], true, NULL, &layout, &err) != SC_E_USAGE) fail_msg("%s", bad[i]);
    assert_non_null(strstr(err.hint, "partition-key"));
  }
  assert_int_equal(sc_pg_layout_parse(SC_COLUMNS_JSON, "shard:data", true, NULL, &layout, &err), SC_E_USAGE);
  assert_int_equal(sc_pg_layout_parse(SC_COLUMNS_AUTO, "shard:data", true, NULL, &layout, &err), SC_OK);
}

static void like_others(void **state) {
  (void)state;
  assert_int_equal(sc_pg_layout_parse(SC_COLUMNS_AUTO, "shard", false, "dlt", &layout, &err), SC_OK);
  assert_int_equal(layout.n, 6);
  assert_column(5, SC_ROLE_MESSAGE_ID, "_kinesis_msg_id", "text");
  assert_false(layout.by_position);
  assert_int_equal(sc_pg_layout_parse(SC_COLUMNS_JSON, "shard", false, "ctk", &layout, &err), SC_OK);
  assert_column(0, SC_ROLE_ENVELOPE, "kinesis", "jsonb");
  assert_column(1, SC_ROLE_MESSAGE_ID, "kinesis_msg_id", "text");
  assert_int_equal(sc_pg_layout_parse(SC_COLUMNS_TABLE, "shard", false, "flink", &layout, &err), SC_OK);
  assert_column(0, SC_ROLE_ARRIVAL, "timestamp", "timestamp with time zone");
  assert_int_equal(sc_pg_layout_parse(SC_COLUMNS_AUTO, "shard", false, "exasol", &layout, &err), SC_OK);
  assert_true(layout.by_position);
  assert_int_equal(sc_pg_layout_role(&layout, "SHARD_SEQUENCE_NUMBER"), SC_ROLE_SEQUENCE);
  assert_int_equal(sc_pg_layout_parse(SC_COLUMNS_RAW, "shard", false, "exasol", &layout, &err), SC_E_USAGE);
}

static void a_list_goes_before_like(void **state) {
  (void)state;
  assert_int_equal(sc_pg_layout_parse(SC_COLUMNS_AUTO, "stream", true, "dlt", &layout, &err), SC_OK);
  assert_int_equal(layout.n, 1);
  assert_column(0, SC_ROLE_STREAM, "kinesis_stream_name", "text");
}

static void roles_of_columns(void **state) {
  (void)state;
  char used[SC_PG_LAYOUT_NAMES][64];
  parse("message-id:id");
  assert_int_equal(sc_pg_layout_role(&layout, "id"), SC_ROLE_MESSAGE_ID);
  assert_int_equal(sc_pg_layout_role(&layout, "ID"), SC_ROLE_PAYLOAD);
  assert_int_equal(sc_pg_layout_role(&layout, "kinesis_arrival_time"), SC_ROLE_ARRIVAL);
  assert_int_equal(sc_pg_layout_role(&layout, "kinesis"), SC_ROLE_PAYLOAD);
  assert_int_equal(sc_pg_layout_names(&layout, used), 5);
  assert_string_equal(used[4], "id");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_the_usual_ones),
      cmocka_unit_test(names_of_ones_own),
      cmocka_unit_test(wrong_lists),
      cmocka_unit_test(like_others),
      cmocka_unit_test(a_list_goes_before_like),
      cmocka_unit_test(roles_of_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
