#include "bench/local/disk/frames.h"

#include <stdlib.h>

#include "tests/unit/engine/base/check.h"

static void add(struct sc_buf *file, uint8_t kind, const char *payload) {
  struct sc_slice part = sc_slice_str(payload);
  scl_frames_add(file, kind, &part, 1);
}

static void add_batch(struct sc_buf *file) {
  char batch[SCL_FRAME_BATCH_BYTES];
  scl_frame_batch(batch, file->len);
  sc_buf_add(file, batch, sizeof(batch));
}

/* A head, a batch of "one" and "", a batch of "three", and where each ends. */
struct sample {
  struct sc_buf file;
  size_t first_batch, one, empty, second_batch, three;
};

static struct sample make(void) {
  struct sample s = {.file = SC_BUF_INIT};
  scl_frames_add_head(&s.file);
  add_batch(&s.file);
  s.first_batch = s.file.len;
  add(&s.file, 1, "one");
  s.one = s.file.len;
  add(&s.file, 2, "");
  s.empty = s.file.len;
  add_batch(&s.file);
  s.second_batch = s.file.len;
  add(&s.file, 3, "three");
  s.three = s.file.len;
  return s;
}

/* Reads to the end: how many frames were good. */
static int read_all(struct sc_slice bytes, enum scl_frames_state *state, size_t *at) {
  struct scl_frames frames;
  struct scl_frame frame;
  int n = 0;
  assert_null(scl_frames_init(&frames, bytes));
  while ((*state = scl_frames_next(&frames, &frame)) == SCL_FRAMES_FRAME) {
    n++;
    assert_int_equal(frame.kind, n);
  }
  *at = frames.at;
  return n;
}

static void test_round_trip(void **state) {
  (void)state;
  struct sample s = make();
  struct scl_frames frames;
  struct scl_frame frame;
  assert_null(scl_frames_init(&frames, sc_buf_view(&s.file)));
  assert_int_equal(scl_frames_next(&frames, &frame), SCL_FRAMES_FRAME);
  assert_true(frame.kind == 1 && sc_slice_is(frame.payload, "one") && frame.offset == s.first_batch);
  assert_int_equal(scl_frames_next(&frames, &frame), SCL_FRAMES_FRAME);
  assert_true(frame.kind == 2 && frame.payload.len == 0 && frame.offset == s.one);
  assert_int_equal(scl_frames_next(&frames, &frame), SCL_FRAMES_FRAME);
  assert_true(frame.kind == 3 && sc_slice_is(frame.payload, "three") && frame.offset == s.second_batch);
  assert_int_equal(scl_frames_next(&frames, &frame), SCL_FRAMES_END);
  assert_int_equal(scl_frames_next(&frames, &frame), SCL_FRAMES_END);
  sc_buf_fini(&s.file);
}

static void test_parts_are_one_payload(void **state) {
  (void)state;
  struct sc_buf a = SC_BUF_INIT, b = SC_BUF_INIT;
  struct sc_slice parts[] = {SC_SLICE_LITERAL("th"), sc_slice_of(NULL, 0), SC_SLICE_LITERAL("ree")};
  scl_frames_add(&a, 3, parts, 3);
  add(&b, 3, "three");
  assert_true(sc_slice_equals(sc_buf_view(&a), sc_buf_view(&b)));
  sc_buf_fini(&a);
  sc_buf_fini(&b);
}

/* Cut at every byte: the frames before the cut are there, what is left of the next is torn off, and nothing is
 * broken. */
static void test_cut_anywhere(void **state) {
  (void)state;
  struct sample s = make();
  const size_t ends[] = {SCL_FRAMES_HEAD, s.first_batch, s.one, s.empty, s.second_batch, s.three};
  const int frames[] = {0, 0, 1, 2, 2, 3};
  for (size_t len = SCL_FRAMES_HEAD; len <= s.file.len; len++) {
    int last = 0;
    while (last + 1 < 6 && ends[last + 1] <= len) last++;
    char *copy = malloc(len); /* of its own size: ASAN watches its end */
    enum scl_frames_state found;
    size_t at;
    memcpy(copy, s.file.ptr, len);
    assert_int_equal(read_all(sc_slice_of(copy, len), &found, &at), frames[last]);
    assert_int_equal(at, ends[last]);
    assert_int_equal(found, at == len ? SCL_FRAMES_END : SCL_FRAMES_TORN);
    free(copy);
  }
  for (size_t len = 0; len < SCL_FRAMES_HEAD; len++) {
    struct scl_frames unread;
    assert_non_null(scl_frames_init(&unread, sc_slice_of(s.file.ptr, len)));
  }
  sc_buf_fini(&s.file);
}

/* Any bit of it turned over: noticed, and told apart by whether a batch begins behind it. */
static void test_any_bit_turned(void **state) {
  (void)state;
  struct sample s = make();
  for (size_t bit = 0; bit < s.file.len * 8; bit++) {
    struct scl_frames frames;
    enum scl_frames_state found;
    size_t at;
    s.file.ptr[bit / 8] ^= (char)(1 << bit % 8);
    if (bit / 8 < SCL_FRAMES_HEAD) {
      assert_non_null(scl_frames_init(&frames, sc_buf_view(&s.file)));
    } else {
      read_all(sc_buf_view(&s.file), &found, &at);
      assert_int_equal(found, bit / 8 < s.empty ? SCL_FRAMES_BROKEN : SCL_FRAMES_TORN);
      assert_true(at <= bit / 8);
    }
    s.file.ptr[bit / 8] ^= (char)(1 << bit % 8);
  }
  sc_buf_fini(&s.file);
}

static void test_zeros_behind_are_torn(void **state) {
  (void)state;
  struct sample s = make();
  char zeros[100] = {0};
  enum scl_frames_state found;
  size_t at;
  sc_buf_add(&s.file, zeros, sizeof(zeros));
  assert_int_equal(read_all(sc_buf_view(&s.file), &found, &at), 3);
  assert_int_equal(found, SCL_FRAMES_TORN);
  assert_int_equal(at, s.three);
  sc_buf_fini(&s.file);
}

static void test_a_batch_elsewhere_is_none(void **state) {
  (void)state;
  struct sample s = make();
  char batch[SCL_FRAME_BATCH_BYTES];
  enum scl_frames_state found;
  size_t at;
  scl_frame_batch(batch, s.three + 1);
  sc_buf_add(&s.file, batch, sizeof(batch));
  assert_int_equal(read_all(sc_buf_view(&s.file), &found, &at), 3);
  assert_int_equal(found, SCL_FRAMES_TORN);
  sc_buf_fini(&s.file);
}

static void test_other_versions_are_refused(void **state) {
  (void)state;
  struct scl_frames frames;
  /* Version 2 with its sum. */
  static const char head[] = "SCLOCAL\n\x02\0\0\0";
  struct sc_buf file = SC_BUF_INIT;
  sc_buf_add(&file, head, 12);
  uint32_t crc = 0xffffffff;
  for (int i = 0; i < 12; i++) {
    crc ^= (unsigned char)head[i];
    for (int b = 0; b < 8; b++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
  }
  crc = ~crc;
  for (int i = 0; i < 4; i++) sc_buf_add_char(&file, (char)(crc >> 8 * i));
  assert_string_equal(scl_frames_init(&frames, sc_buf_view(&file)), "is of another version");
  sc_buf_fini(&file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_parts_are_one_payload),
      cmocka_unit_test(test_cut_anywhere),
      cmocka_unit_test(test_any_bit_turned),
      cmocka_unit_test(test_zeros_behind_are_torn),
      cmocka_unit_test(test_a_batch_elsewhere_is_none),
      cmocka_unit_test(test_other_versions_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
