#include "bench/local/disk/datadir.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/local/disk/frames.h"
#include "engine/base/log.h"
#include "tests/unit/bench/local/store/store_text.h"
#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000000)

struct world {
  char folder[64], journal[128];
  struct scl_store *store;
  struct scl_datadir *datadir;
};

static void open_again(struct world *w, int64_t now_ms) {
  struct sc_error err;
  w->store = scl_store_new(0, 0);
  if (scl_datadir_open(w->folder, w->store, now_ms, NULL, NULL, &w->datadir, &err) != SC_OK) fail_msg("%s", err.text);
}

static void begin(struct world *w) {
  char parent[] = "/tmp/shardcopy-test-datadir-XXXXXX";
  assert_non_null(mkdtemp(parent));
  snprintf(w->folder, sizeof(w->folder), "%s/kept", parent);
  snprintf(w->journal, sizeof(w->journal), "%s/journal", w->folder);
  open_again(w, NOW);
}

static void close_it(struct world *w) {
  struct sc_error err;
  assert_int_equal(scl_datadir_close(w->datadir, &err), SC_OK);
  scl_store_free(w->store);
}

static void end(struct world *w) {
  char command[256];
  close_it(w);
  snprintf(command, sizeof(command), "rm -r %.*s", (int)(strlen(w->folder) - strlen("/kept")), w->folder);
  assert_int_equal(system(command), 0);
}

static off_t size_of(const char *path) {
  struct stat found;
  assert_int_equal(stat(path, &found), 0);
  return found.st_size;
}

static char *text(struct scl_store *store) {
  struct sc_buf out = SC_BUF_INIT;
  text_of_store(store, &out);
  return out.ptr;
}

static void fill(struct world *w, uint64_t changes) {
  for (uint64_t i = 0; i < changes; i++)
    change_store(w->store, i * UINT64_C(0x9e3779b97f4a7c15) >> 16, NOW + (int64_t)i);
}

static int refused(struct world *w, struct sc_error *err) {
  struct scl_datadir *other;
  struct scl_store *store = scl_store_new(0, 0);
  int rc = scl_datadir_open(w->folder, store, NOW, NULL, NULL, &other, err);
  assert_null(other);
  scl_store_free(store);
  return rc;
}

/* ---- tests ---- */

static void test_a_store_comes_back(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  for (int run = 0; run < 4; run++) {
    fill(&w, 300);
    char *before = text(w.store);
    close_it(&w);
    open_again(&w, NOW);
    char *after = text(w.store);
    assert_string_equal(before, after);
    free(before);
    free(after);
  }
  end(&w);
}

static void test_nobody_else_may_look(void **state) {
  (void)state;
  struct world w;
  struct stat found;
  begin(&w);
  assert_int_equal(stat(w.folder, &found), 0);
  assert_int_equal(found.st_mode & 0777, 0700);
  assert_int_equal(stat(w.journal, &found), 0);
  assert_int_equal(found.st_mode & 0777, 0600);
  end(&w);
}

static void test_one_server_at_a_time(void **state) {
  (void)state;
  struct world w;
  struct sc_error err;
  begin(&w);
  assert_int_equal(refused(&w, &err), SC_E_BUSY);
  assert_non_null(strstr(err.text, "belongs to another shardcopy-local"));
  close_it(&w);
  open_again(&w, NOW);
  end(&w);
}

/* What a write that was cut short left behind is taken off, and the journal goes on there. */
static void test_torn_tail(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  fill(&w, 300);
  char *before = text(w.store);
  close_it(&w);
  off_t size = size_of(w.journal);
  FILE *file = fopen(w.journal, "ae");
  assert_non_null(file);
  fputs("half a frame, half a", file);
  fclose(file);
  open_again(&w, NOW);
  assert_int_equal(size_of(w.journal), size);
  char *after = text(w.store);
  assert_string_equal(before, after);
  fill(&w, 10);
  free(after);
  after = text(w.store);
  close_it(&w);
  open_again(&w, NOW);
  char *last = text(w.store);
  assert_string_equal(after, last);
  free(before);
  free(after);
  free(last);
  end(&w);
}

/* Nothing is cut off that was once whole: neither the entry nor the file changes. */
static void test_broken_in_the_middle(void **state) {
  (void)state;
  struct world w;
  struct sc_error err;
  begin(&w);
  fill(&w, 300);
  close_it(&w);
  off_t size = size_of(w.journal);
  int fd = open(w.journal, O_RDWR);
  char byte;
  assert_int_equal(pread(fd, &byte, 1, size / 2), 1);
  byte ^= 1;
  assert_int_equal(pwrite(fd, &byte, 1, size / 2), 1);
  assert_int_equal(refused(&w, &err), SC_E_IO);
  assert_non_null(strstr(err.text, w.journal));
  assert_non_null(strstr(err.text, "broken at byte"));
  assert_int_equal(size_of(w.journal), size);
  byte ^= 1;
  assert_int_equal(pwrite(fd, &byte, 1, size / 2), 1);
  close(fd);
  open_again(&w, NOW);
  end(&w);
}

static void test_written_anew_when_half_is_gone(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  struct scl_store_stream *old = scl_store_create(w.store, SC_SLICE_LITERAL("old"), 2, NOW);
  for (uint64_t i = 0; i < 3000; i++) change_put(old, i, NOW);
  scl_store_split(w.store, old, 0, 12345, NOW);
  for (uint64_t i = 0; i < 900; i++) change_put(old, i, NOW + 20 * SCL_STORE_HOUR_MS);
  close_it(&w);
  off_t whole = size_of(w.journal);
  assert_true(whole > SCL_DATADIR_COMPACT_BYTES);

  int64_t later = NOW + 30 * SCL_STORE_HOUR_MS;
  open_again(&w, later);
  assert_true(size_of(w.journal) < whole / 2);
  char *before = text(w.store);
  assert_non_null(strstr(before, "shard 3"));
  close_it(&w);

  off_t small = size_of(w.journal);
  char *leftover = NULL;
  assert_true(asprintf(&leftover, "%s.new", w.journal) > 0);
  FILE *file = fopen(leftover, "we"); /* of a start that was killed */
  assert_non_null(file);
  fclose(file);
  open_again(&w, later);
  char *after = text(w.store);
  assert_string_equal(before, after);
  assert_int_equal(access(leftover, F_OK), -1);
  close_it(&w);
  assert_true(size_of(w.journal) <= small + 2 * SCL_FRAME_BATCH_BYTES);
  open_again(&w, later);
  free(leftover);
  free(before);
  free(after);
  end(&w);
}

static void test_no_folder(void **state) {
  (void)state;
  struct sc_error err;
  struct world w = {.folder = "/nowhere/at/all"};
  assert_int_equal(refused(&w, &err), SC_E_IO);
  assert_string_equal(err.text, "making the data folder /nowhere/at/all: No such file or directory");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_store_comes_back),
      cmocka_unit_test(test_nobody_else_may_look),
      cmocka_unit_test(test_one_server_at_a_time),
      cmocka_unit_test(test_torn_tail),
      cmocka_unit_test(test_broken_in_the_middle),
      cmocka_unit_test(test_written_anew_when_half_is_gone),
      cmocka_unit_test(test_no_folder),
  };
  sc_log_init(SC_ERROR_LEVEL, false);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
