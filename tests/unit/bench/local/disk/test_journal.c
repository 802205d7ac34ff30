/* journal.h, syncfile.h and gate.h: many threads append, the disk has what a good ticket speaks of. */
#include "bench/local/disk/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/local/disk/frames.h"
#include "engine/base/buf.h"
#include "tests/unit/engine/base/check.h"

#define THREADS 4
#define APPENDS 300

static char path[] = "/tmp/shardcopy-test-journal-XXXXXX";

static struct scl_journal *open_on(int fd, enum scl_syncfile_by by, uint64_t end, _Atomic int *failures);

/* An empty journal in a file of its own. */
static struct scl_journal *make(enum scl_syncfile_by by) {
  struct sc_buf head = SC_BUF_INIT;
  memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  scl_frames_add_head(&head);
  assert_int_equal(write(fd, head.ptr, head.len), head.len);
  sc_buf_fini(&head);
  return open_on(fd, by, SCL_FRAMES_HEAD, NULL);
}

static void count_failure(void *context, const struct sc_error *err) {
  _Atomic int *failures = context;
  assert_int_equal(err->code, SC_E_IO);
  atomic_fetch_add(failures, 1);
}

static struct scl_journal *open_on(int fd, enum scl_syncfile_by by, uint64_t end, _Atomic int *failures) {
  struct scl_journal_settings settings = {scl_syncfile_new(fd, by), end, failures == NULL ? NULL : count_failure,
                                          failures};
  return scl_journal_new(&settings);
}

static struct sc_buf read_file(void) {
  struct sc_buf bytes = SC_BUF_INIT;
  char piece[65536];
  int fd = open(path, O_RDONLY);
  assert_true(fd >= 0);
  for (ssize_t n; (n = read(fd, piece, sizeof(piece))) > 0;) sc_buf_add(&bytes, piece, (size_t)n);
  close(fd);
  return bytes;
}

static void append(struct scl_journal *journal, uint8_t kind, uint32_t number) {
  struct sc_slice parts[] = {sc_slice_of((const char *)&number, 2), sc_slice_of((const char *)&number + 2, 2)};
  scl_journal_append(journal, kind, parts, 2);
}

/* ---- waiting as the HTTP layers do ---- */

struct waiter {
  struct scl_listener listener;
  pthread_mutex_t lock;
  pthread_cond_t rung;
};

static void wake(struct scl_listener *listener) {
  struct waiter *waiter = (struct waiter *)listener;
  pthread_mutex_lock(&waiter->lock);
  pthread_cond_signal(&waiter->rung);
  pthread_mutex_unlock(&waiter->lock);
}

static void wait_for(const struct scl_ticket *ticket) {
  struct waiter waiter = {.listener = {.notify = wake}};
  pthread_mutex_init(&waiter.lock, NULL);
  pthread_cond_init(&waiter.rung, NULL);
  scl_bell_listen(&ticket->gate->raised, &waiter.listener);
  pthread_mutex_lock(&waiter.lock);
  while (!scl_ticket_is_good(ticket)) pthread_cond_wait(&waiter.rung, &waiter.lock);
  pthread_mutex_unlock(&waiter.lock);
  scl_bell_leave(&waiter.listener);
  pthread_cond_destroy(&waiter.rung);
  pthread_mutex_destroy(&waiter.lock);
}

/* ---- tests ---- */

struct writer {
  struct scl_journal *journal;
  uint8_t kind;
};

static void *append_many(void *context) {
  const struct writer *writer = context;
  for (uint32_t i = 0; i < APPENDS; i++) {
    append(writer->journal, writer->kind, i);
    if (i % 7 == 0) {
      struct scl_ticket ticket = scl_journal_ticket(writer->journal);
      struct stat stat_now;
      wait_for(&ticket);
      assert_int_equal(stat(path, &stat_now), 0);
      assert_true((uint64_t)stat_now.st_size >= ticket.number);
    }
  }
  return NULL;
}

/* Every thread's frames are all there, in its order, and the file is whole. */
static void check_file(uint32_t appends) {
  struct sc_buf bytes = read_file();
  struct scl_frames frames;
  struct scl_frame frame;
  enum scl_frames_state found;
  uint32_t next[THREADS] = {0};
  assert_null(scl_frames_init(&frames, sc_buf_view(&bytes)));
  while ((found = scl_frames_next(&frames, &frame)) == SCL_FRAMES_FRAME) {
    uint32_t number;
    assert_true(frame.kind >= 1 && frame.kind <= THREADS && frame.payload.len == sizeof(number));
    memcpy(&number, frame.payload.ptr, sizeof(number));
    assert_int_equal(number, next[frame.kind - 1]++);
  }
  assert_int_equal(found, SCL_FRAMES_END);
  for (int i = 0; i < THREADS; i++) assert_int_equal(next[i], appends);
  sc_buf_fini(&bytes);
}

static void many_threads(enum scl_syncfile_by by) {
  struct sc_error err;
  struct scl_journal *journal = make(by);
  struct writer writers[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    writers[i] = (struct writer){journal, (uint8_t)(i + 1)};
    assert_int_equal(pthread_create(&threads[i], NULL, append_many, &writers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  assert_int_equal(scl_journal_close(journal, &err), SC_OK);
  check_file(APPENDS);
  unlink(path);
}

static void test_many_threads(void **state) {
  (void)state;
  many_threads(SCL_SYNCFILE_BEST);
}

static void test_many_threads_without_uring(void **state) {
  (void)state;
  many_threads(SCL_SYNCFILE_PWRITE);
}

static void test_goes_on_where_it_ended(void **state) {
  (void)state;
  struct sc_error err;
  struct scl_journal *journal = make(SCL_SYNCFILE_BEST);
  for (uint32_t run = 0; run < 3; run++) {
    struct stat stat_now;
    for (int i = 0; i < THREADS; i++) append(journal, (uint8_t)(i + 1), run);
    assert_int_equal(scl_journal_close(journal, &err), SC_OK);
    assert_int_equal(stat(path, &stat_now), 0);
    journal = open_on(open(path, O_WRONLY), SCL_SYNCFILE_BEST, (uint64_t)stat_now.st_size, NULL);
    struct scl_ticket ticket = scl_journal_ticket(journal);
    assert_true(scl_ticket_is_good(&ticket)); /* what is in the file is on the disk */
  }
  assert_int_equal(scl_journal_close(journal, &err), SC_OK);
  check_file(3);
  unlink(path);
}

/* What was closed in order is known to be whole: no byte of it can be lost without notice. */
static void test_closed_is_sealed(void **state) {
  (void)state;
  struct sc_error err;
  struct scl_journal *journal = make(SCL_SYNCFILE_BEST);
  append(journal, 1, 0);
  assert_int_equal(scl_journal_close(journal, &err), SC_OK);
  struct sc_buf bytes = read_file();
  struct scl_frames frames;
  struct scl_frame frame;
  bytes.ptr[SCL_FRAMES_HEAD + SCL_FRAME_BATCH_BYTES + SCL_FRAME_OVERHEAD] ^= 1;
  assert_null(scl_frames_init(&frames, sc_buf_view(&bytes)));
  assert_int_equal(scl_frames_next(&frames, &frame), SCL_FRAMES_BROKEN);
  sc_buf_fini(&bytes);
  unlink(path);
}

static void test_more_than_may_gather(void **state) {
  (void)state;
  struct sc_error err;
  struct scl_journal *journal = make(SCL_SYNCFILE_BEST);
  size_t len = 10 << 20, n = 12;
  char *payload = sc_alloc_zero(1, len);
  struct sc_slice part = sc_slice_of(payload, len);
  for (size_t i = 0; i < n; i++) scl_journal_append(journal, 1, &part, 1);
  struct scl_ticket ticket = scl_journal_ticket(journal);
  wait_for(&ticket);
  assert_true(ticket.number > n * len);
  assert_int_equal(scl_journal_close(journal, &err), SC_OK);
  struct sc_buf bytes = read_file();
  struct scl_frames frames;
  struct scl_frame frame;
  size_t found = 0;
  assert_null(scl_frames_init(&frames, sc_buf_view(&bytes)));
  while (scl_frames_next(&frames, &frame) == SCL_FRAMES_FRAME) found += frame.payload.len == len;
  assert_int_equal(found, n);
  sc_buf_fini(&bytes);
  free(payload);
  unlink(path);
}

static void full_disk(enum scl_syncfile_by by) {
  struct sc_error err;
  _Atomic int failures = 0;
  struct scl_journal *journal = open_on(open("/dev/full", O_WRONLY), by, 100, &failures);
  struct scl_ticket before = scl_journal_ticket(journal);
  append(journal, 1, 1);
  struct scl_ticket ticket = scl_journal_ticket(journal);
  assert_true(scl_ticket_is_good(&before));
  /* Appends neither block nor gather any more once it has failed. */
  for (int i = 0; i < 50 || failures == 0; i++) append(journal, 1, 2);
  assert_false(scl_ticket_is_good(&ticket));
  assert_int_equal(scl_journal_close(journal, &err), SC_E_IO);
  assert_string_equal(err.text, "writing the journal: No space left on device");
  assert_int_equal(failures, 1);
}

static void test_full_disk(void **state) {
  (void)state;
  full_disk(SCL_SYNCFILE_BEST);
}

static void test_full_disk_without_uring(void **state) {
  (void)state;
  full_disk(SCL_SYNCFILE_PWRITE);
}

static void test_gate(void **state) {
  (void)state;
  struct scl_gate gate;
  scl_gate_init(&gate);
  struct scl_ticket none = {NULL, 5}, ticket = {&gate, 5};
  assert_true(scl_ticket_is_good(&none));
  assert_false(scl_ticket_is_good(&ticket));
  scl_gate_raise(&gate, 4);
  assert_false(scl_ticket_is_good(&ticket));
  scl_gate_raise(&gate, 5);
  assert_true(scl_ticket_is_good(&ticket));
  scl_gate_raise(&gate, 5);
  assert_true(scl_ticket_is_good(&ticket));
  scl_gate_fini(&gate);
}

static void lower_a_gate(void) {
  struct scl_gate gate;
  scl_gate_init(&gate);
  scl_gate_raise(&gate, 5);
  scl_gate_raise(&gate, 4);
}

static void test_gate_never_falls(void **state) {
  (void)state;
  assert_true(aborts(lower_a_gate));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gate_never_falls), /* forks: before there are threads */
      cmocka_unit_test(test_gate),
      cmocka_unit_test(test_many_threads),
      cmocka_unit_test(test_many_threads_without_uring),
      cmocka_unit_test(test_goes_on_where_it_ended),
      cmocka_unit_test(test_closed_is_sealed),
      cmocka_unit_test(test_more_than_may_gather),
      cmocka_unit_test(test_full_disk),
      cmocka_unit_test(test_full_disk_without_uring),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
