#include "engine/base/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/base/random.h"

enum { ITEMS = 500 };

static void comes_out_in_order(void **state) {
  (void)state;
  struct sc_random random;
  sc_random_init(&random, 7);
  struct sc_heap heap = {0};
  struct sc_heap_node nodes[ITEMS] = {0};
  for (int round = 0; round < 4; round++)
    for (int i = 0; i < ITEMS; i++) sc_heap_set(&heap, &nodes[i], (int64_t)sc_random_below(&random, 1000));
  assert_int_equal(heap.n, ITEMS);
  for (int i = 0; i < ITEMS; i += 3) sc_heap_remove(&heap, &nodes[i]);
  sc_heap_remove(&heap, &nodes[0]);
  int64_t last = -1;
  size_t n = 0;
  for (struct sc_heap_node *top; (top = sc_heap_top(&heap)) != NULL; n++) {
    assert_true(top->key >= last);
    last = top->key;
    sc_heap_remove(&heap, top);
    assert_int_equal(top->place, 0);
  }
  assert_int_equal(n, ITEMS - (ITEMS + 2) / 3);
  sc_heap_fini(&heap);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(comes_out_in_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
