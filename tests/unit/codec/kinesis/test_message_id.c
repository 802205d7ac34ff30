#include "codec/kinesis/message_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Ids that dlt's source gave real records. */
static void ids_are_dlts(void **state) {
  (void)state;
  static const struct {
    const char *shard, *sequence, *id;
  } records[] = {
      {"shardId-000000000000", "49664459213214506049272029928136046394554240732946759682", "IBw3JVJ68KPHKYrmuGbX"},
      {"shardId-000000000000", "49664459213214506049272029928140882097832699249645584386", "jGOdbn41qFLc85kHbYW4"},
  };
  struct sc_message_id *m = sc_message_id_new();
  for (int turn = 0; turn < 2; turn++) {
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
      char id[SC_MESSAGE_ID_LEN];
      sc_message_id_make(m, sc_slice_str(records[i].shard), sc_slice_str(records[i].sequence), id);
      assert_memory_equal(id, records[i].id, sizeof(id));
    }
  }
  sc_message_id_free(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(ids_are_dlts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
