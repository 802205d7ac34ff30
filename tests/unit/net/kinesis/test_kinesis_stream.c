#include "net/kinesis/kinesis_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RANGES \
  "\"HashKeyRange\":{\"StartingHashKey\":\"0\",\"EndingHashKey\":\"340282366920938463463374607431768211455\"}"

static bool read(const char *text, struct sc_listed *out) {
  struct sc_jsondoc *doc = sc_jsondoc_new();
  struct sc_json root;
  struct sc_error err;
  assert_int_equal(sc_jsondoc_parse(doc, sc_slice_str(text), &root, &err), SC_OK);
  bool ok = sc_kinesis_read_shard(root, out);
  sc_jsondoc_free(doc);
  return ok;
}

static void open_and_closed(void **state) {
  (void)state;
  struct sc_listed shard;
  assert_true(read("{\"ShardId\":\"shardId-000000000000\"," RANGES
                   ",\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"1\"}}",
                   &shard));
  assert_string_equal(shard.id, "shardId-000000000000");
  assert_string_equal(shard.parents[0], "");
  assert_false(shard.closed);
  assert_true(shard.hash_first.high == 0 && shard.hash_first.low == 0);
  assert_true(shard.hash_last.high == UINT64_MAX && shard.hash_last.low == UINT64_MAX);
  assert_true(read("{\"ShardId\":\"c\",\"ParentShardId\":\"a\",\"AdjacentParentShardId\":\"b\"," RANGES
                   ",\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"1\",\"EndingSequenceNumber\":\"2\"}}",
                   &shard));
  assert_string_equal(shard.parents[0], "a");
  assert_string_equal(shard.parents[1], "b");
  assert_true(shard.closed);
}

static void null_is_absent(void **state) {
  (void)state;
  struct sc_listed shard;
  assert_true(read("{\"ShardId\":\"c\",\"ParentShardId\":null," RANGES
                   ",\"SequenceNumberRange\":{\"EndingSequenceNumber\":null}}",
                   &shard));
  assert_string_equal(shard.parents[0], "");
  assert_false(shard.closed);
}

static void malformed(void **state) {
  (void)state;
  char text[600], id[200];
  struct sc_listed shard;
  assert_false(read("{" RANGES "}", &shard));
  assert_false(read("{\"ShardId\":\"\"," RANGES "}", &shard));
  assert_false(read("{\"ShardId\":\"a\\u0000b\"," RANGES "}", &shard));
  assert_false(read("{\"ShardId\":7," RANGES "}", &shard));
  assert_false(read("{\"ShardId\":\"a\",\"ParentShardId\":7," RANGES "}", &shard));
  assert_false(read("{\"ShardId\":\"a\"}", &shard));
  assert_false(
      read("{\"ShardId\":\"a\",\"HashKeyRange\":{\"StartingHashKey\":\"-1\",\"EndingHashKey\":\"1\"}}", &shard));
  assert_false(read("[]", &shard));
  memset(id, 'a', sizeof(id));
  id[129] = '\0';
  snprintf(text, sizeof(text), "{\"ShardId\":\"%s\"," RANGES "}", id);
  assert_false(read(text, &shard));
  snprintf(text, sizeof(text), "{\"ShardId\":\"%s\"," RANGES "}", id + 1);
  assert_true(read(text, &shard));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(open_and_closed),
      cmocka_unit_test(null_is_absent),
      cmocka_unit_test(malformed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
