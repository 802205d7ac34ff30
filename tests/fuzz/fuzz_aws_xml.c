/* The text of an element: no longer than the document, and escaped again it is read as itself. */
#include "net/aws/xml.h"
#include "tests/fuzz/fuzz.h"

static void escape(struct sc_buf *out, const struct sc_buf *text) {
  sc_buf_add_str(out, "<r><Code>");
  for (size_t i = 0; i < text->len; i++) {
    if (strchr("<>&\"'", text->ptr[i]) != NULL) sc_buf_printf(out, "&#%d;", text->ptr[i]);
    else sc_buf_add_char(out, text->ptr[i]);
  }
  sc_buf_add_str(out, "</Code></r>");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct sc_buf text = SC_BUF_INIT, document = SC_BUF_INIT, again = SC_BUF_INIT;
  if (size > 1 << 16) return 0;
  if (sc_xml_text(sc_slice_of((const char *)data, size), "Code", &text)) {
    CHECK(text.len <= size);
    escape(&document, &text);
    CHECK(sc_xml_text(sc_buf_view(&document), "Code", &again));
    CHECK(sc_slice_equals(sc_buf_view(&text), sc_buf_view(&again)));
  }
  sc_buf_fini(&text);
  sc_buf_fini(&document);
  sc_buf_fini(&again);
  return 0;
}
