/* Frames put together for one output. */
#include "bench/local/http/h2frames.h"

#include <stdlib.h>

#include "tests/unit/engine/base/check.h"

static void test_order(void **state) {
  (void)state;
  struct sc_h2frames *frames = malloc(sizeof *frames);
  char body[] = "body";
  sc_h2frames_clear(frames);
  assert_string_equal(sc_h2frames_add(frames, "ab", 3), "ab");
  sc_h2frames_add(frames, "cd", 2);
  assert_int_equal(frames->n_pieces, 1); /* small ones lie together */
  assert_int_equal(frames->pieces[0].iov_len, 5);
  frames->pieces[frames->n_pieces++] = (struct iovec){body, 4};
  sc_h2frames_add(frames, "ef", 2);
  assert_int_equal(frames->n_pieces, 3);
  assert_memory_equal(frames->pieces[2].iov_base, "ef", 2);
  sc_h2frames_clear(frames);
  assert_int_equal(frames->n_pieces, 0);
  free(frames);
}

static void test_room(void **state) {
  (void)state;
  struct sc_h2frames *frames = malloc(sizeof *frames);
  static char large[SC_H2FRAMES_MOST];
  sc_h2frames_clear(frames);
  int n = 0;
  for (; sc_h2frames_have_room(frames); n++) sc_h2frames_add(frames, large, sizeof large);
  assert_int_equal(n, SC_H2FRAMES_BYTES / SC_H2FRAMES_MOST);
  sc_h2frames_clear(frames);
  assert_true(sc_h2frames_have_room(frames));
  frames->body_bytes = SC_H2FRAMES_BODY_BYTES;
  assert_false(sc_h2frames_have_room(frames));
  sc_h2frames_clear(frames);
  frames->n_pieces = SC_H2FRAMES_PIECES - SC_H2FRAMES_BODY_PIECES - 1;
  assert_false(sc_h2frames_have_room(frames));
  free(frames);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_room),
  };
  return cmocka_run_group_tests_name("local/h2frames", tests, NULL, NULL);
}
