/* Frames put together for one output. */
#include "bench/local/http/h2frames.h"

#include <stdlib.h>

#include "tests/unit/engine/base/check.h"

static void test_order(void **state) {
  (void)state;
  struct scl_h2frames *frames = malloc(sizeof(*frames));
  char body[] = "body";
  scl_h2frames_clear(frames);
  assert_string_equal(scl_h2frames_add(frames, "ab", 3), "ab");
  scl_h2frames_add(frames, "cd", 2);
  assert_int_equal(frames->n_pieces, 1); /* small ones lie together */
  assert_int_equal(frames->pieces[0].iov_len, 5);
  frames->pieces[frames->n_pieces++] = (struct iovec){body, 4};
  scl_h2frames_add(frames, "ef", 2);
  assert_int_equal(frames->n_pieces, 3);
  assert_memory_equal(frames->pieces[2].iov_base, "ef", 2);
  scl_h2frames_clear(frames);
  assert_int_equal(frames->n_pieces, 0);
  free(frames);
}

static void test_room(void **state) {
  (void)state;
  struct scl_h2frames *frames = malloc(sizeof(*frames));
  static char large[SCL_H2FRAMES_MOST];
  scl_h2frames_clear(frames);
  int n = 0;
  for (; scl_h2frames_have_room(frames); n++) scl_h2frames_add(frames, large, sizeof(large));
  assert_int_equal(n, SCL_H2FRAMES_BYTES / SCL_H2FRAMES_MOST);
  scl_h2frames_clear(frames);
  assert_true(scl_h2frames_have_room(frames));
  frames->body_bytes = SCL_H2FRAMES_BODY_BYTES;
  assert_false(scl_h2frames_have_room(frames));
  scl_h2frames_clear(frames);
  frames->n_pieces = SCL_H2FRAMES_PIECES - SCL_H2FRAMES_BODY_PIECES - 1;
  assert_false(scl_h2frames_have_room(frames));
  free(frames);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_room),
  };
  return cmocka_run_group_tests_name("local/h2frames", tests, NULL, NULL);
}
