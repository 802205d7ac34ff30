#include "bench/local/base/writer.h"

#include "tests/unit/codec/wire/cbor_text.h"
#include "tests/unit/engine/base/check.h"

/* One document with everything in it, half of it in a second buffer. */
static void write_all(enum scl_format format, struct sc_buf *head, struct sc_buf *tail) {
  struct scl_writer w = scl_writer_of(head, format);
  scl_writer_open_map(&w, NULL);
  scl_writer_text(&w, "a", SC_SLICE_LITERAL("q\"\n"));
  scl_writer_open_list(&w, "list");
  scl_writer_str(&w, NULL, "x");
  scl_writer_int(&w, NULL, -5);
  scl_writer_open_map(&w, NULL);
  scl_writer_close_map(&w);
  struct scl_writer rest = scl_writer_on(&w, tail);
  scl_writer_open_map(&rest, NULL);
  scl_writer_bool(&rest, "yes", true);
  scl_writer_bool(&rest, "no", false);
  scl_writer_close_map(&rest);
  scl_writer_close_list(&rest);
  scl_writer_time(&rest, "t", INT64_C(1700000000123));
  scl_writer_open_list(&rest, "none");
  scl_writer_close_list(&rest);
  scl_writer_int(&rest, "n", 24);
  scl_writer_close_map(&rest);
}

static void test_json(void **state) {
  (void)state;
  struct sc_buf head = SC_BUF_INIT, tail = SC_BUF_INIT;
  write_all(SCL_FORMAT_JSON, &head, &tail);
  assert_string_equal(sc_buf_str(&head), "{\"a\":\"q\\\"\\n\",\"list\":[\"x\",-5,{}");
  assert_string_equal(sc_buf_str(&tail), ",{\"yes\":true,\"no\":false}],\"t\":1700000000.123,\"none\":[],\"n\":24}");
  sc_buf_fini(&head);
  sc_buf_fini(&tail);
}

static void test_cbor(void **state) {
  (void)state;
  struct sc_buf head = SC_BUF_INIT, tail = SC_BUF_INIT, want = SC_BUF_INIT;
  write_all(SCL_FORMAT_CBOR, &head, &tail);
  sc_buf_add_slice(&head, sc_buf_view(&tail));
  assert_true(
      sc_slice_equals(sc_buf_view(&head), cbor_text(&want,
                                                    "bf 'a' 63 71220a 'list' 9f 'x' 24 bf ff bf 'yes' f5 'no' f4 ff ff "
                                                    "'t' c1 1b0000018bcfe5687b 'none' 9f ff 'n' 1818 ff")));
  sc_buf_fini(&head);
  sc_buf_fini(&tail);
  sc_buf_fini(&want);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_json),
      cmocka_unit_test(test_cbor),
  };
  return cmocka_run_group_tests_name("local/writer", tests, NULL, NULL);
}
