/* datadir.h, and below it restore.h, tables.h and database.h: what was written is what is read. */
#include "bench/local/disk/datadir.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "bench/local/disk/database.h"
#include "engine/base/log.h"
#include "engine/base/random.h"
#include "tests/unit/bench/local/store/store_text.h"
#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000000)
#define SEEDS 4
#define CHANGES 250
#define THREADS 4
#define PUTS 100

struct world {
  char folder[64], file[96];
  struct scl_store *store;
  struct scl_datadir *datadir;
  _Atomic int failures;
};

static void count_failure(void *context, const struct sc_error *err) {
  struct world *w = context;
  assert_int_equal(err->code, SC_E_IO);
  atomic_fetch_add(&w->failures, 1);
}

static void open_again(struct world *w, int64_t now_ms) {
  struct sc_error err;
  w->store = scl_store_new(0, 0);
  if (scl_datadir_open(w->folder, w->store, now_ms, count_failure, w, &w->datadir, &err) != SC_OK)
    fail_msg("%s", err.text);
}

static void begin(struct world *w) {
  char parent[] = "/tmp/shardcopy-test-datadir-XXXXXX";
  *w = (struct world){.failures = 0};
  assert_non_null(mkdtemp(parent));
  snprintf(w->folder, sizeof(w->folder), "%s/kept", parent);
  snprintf(w->file, sizeof(w->file), "%s/streams.db", w->folder);
  open_again(w, NOW);
}

static void close_it(struct world *w) {
  struct sc_error err;
  assert_int_equal(scl_datadir_close(w->datadir, &err), SC_OK);
  scl_store_free(w->store);
}

static void remove_it(const struct world *w) {
  char command[256];
  snprintf(command, sizeof(command), "rm -r %.*s", (int)(strlen(w->folder) - strlen("/kept")), w->folder);
  assert_int_equal(system(command), 0);
}

static void end(struct world *w) {
  close_it(w);
  remove_it(w);
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

static void trim_all(struct scl_store *store, int64_t now_ms) {
  for (uint32_t i = 0; i < scl_store_n_streams(store); i++) {
    const struct scl_store_stream *stream = scl_store_at(store, i);
    for (uint32_t j = 0; j < stream->n_shards; j++) scl_stream_trim(stream, &stream->shards[j], now_ms);
  }
}

/* Closes and opens; the store is the same again. */
static void check_again(struct world *w, int64_t now_ms) {
  trim_all(w->store, now_ms);
  char *before = text(w->store);
  close_it(w);
  open_again(w, now_ms);
  char *after = text(w->store);
  assert_string_equal(before, after);
  free(before);
  free(after);
}

static int refused(struct world *w, struct sc_error *err) {
  struct scl_datadir *other;
  struct scl_store *store = scl_store_new(0, 0);
  int rc = scl_datadir_open(w->folder, store, NOW, NULL, NULL, &other, err);
  assert_null(other);
  scl_store_free(store);
  return rc;
}

/* ---- what is kept ---- */

static void test_random_changes(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    struct world w;
    struct sc_random random;
    int64_t now_ms = NOW;
    begin(&w);
    sc_random_init(&random, seed);
    for (int i = 0; i < CHANGES; i++) {
      change_store(w.store, sc_random_u64(&random) >> 16, now_ms);
      /* Within the shortest retention, or far over it: then some records are gone. */
      now_ms += (int64_t)sc_random_below(&random, seed % 2 == 0 ? 1000 : SCL_STORE_HOUR_MS);
      if (seed % 2 == 0 && i == CHANGES / 2) check_again(&w, now_ms);
    }
    check_again(&w, now_ms);
    check_again(&w, now_ms);
    end(&w);
  }
}

/* A stream that goes on where its records ended, all of them trimmed or not, gives the numbers it would have given. */
static void test_numbers_go_on(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  struct scl_store_stream *stream = scl_store_create(w.store, SC_SLICE_LITERAL("s"), 1, NOW);
  for (uint64_t i = 0; i < 10; i++) change_put(stream, i, NOW);
  int64_t later_ms = NOW + 25 * SCL_STORE_HOUR_MS;
  for (int run = 0; run < 3; run++) {
    check_again(&w, later_ms);
    stream = scl_store_at(w.store, 0);
    assert_int_equal(scl_shardlog_first(stream->shards[0].log), 10);
  }
  change_put(stream, 11, later_ms);
  assert_int_equal(scl_shardlog_count(stream->shards[0].log), 11);
  check_again(&w, later_ms);
  uint64_t next = scl_store_next_id(w.store);
  scl_store_delete(w.store, scl_store_at(w.store, 0));
  check_again(&w, later_ms);
  assert_int_equal(scl_store_create(w.store, SC_SLICE_LITERAL("s"), 1, NOW)->id, next);
  check_again(&w, later_ms);
  end(&w);
}

/* A stream that was DELETING is, and goes when it was to go; what retention dropped stays dropped. */
static void test_changes_go_on(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  scl_store_set_delays(w.store, 0, 100);
  struct scl_store_stream *kept = scl_store_create(w.store, SC_SLICE_LITERAL("kept"), 1, NOW);
  struct scl_store_stream *gone = scl_store_create(w.store, SC_SLICE_LITERAL("gone"), 1, NOW);
  int64_t now_ms = NOW + 25 * SCL_STORE_HOUR_MS;
  change_put(kept, 1, NOW);
  scl_store_set_retention(kept, 100, now_ms);
  scl_store_note_attributes(w.store, kept);
  scl_store_delete_later(w.store, gone, now_ms);
  scl_store_note_attributes(w.store, gone);
  now_ms += 99;
  check_again(&w, now_ms);
  kept = scl_store_find(w.store, SC_SLICE_LITERAL("kept"));
  assert_int_equal(scl_shardlog_first(kept->shards[0].log), 1);
  assert_int_equal(scl_stream_status(scl_store_find(w.store, SC_SLICE_LITERAL("gone")), now_ms), SCL_STREAM_DELETING);
  assert_false(scl_store_is_purge_due(w.store, now_ms));
  assert_true(scl_store_is_purge_due(w.store, now_ms + 1));
  scl_store_purge(w.store, now_ms + 1);
  check_again(&w, now_ms);
  assert_null(scl_store_find(w.store, SC_SLICE_LITERAL("gone")));
  end(&w);
}

/* Records of a deleted stream go at the next start, and the file is made smaller. */
static void test_smaller_when_half_is_gone(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  struct scl_store_stream *old = scl_store_create(w.store, SC_SLICE_LITERAL("old"), 2, NOW);
  for (uint64_t i = 0; i < 30000; i++) change_put(old, i, NOW);
  scl_store_create(w.store, SC_SLICE_LITERAL("new"), 2, NOW);
  close_it(&w);
  off_t whole = size_of(w.file);
  open_again(&w, NOW);
  scl_store_delete(w.store, scl_store_find(w.store, SC_SLICE_LITERAL("old")));
  check_again(&w, NOW);
  close_it(&w);
  assert_true(size_of(w.file) < whole / 2);
  open_again(&w, NOW);
  assert_int_equal(scl_store_n_streams(w.store), 1);
  end(&w);
}

/* ---- who may have it ---- */

static void test_nobody_else_may_look(void **state) {
  (void)state;
  struct world w;
  struct stat found;
  begin(&w);
  assert_int_equal(stat(w.folder, &found), 0);
  assert_int_equal(found.st_mode & 0777, 0700);
  assert_int_equal(stat(w.file, &found), 0);
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

static void test_no_folder(void **state) {
  (void)state;
  struct sc_error err;
  struct world w = {.folder = "/nowhere/at/all"};
  assert_int_equal(refused(&w, &err), SC_E_IO);
  assert_string_equal(err.text, "making the data folder /nowhere/at/all: No such file or directory");
}

/* ---- tickets ---- */

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
  scl_notifier_add(&ticket->gate->raised, &waiter.listener);
  pthread_mutex_lock(&waiter.lock);
  while (!scl_ticket_is_good(ticket)) pthread_cond_wait(&waiter.rung, &waiter.lock);
  pthread_mutex_unlock(&waiter.lock);
  scl_notifier_remove(&waiter.listener);
  pthread_cond_destroy(&waiter.rung);
  pthread_mutex_destroy(&waiter.lock);
}

static void *put_many(void *context) {
  struct world *w = context;
  struct scl_store_stream *stream = scl_store_at(w->store, 0);
  for (uint64_t i = 0; i < PUTS; i++) {
    scl_store_lock_read(w->store);
    change_put(stream, i, NOW);
    scl_store_unlock(w->store);
    struct scl_ticket ticket = scl_store_ticket(w->store);
    if (i % 7 == 0) wait_for(&ticket);
  }
  return NULL;
}

static void test_many_threads(void **state) {
  (void)state;
  struct world w;
  pthread_t threads[THREADS];
  begin(&w);
  scl_store_create(w.store, SC_SLICE_LITERAL("s"), 3, NOW);
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, put_many, &w), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  check_again(&w, NOW);
  end(&w);
}

static void put_large(struct scl_store_stream *stream, const char *data, size_t len) {
  char sequence[SCL_SEQLAYOUT_DIGITS + 1];
  struct scl_store_put put = {SC_SLICE_LITERAL("\"k\""), sc_slice_of(data, len), false, len + 1, NOW};
  scl_shard_put(&stream->shards[0], &put, sequence);
}

static void test_more_than_may_gather(void **state) {
  (void)state;
  struct world w;
  size_t len = 10 << 20;
  char *data = sc_alloc_zero(1, len);
  begin(&w);
  struct scl_store_stream *stream = scl_store_create(w.store, SC_SLICE_LITERAL("s"), 1, NOW);
  for (int i = 0; i < 8; i++) put_large(stream, data, len);
  struct scl_ticket ticket = scl_store_ticket(w.store);
  wait_for(&ticket);
  close_it(&w);
  open_again(&w, NOW);
  assert_int_equal(scl_shardlog_count(scl_store_at(w.store, 0)->shards[0].log), 8);
  free(data);
  end(&w);
}

/* The file may not grow: as on a full disk. Changes neither block nor gather any more once it has failed. */
static void test_full_disk(void **state) {
  (void)state;
  struct world w;
  struct sc_error err;
  struct rlimit before, small = {200000, RLIM_INFINITY};
  begin(&w);
  struct scl_store_stream *stream = scl_store_create(w.store, SC_SLICE_LITERAL("s"), 1, NOW);
  struct scl_ticket good = scl_store_ticket(w.store);
  wait_for(&good);
  char *data = sc_alloc_zero(1, 1 << 20), *kept = text(w.store);
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small.rlim_max = before.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  put_large(stream, data, 1 << 20);
  struct scl_ticket lost = scl_store_ticket(w.store);
  for (int i = 0; i < 50 || w.failures == 0; i++) put_large(stream, data, 1);
  assert_false(scl_ticket_is_good(&lost));
  assert_int_equal(scl_datadir_close(w.datadir, &err), SC_E_IO);
  assert_non_null(strstr(err.text, "disk I/O error"));
  assert_int_equal(w.failures, 1);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  scl_store_free(w.store);
  open_again(&w, NOW);
  char *after = text(w.store);
  assert_string_equal(kept, after);
  free(kept);
  free(after);
  free(data);
  end(&w);
}

/* ---- files that are not ours ---- */

static void test_another_version(void **state) {
  (void)state;
  struct world w;
  struct sc_error err;
  struct scl_database *db;
  begin(&w);
  close_it(&w);
  assert_int_equal(scl_database_open(w.file, &db, &err), SC_OK);
  assert_int_equal(scl_database_run(db, "PRAGMA user_version=9", &err), SC_OK);
  scl_database_close(db);
  assert_int_equal(refused(&w, &err), SC_E_IO);
  assert_non_null(strstr(err.text, "streams.db is of another version"));
  remove_it(&w);
}

static void test_no_database(void **state) {
  (void)state;
  struct world w;
  struct sc_error err;
  begin(&w);
  close_it(&w);
  FILE *file = fopen(w.file, "r+e");
  assert_non_null(file);
  fputs("these are not the bytes of a database", file);
  fclose(file);
  assert_int_equal(refused(&w, &err), SC_E_IO);
  assert_non_null(strstr(err.text, "file is not a database"));
  remove_it(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_changes),
      cmocka_unit_test(test_numbers_go_on),
      cmocka_unit_test(test_changes_go_on),
      cmocka_unit_test(test_smaller_when_half_is_gone),
      cmocka_unit_test(test_nobody_else_may_look),
      cmocka_unit_test(test_one_server_at_a_time),
      cmocka_unit_test(test_no_folder),
      cmocka_unit_test(test_many_threads),
      cmocka_unit_test(test_more_than_may_gather),
      cmocka_unit_test(test_full_disk),
      cmocka_unit_test(test_another_version),
      cmocka_unit_test(test_no_database),
  };
  sc_log_init(SC_ERROR_LEVEL, false);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
