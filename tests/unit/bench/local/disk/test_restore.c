/* Rows that nobody wrote: each is refused with the table and the reason. */
#include "bench/local/disk/restore.h"

#include "bench/local/disk/tables.h"
#include "tests/unit/bench/local/store/store_text.h"
#include "tests/unit/engine/base/check.h"

#define NOW INT64_C(1700000000000)

static void run(struct scl_database *db, const char *sql) {
  struct sc_error err;
  if (scl_database_run(db, sql, &err) != SC_OK) fail_msg("%s: %s", sql, err.text);
}

/* A stream of two shards, the first of them split, three records in one page, a consumer and a tag. */
static struct scl_database *make_sample(void) {
  struct scl_database *db;
  struct sc_error err;
  struct sc_buf sql = SC_BUF_INIT;
  struct scl_store *store = scl_store_new(0, 0);
  struct scl_store_stream *stream = scl_store_create(store, SC_SLICE_LITERAL("s"), 2, NOW);
  scl_store_split(store, stream, 0, 12345, NOW);
  struct scl_account_row account = {1, {0, 0}, 9};
  struct scl_tag tag = {"a", "b"};
  scl_tables_create(&sql);
  scl_table_put(&sql, SCL_TABLE_ACCOUNT, &account);
  scl_table_put(&sql, SCL_TABLE_STREAM, stream);
  for (uint32_t i = 0; i < stream->n_shards; i++) scl_table_put(&sql, SCL_TABLE_SHARD, &stream->shards[i]);
  scl_table_put(&sql, SCL_TABLE_CONSUMER, scl_store_register(store, stream, SC_SLICE_LITERAL("c"), NOW));
  scl_tag_put(&sql, stream->id, stream->id, &tag);
  sc_buf_add_str(&sql, "INSERT INTO page VALUES(1, 1, 0, 3, x'014161416201416141620141614162')");
  assert_int_equal(scl_database_open(NULL, &db, &err), SC_OK);
  run(db, sql.ptr);
  sc_buf_fini(&sql);
  scl_store_free(store);
  return db;
}

/* The store that comes of the sample after the change; the caller frees it. */
static int restore(const char *change, struct scl_store **store, struct sc_error *err) {
  struct scl_restored restored;
  struct scl_database *db = make_sample();
  run(db, change);
  *store = scl_store_new(0, 0);
  int rc = scl_restore_run(db, *store, NOW, &restored, err);
  scl_database_close(db);
  return rc;
}

static void test_rows_that_do_not_fit(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"UPDATE stream SET name='a b'", "in table stream is a name that is none"},
      {"UPDATE stream SET name=''", "in table stream is a name that is none"},
      {"UPDATE stream SET retention_hours=0", "in table stream is a number out of bounds"},
      {"UPDATE stream SET policy=CAST(x'61ff' AS TEXT)", "in table stream is a text that is none"},
      {"UPDATE stream SET policy=CAST(x'610062' AS TEXT)", "in table stream is a text that is none"},
      {"INSERT INTO stream SELECT "
       "77,name,created_ms,busy_status,busy_until_ms,max_record_bytes,retention_hours,floor_ms,"
       "gone_ms,is_on_demand,warm_mibps,metrics,key_id,policy,n_rescales,0,0,0,0,0,0,0,0,0,0 FROM stream",
       "in table stream is a stream that is there already"},
      {"DROP TABLE stream", "no such table: stream"},
      {"ALTER TABLE stream DROP COLUMN policy", "no text where one belongs"},
      {"DELETE FROM shard WHERE number=1", "in table shard is a shard out of order"},
      {"DELETE FROM shard", "do not divide the hash keys between them"},
      {"UPDATE shard SET hash_start=x'00' WHERE number=1", "a hash key that is too short"},
      {"UPDATE shard SET hash_end=x'fffffffffffffffffffffffffffffffe' WHERE number=1", "do not divide the hash keys"},
      {"UPDATE shard SET hash_start=x'80000000000000000000000000000001' WHERE number=1", "do not divide the hash keys"},
      {"UPDATE shard SET hash_start=x'ffffffffffffffffffffffffffffffff', hash_end=x'00000000000000000000000000000000' "
       "WHERE number=1",
       "does not fit its parents and children"},
      {"UPDATE shard SET parent=2 WHERE number=2", "does not fit its parents and children"},
      {"UPDATE shard SET parent=1 WHERE number=2", "does not fit its parents and children"},
      {"UPDATE shard SET adjacent_parent=0 WHERE number=1", "does not fit its parents and children"},
      {"UPDATE shard SET created_s=0 WHERE number=2", "does not fit its parents and children"},
      {"UPDATE shard SET child=1 WHERE number=0", "does not fit its parents and children"},
      {"UPDATE shard SET child=9 WHERE number=0", "does not fit its parents and children"},
      {"UPDATE shard SET other_child=2 WHERE number=1", "does not fit its parents and children"},
      {"UPDATE shard SET closed_ms=0 WHERE number=0", "does not fit its parents and children"},
      {"UPDATE consumer SET name='/'", "in table consumer is a name that is none"},
      {"UPDATE tag SET owner=99", "in table tag is a tag of nobody"},
      {"UPDATE tag SET key='*'", "in table tag is a tag that is none"},
      {"INSERT INTO tag WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<50) SELECT stream, owner, "
       "'k'||i, '' FROM tag, n",
       "in table tag is a tag that is none"},
      {"UPDATE page SET shard=4", "in table page is a record of no shard"},
      {"UPDATE page SET n=n+1", "in table page is cut short"},
      {"UPDATE page SET n=1", "in table page is more records than it says"},
      {"UPDATE page SET records=x'19', n=1", "in table page is cut short"},
      {"UPDATE page SET records=x'2040', n=1", "in table page is a record without a time"},
      {"UPDATE page SET records=x'01416142', n=1", "in table page is a string that is cut short"},
      {"UPDATE page SET records=x'0141ff40', n=1", "in table page is a record whose key is no text"},
      {"UPDATE page SET records=x'0241614001416140', n=2", "in table page is a record out of order"},
      {"INSERT INTO page SELECT * FROM page", "in table page is a record out of order"},
      {"UPDATE account SET id=2", "in table account is a number out of bounds"},
  };
  struct scl_store *store;
  struct sc_error err;
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    int rc = restore(cases[i][0], &store, &err);
    if (rc != SC_E_IO || strstr(err.text, cases[i][1]) == NULL) fail_msg("%s: %s", cases[i][0], err.text);
    scl_store_free(store);
  }
}

/* Older records were deleted: the first one that is there says where the numbers begin. */
static void test_the_first_record_says_where_it_begins(void **state) {
  (void)state;
  struct scl_store *store;
  struct sc_error err;
  const char *change = "UPDATE page SET first=5, records=x'1b0000018bcfe56800416140', n=1";
  assert_int_equal(restore(change, &store, &err), SC_OK);
  const struct scl_shardlog *log = scl_store_at(store, 0)->shards[1].log;
  assert_int_equal(scl_shardlog_first(log), 5);
  assert_int_equal(scl_shardlog_end(log), 6);
  scl_store_free(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows_that_do_not_fit),
      cmocka_unit_test(test_the_first_record_says_where_it_begins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
