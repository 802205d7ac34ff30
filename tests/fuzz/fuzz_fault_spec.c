/* Faults as options: what is taken is valid, says the same again when it is written as JSON, and keeps to the bounds;
 * what is refused leaves nothing. */
#include "bench/local/faults/faultspec.h"
#include "codec/text/utf8.h"
#include "engine/base/buf.h"
#include "tests/fuzz/fuzz.h"

static void write_all(const struct scl_faultlist *list, struct sc_buf *out) {
  sc_buf_add_char(out, '[');
  for (size_t i = 0; i < list->n; i++) {
    sc_buf_add_str(out, i == 0 ? "{" : ",{");
    scl_fault_write(&list->items[i], out);
    sc_buf_add_char(out, '}');
  }
  sc_buf_add_char(out, ']');
}

static void check_fault(const struct scl_fault *fault) {
  CHECK(fault->p > 0 && fault->p <= 1 && fault->count >= 1 && fault->after >= 0 && fault->every >= 1);
  CHECK(fault->bytes >= -1 && fault->delay_ms >= 0 && fault->piece_bytes >= 0);
  CHECK(sc_utf8_valid(fault->message, strlen(fault->message)));
  struct scl_delivery delivery = {0};
  scl_fault_apply_delivery(fault, &delivery);
  CHECK(delivery.is_cut || !delivery.is_silent);
}

static void check_again(const struct scl_faultlist *list) {
  static struct sc_jsondoc *doc;
  struct scl_faultlist again = {0};
  struct sc_buf first = SC_BUF_INIT, second = SC_BUF_INIT;
  struct sc_json root;
  struct sc_error err;
  if (doc == NULL) doc = sc_jsondoc_new();
  write_all(list, &first);
  CHECK(sc_jsondoc_check(doc, sc_buf_view(&first), &root) == NULL);
  CHECK(scl_faultspec_read_json(root, &again, &err) == SC_OK);
  write_all(&again, &second);
  CHECK(sc_slice_equals(sc_buf_view(&first), sc_buf_view(&second)));
  for (size_t i = 0; i < list->n; i++) {
    CHECK(again.items[i].p == list->items[i].p && again.items[i].count == list->items[i].count);
    CHECK(again.items[i].kind == list->items[i].kind && again.items[i].at == list->items[i].at);
  }
  scl_faultlist_fini(&again);
  sc_buf_fini(&first);
  sc_buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct scl_faultlist list = {0};
  struct sc_error err;
  if (scl_faultspec_read(sc_slice_of((const char *)data, size), &list, &err) != SC_OK) {
    CHECK(err.code == SC_E_USAGE && list.n == 0 && list.items == NULL);
    return 0;
  }
  for (size_t i = 0; i < list.n; i++) check_fault(&list.items[i]);
  if (list.n > 0) check_again(&list);
  scl_faultlist_fini(&list);
  return 0;
}
