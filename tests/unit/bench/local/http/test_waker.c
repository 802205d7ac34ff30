/* Wakes posted by one thread and by several. */
#include "bench/local/http/waker.h"

#include <poll.h>

#include "engine/base/thread.h"
#include "tests/unit/engine/base/check.h"

static bool is_readable(const struct scl_waker *waker) {
  struct pollfd poll_fd = {.fd = waker->fd, .events = POLLIN};
  return poll(&poll_fd, 1, 0) == 1;
}

static void test_order(void **state) {
  (void)state;
  struct scl_waker waker;
  struct scl_wake wakes[3];
  assert_true(scl_waker_init(&waker));
  for (int i = 0; i < 3; i++) wakes[i] = (struct scl_wake){.waker = &waker, .owner = &wakes[i]};
  assert_null(scl_waker_take(&waker));
  assert_false(is_readable(&waker));
  scl_wake_post(&wakes[2]);
  scl_wake_post(&wakes[0]);
  scl_wake_post(&wakes[2]);
  scl_wake_post(&wakes[1]);
  assert_true(is_readable(&waker));
  scl_waker_clear(&waker);
  assert_false(is_readable(&waker));
  scl_wake_cancel(&wakes[0]);
  scl_wake_cancel(&wakes[0]);
  assert_ptr_equal(scl_waker_take(&waker), &wakes[2]);
  assert_false(scl_waker_is_empty(&waker));
  scl_wake_post(&wakes[2]); /* taken: it can be posted again */
  assert_ptr_equal(scl_waker_take(&waker), &wakes[1]);
  assert_ptr_equal(scl_waker_take(&waker), &wakes[2]);
  assert_null(scl_waker_take(&waker));
  assert_true(scl_waker_is_empty(&waker));
  scl_waker_fini(&waker);
}

static void test_nudge(void **state) {
  (void)state;
  struct scl_waker waker;
  assert_true(scl_waker_init(&waker));
  scl_waker_signal(&waker);
  assert_true(is_readable(&waker));
  scl_waker_clear(&waker);
  scl_waker_clear(&waker);
  assert_false(is_readable(&waker));
  scl_waker_fini(&waker);
}

#define POSTS 20000

struct post {
  struct scl_wake wake;
  _Atomic int posted;
};

static void post_many(void *context) {
  struct post *post = context;
  for (int i = 0; i < POSTS; i++) {
    post->posted++;
    scl_wake_post(&post->wake);
  }
}

/* No post is lost: behind the last of them the owner is told, however many were taken as one. */
static void test_threads(void **state) {
  (void)state;
  struct scl_waker waker;
  struct sc_thread threads[2] = {0};
  struct post posts[2] = {0};
  struct sc_error err;
  int seen[2] = {0};
  assert_true(scl_waker_init(&waker));
  for (int i = 0; i < 2; i++) {
    posts[i].wake = (struct scl_wake){.waker = &waker, .owner = &posts[i]};
    assert_int_equal(sc_thread_start(&threads[i], "post", post_many, &posts[i], &err), SC_OK);
  }
  while (seen[0] < POSTS || seen[1] < POSTS) {
    struct pollfd poll_fd = {.fd = waker.fd, .events = POLLIN};
    struct post *post;
    assert_int_equal(poll(&poll_fd, 1, 10000), 1);
    scl_waker_clear(&waker);
    while ((post = scl_waker_take(&waker)) != NULL) seen[post - posts] = post->posted;
  }
  for (int i = 0; i < 2; i++) assert_int_equal(sc_thread_join(&threads[i], -1, &err), SC_OK);
  for (int i = 0; i < 2; i++) scl_wake_cancel(&posts[i].wake);
  scl_waker_fini(&waker);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_nudge),
      cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests_name("local/waker", tests, NULL, NULL);
}
