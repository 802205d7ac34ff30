#include "bench/local/disk/datadir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <uthash.h>

#include "bench/local/disk/restore.h"
#include "bench/local/disk/tables.h"
#include "codec/json/string.h"
#include "codec/text/base64.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/thread.h"

#define VERSION 1
/* Memory that a buffer keeps for the next transaction. */
#define KEEP_BYTES (4u << 20)

struct scl_datadir {
  struct scl_database *db; /* of the thread */
  struct scl_query *insert;
  struct scl_store *store;
  struct scl_store_recorder recorder;
  void (*on_failure)(void *context, const struct sc_error *err);
  void *context;
  struct scl_gate gate;
  struct sc_thread thread;
  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t work, taken;
  struct sc_buf gathered; /* entries */
  _Atomic uint64_t end;   /* bytes ever gathered; read without the lock too */
  bool is_closing, is_failed;
  struct sc_error error;
};

/* A record with its key and data behind it, or (stream 0) SQL of data_len bytes and a NUL. */
struct entry {
  uint64_t stream, number;
  int64_t arrived_ms;
  size_t key_len, data_len;
  uint32_t shard;
};

/* ---- changes, by any thread ---- */

/* Takes the lock. Waits for the thread while too much has gathered. */
static void begin_entry(struct scl_datadir *d) {
  pthread_mutex_lock(&d->lock);
  while (d->gathered.len > SCL_DATADIR_GATHER && !d->is_failed) pthread_cond_wait(&d->taken, &d->lock);
}

/* Lets the lock go. The caller has written the entry's bytes behind the place of its head. */
static void end_entry(struct scl_datadir *d, const struct entry *entry) {
  size_t len = sizeof(*entry) + entry->key_len + entry->data_len;
  bool is_first = d->gathered.len == 0;
  memcpy(d->gathered.ptr + d->gathered.len, entry, sizeof(*entry));
  if (!d->is_failed) {
    d->gathered.len += len;
    atomic_store(&d->end, atomic_load(&d->end) + len);
  }
  if (is_first) pthread_cond_signal(&d->work);
  pthread_mutex_unlock(&d->lock);
}

static void put(void *context, const struct scl_store_shard *shard, uint64_t number,
                const struct scl_logrecord *record) {
  struct scl_datadir *d = context;
  struct entry entry = {shard->stream_id, number, record->arrived_ms, 0, record->data.len, shard->index};
  struct sc_slice key = sc_slice_of(record->key_json.ptr + 1, record->key_json.len - 2);
  begin_entry(d);
  sc_buf_reserve(&d->gathered, sizeof(entry) + key.len + record->data.len);
  char *at = d->gathered.ptr + d->gathered.len + sizeof(entry);
  bool is_good = sc_json_string_unescape(key.ptr, key.len, at, &entry.key_len);
  at += entry.key_len;
  if (record->is_base64) is_good = sc_base64_decode(record->data.ptr, record->data.len, at, &entry.data_len) && is_good;
  else memcpy(at, record->data.ptr, record->data.len);
  SC_ASSERT(is_good);
  end_entry(d, &entry);
}

/* Gathers SQL, and frees it. */
static void gather(struct scl_datadir *d, struct sc_buf *sql) {
  struct entry entry = {.data_len = sql->len + 1};
  begin_entry(d);
  sc_buf_reserve(&d->gathered, sizeof(entry) + entry.data_len);
  memcpy(d->gathered.ptr + d->gathered.len + sizeof(entry), sql->ptr, entry.data_len);
  end_entry(d, &entry);
  sc_buf_fini(sql);
}

static void put_account(struct sc_buf *sql, struct scl_store *store) {
  struct scl_account_row row = {1, *scl_store_account(store), scl_store_next_id(store)};
  scl_table_put(sql, SCL_TABLE_ACCOUNT, &row);
}

static void account(void *context, struct scl_store *store) {
  struct sc_buf sql = SC_BUF_INIT;
  put_account(&sql, store);
  gather(context, &sql);
}

/* Ids are never given out again: the account has the next one. */
static void created(void *context, const struct scl_store_stream *stream) {
  struct scl_datadir *d = context;
  struct sc_buf sql = SC_BUF_INIT;
  put_account(&sql, d->store);
  scl_table_put(&sql, SCL_TABLE_STREAM, stream);
  for (uint32_t i = 0; i < stream->n_shards; i++) scl_table_put(&sql, SCL_TABLE_SHARD, &stream->shards[i]);
  gather(d, &sql);
}

/* The stream's records are deleted at the next start: there may be many. */
static void deleted(void *context, uint64_t id) {
  static const char *const names[] = {"stream WHERE id", "shard WHERE stream", "consumer WHERE stream",
                                      "tag WHERE stream"};
  struct sc_buf sql = SC_BUF_INIT;
  for (int i = 0; i < 4; i++) sc_buf_printf(&sql, "DELETE FROM %s=%" PRIu64 ";\n", names[i], id);
  gather(context, &sql);
}

static void put_shards(struct sc_buf *sql, const struct scl_store_stream *stream, const uint32_t *shards, int n) {
  scl_table_put(sql, SCL_TABLE_STREAM, stream);
  for (int i = 0; i < n; i++) scl_table_put(sql, SCL_TABLE_SHARD, &stream->shards[shards[i]]);
}

static void split(void *context, const struct scl_store_stream *stream, uint32_t shard) {
  const uint32_t *child = stream->shards[shard].child, changed[] = {shard, child[0], child[1]};
  struct sc_buf sql = SC_BUF_INIT;
  put_shards(&sql, stream, changed, 3);
  gather(context, &sql);
}

static void merged(void *context, const struct scl_store_stream *stream, uint32_t shard, uint32_t adjacent) {
  const uint32_t changed[] = {shard, adjacent, stream->shards[shard].child[0]};
  struct sc_buf sql = SC_BUF_INIT;
  put_shards(&sql, stream, changed, 3);
  gather(context, &sql);
}

static void put_tags(struct sc_buf *sql, uint64_t stream, uint64_t owner, const struct scl_tagset *tags) {
  for (uint32_t i = 0; i < tags->n; i++) scl_tag_put(sql, stream, owner, &tags->tags[i]);
}

static void attributes(void *context, const struct scl_store_stream *stream) {
  struct scl_datadir *d = context;
  struct sc_buf sql = SC_BUF_INIT;
  put_account(&sql, d->store);
  scl_table_put(&sql, SCL_TABLE_STREAM, stream);
  sc_buf_printf(&sql, "DELETE FROM consumer WHERE stream=%" PRIu64 "; DELETE FROM tag WHERE stream=%" PRIu64 ";\n",
                stream->id, stream->id);
  put_tags(&sql, stream->id, stream->id, &stream->tags);
  for (uint32_t i = 0; i < stream->n_consumers; i++) {
    scl_table_put(&sql, SCL_TABLE_CONSUMER, stream->consumers[i]);
    put_tags(&sql, stream->id, stream->consumers[i]->id, &stream->consumers[i]->tags);
  }
  gather(d, &sql);
}

static struct scl_ticket ticket(void *context) {
  struct scl_datadir *d = context;
  return (struct scl_ticket){&d->gate, atomic_load(&d->end)};
}

/* ---- transactions, by the thread ---- */

/* Records of one shard that become one row: a row a record would cost three times as much. */
struct page {
  struct page_key {
    uint64_t stream, shard;
  } key;
  uint64_t first, n;
  struct sc_buf records;
  UT_hash_handle hh;
};

/* A transaction being written. */
struct batch {
  struct scl_datadir *d;
  struct page *pages;
  struct sc_error *err;
};

static int write_page(struct batch *batch, struct page *page) {
  struct scl_query *insert = batch->d->insert;
  if (page->n == 0) return SC_OK;
  scl_query_bind_int(insert, 1, (int64_t)page->key.stream);
  scl_query_bind_int(insert, 2, (int64_t)page->key.shard);
  scl_query_bind_int(insert, 3, (int64_t)page->first);
  scl_query_bind_int(insert, 4, (int64_t)page->n);
  scl_query_bind_bytes(insert, 5, sc_buf_view(&page->records));
  page->n = 0;
  return scl_query_run(insert, batch->err);
}

static struct page *page_of(struct batch *batch, const struct entry *entry) {
  const struct page_key key = {.stream = entry->stream, .shard = entry->shard};
  struct page *page = NULL;
  /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): uthash reads the key by bytes */
  HASH_FIND(hh, batch->pages, &key, sizeof(key), page);
  if (page != NULL) return page;
  page = sc_alloc_zero(1, sizeof(*page));
  page->key = key;
  HASH_ADD(hh, batch->pages, key, sizeof(key), page);
  return page;
}

static int write_entry(struct batch *batch, const struct entry *entry, const char *rest) {
  if (entry->stream == 0) return scl_database_run(batch->d->db, rest, batch->err);
  struct page *page = page_of(batch, entry);
  struct scl_page_record record = {entry->arrived_ms, sc_slice_of(rest, entry->key_len),
                                   sc_slice_of(rest + entry->key_len, entry->data_len)};
  if (page->n++ == 0) {
    page->first = entry->number;
    sc_buf_clear(&page->records);
  }
  scl_page_add(&page->records, &record);
  return page->records.len < SCL_PAGE_BYTES ? SC_OK : write_page(batch, page);
}

/* What is left in the pages, unless the transaction failed; frees them. */
static int end_pages(struct batch *batch, int rc) {
  struct page *page = batch->pages, *next;
  HASH_CLEAR(hh, batch->pages); /* the pages stay linked */
  for (; page != NULL; page = next) {
    next = page->hh.next;
    if (rc == SC_OK) rc = write_page(batch, page);
    sc_buf_fini(&page->records);
    free(page);
  }
  return rc;
}

static int write_entries(struct scl_datadir *d, struct sc_slice entries, struct sc_error *err) {
  struct batch batch = {.d = d, .err = err};
  struct entry entry;
  int rc = scl_database_run(d->db, "BEGIN", err);
  for (size_t at = 0; rc == SC_OK && at < entries.len; at += sizeof(entry) + entry.key_len + entry.data_len) {
    memcpy(&entry, entries.ptr + at, sizeof(entry));
    rc = write_entry(&batch, &entry, entries.ptr + at + sizeof(entry));
  }
  rc = end_pages(&batch, rc);
  return rc == SC_OK ? scl_database_run(d->db, "COMMIT", err) : rc;
}

/* One transaction. Called with the lock held, which is let go for as long as the disk takes. */
static void write_gathered(struct scl_datadir *d, struct sc_buf *batch) {
  struct sc_error err;
  struct sc_buf taken = d->gathered;
  d->gathered = *batch;
  *batch = taken;
  uint64_t end = atomic_load(&d->end);
  pthread_cond_broadcast(&d->taken);
  pthread_mutex_unlock(&d->lock);
  int rc = write_entries(d, sc_buf_view(batch), &err);
  if (rc == SC_OK) scl_gate_raise(&d->gate, end);
  else if (d->on_failure != NULL) d->on_failure(d->context, &err);
  if (batch->cap > KEEP_BYTES) sc_buf_fini(batch);
  sc_buf_clear(batch);
  pthread_mutex_lock(&d->lock);
  if (rc == SC_OK) return;
  d->is_failed = true;
  d->error = err;
  pthread_cond_broadcast(&d->taken);
}

static void write_all(void *context) {
  struct scl_datadir *d = context;
  struct sc_buf batch = SC_BUF_INIT;
  pthread_mutex_lock(&d->lock);
  while (!d->is_failed) {
    while (d->gathered.len == 0 && !d->is_closing) pthread_cond_wait(&d->work, &d->lock);
    if (d->gathered.len == 0) break;
    write_gathered(d, &batch);
  }
  pthread_mutex_unlock(&d->lock);
  sc_buf_fini(&batch);
}

/* ---- open and close ---- */

static int make_tables(struct scl_datadir *d, struct sc_error *err) {
  struct sc_buf sql = SC_BUF_INIT;
  sc_buf_add_str(&sql, "BEGIN;\n");
  scl_tables_create(&sql);
  sc_buf_printf(&sql, "PRAGMA user_version=%d; COMMIT;", VERSION);
  int rc = scl_database_run(d->db, sc_buf_str(&sql), err);
  sc_buf_fini(&sql);
  return rc;
}

static int open_database(struct scl_datadir *d, const char *folder, struct sc_error *err) {
  struct sc_buf path = SC_BUF_INIT;
  int64_t version = 0;
  if (mkdir(folder, 0700) != 0 && errno != EEXIST)
    return sc_error_errno(err, SC_E_IO, errno, "making the data folder %s", folder);
  sc_buf_printf(&path, "%s/streams.db", folder);
  int rc = scl_database_open(sc_buf_str(&path), &d->db, err);
  if (rc == SC_OK) rc = scl_database_number(d->db, "PRAGMA user_version", &version, err);
  if (rc == SC_OK && version == 0) rc = make_tables(d, err);
  if (rc == SC_OK && version != 0 && version != VERSION)
    rc = sc_error_fail(err, SC_E_IO, "move it away to begin anew", "%s is of another version", sc_buf_str(&path));
  sc_buf_fini(&path);
  return rc;
}

static int fill_store(struct scl_datadir *d, const char *folder, int64_t now_ms, struct sc_error *err) {
  struct scl_restored restored;
  struct sc_buf fields = SC_BUF_INIT;
  int64_t start_ms = sc_clock_mono_ms();
  int rc = scl_restore_run(d->db, d->store, now_ms, &restored, err);
  if (rc != SC_OK) return rc;
  sc_log_add_field(&fields, "folder", folder);
  sc_log(SC_INFO, "data folder read", "%s records=%" PRIu64 " kept=%" PRIu64 " ms=%" PRId64, sc_buf_str(&fields),
         restored.records, restored.kept, sc_clock_mono_ms() - start_ms);
  sc_buf_fini(&fields);
  return SC_OK;
}

static void free_datadir(struct scl_datadir *d) {
  scl_query_free(d->insert);
  scl_database_close(d->db);
  sc_buf_fini(&d->gathered);
  pthread_cond_destroy(&d->taken);
  pthread_cond_destroy(&d->work);
  pthread_mutex_destroy(&d->lock);
  scl_gate_fini(&d->gate);
  free(d);
}

int scl_datadir_open(const char *path, struct scl_store *store, int64_t now_ms,
                     void (*on_failure)(void *context, const struct sc_error *err), void *context,
                     struct scl_datadir **out, struct sc_error *err) {
  struct scl_datadir *d = sc_alloc_zero(1, sizeof(*d));
  *out = NULL;
  d->store = store;
  d->on_failure = on_failure;
  d->context = context;
  d->recorder = (struct scl_store_recorder){d, created, deleted, put, split, merged, attributes, account, ticket};
  scl_gate_init(&d->gate);
  pthread_mutex_init(&d->lock, NULL);
  pthread_cond_init(&d->work, NULL);
  pthread_cond_init(&d->taken, NULL);
  int rc = open_database(d, path, err);
  if (rc == SC_OK) rc = fill_store(d, path, now_ms, err);
  if (rc == SC_OK) rc = scl_query_new(d->db, "INSERT INTO page VALUES(?1, ?2, ?3, ?4, ?5)", &d->insert, err);
  if (rc == SC_OK) rc = sc_thread_start(&d->thread, "data dir", write_all, d, err);
  if (rc != SC_OK) {
    free_datadir(d);
    return rc;
  }
  scl_store_set_recorder(store, &d->recorder);
  *out = d;
  return SC_OK;
}

int scl_datadir_close(struct scl_datadir *d, struct sc_error *err) {
  if (d == NULL) return SC_OK;
  scl_store_set_recorder(d->store, NULL);
  pthread_mutex_lock(&d->lock);
  d->is_closing = true;
  pthread_cond_signal(&d->work);
  pthread_mutex_unlock(&d->lock);
  int rc = sc_thread_join(&d->thread, -1, err);
  if (d->is_failed) {
    *err = d->error;
    rc = err->code;
  }
  free_datadir(d);
  return rc;
}
