#include "net/aws/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sc_buf out;

static int drop(void **state) {
  (void)state;
  sc_buf_fini(&out);
  return 0;
}

static bool text(const char *document, const char *name) { return sc_xml_text(sc_slice_str(document), name, &out); }

static void elements(void **state) {
  (void)state;
  static const char document[] =
      "<R xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n<Arn>arn:aws:x</Arn><ArnOther>no</ArnOther>\n"
      "<Secret>a+b/&lt;&amp;&gt;&quot;&apos;&#65;&#x42;</Secret><Empty></Empty><Arn>second</Arn></R>";
  assert_true(text(document, "Arn"));
  assert_string_equal(out.ptr, "arn:aws:x");
  assert_true(text(document, "ArnOther"));
  assert_true(text(document, "Secret"));
  assert_string_equal(out.ptr, "a+b/<&>\"'AB");
  assert_true(text(document, "Empty"));
  assert_int_equal(out.len, 0);
  assert_false(text(document, "Ar"));
  assert_false(text(document, "R"));
}

static void malformed(void **state) {
  (void)state;
  static const char *const documents[] = {"",
                                          "<A>",
                                          "<A>x",
                                          "<A>x</B>",
                                          "<A>x</A",
                                          "<A><B>x</B></A>",
                                          "<A>&nbsp;</A>",
                                          "<A>&amp</A>",
                                          "<A>&#0;</A>",
                                          "<A>&#200;</A>",
                                          "<A>&#;</A>",
                                          "<A>&#xG;</A>",
                                          "<A>&#9999999999999;</A>"};
  for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
    if (text(documents[i], "A")) fail_msg("%s was taken", documents[i]);
  assert_false(sc_xml_text(SC_SLICE_LITERAL("<A>x\0y</A>"), "A", &out));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(elements, drop),
                                     cmocka_unit_test_teardown(malformed, drop)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
