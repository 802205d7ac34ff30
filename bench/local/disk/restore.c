#include "bench/local/disk/restore.h"

#include <stdlib.h>

#include "bench/local/disk/tables.h"
#include "codec/text/utf8.h"
#include "engine/base/array.h"

#define MAX_TAG 1024 /* bytes of a tag's key or value */

struct restorer {
  struct scl_database *db;
  struct scl_store *store;
  struct scl_restored *restored;
  struct sc_error *err;
  struct scl_store_stream **streams; /* by id */
  size_t n, cap;
  struct sc_buf key_json;
};

/* Reads one row; false with its fault or r->err set. */
typedef bool take_row(struct restorer *r, struct scl_row *row, void *into);

/* Takes every row of a query, whose ?1 is the id. False after r->err was set. */
static bool each(struct restorer *r, const char *table, const char *sql, uint64_t id, take_row *take, void *into) {
  struct scl_row row = {0};
  bool has_row = true;
  int rc = scl_query_new(r->db, sql, &row.query, r->err);
  if (rc == SC_OK && id != 0) scl_query_bind_int(row.query, 1, (int64_t)id);
  while (rc == SC_OK && has_row) {
    rc = scl_row_next(&row, &has_row, r->err);
    if (rc != SC_OK || !has_row || take(r, &row, into)) continue;
    rc = row.fault == NULL ? r->err->code
                           : sc_error_fail(r->err, SC_E_IO, "move the folder away to begin anew",
                                           "the data folder is broken: in table %s is %s", table, row.fault);
  }
  scl_query_free(row.query);
  return rc == SC_OK;
}

/* ---- shards ---- */

static bool take_shard(struct restorer *r, struct scl_row *row, void *into) {
  struct scl_store_stream *stream = into;
  (void)r;
  SC_ARRAY_ROOM(stream->shards, stream->n_shards, stream->cap_shards, 1);
  struct scl_store_shard *shard = &stream->shards[stream->n_shards];
  *shard = (struct scl_store_shard){0};
  if (!scl_table_read(row, SCL_TABLE_SHARD, shard)) return false;
  if (shard->index != stream->n_shards++) return scl_row_fail(row, "a shard out of order");
  return true;
}

static bool fits_parent(const struct scl_store_stream *stream, const struct scl_store_shard *shard, uint32_t parent) {
  if (parent == SCL_STORE_NO_SHARD) return true;
  if (parent >= shard->index) return false;
  return stream->shards[parent].closed_ms != 0 && stream->shards[parent].created_s < shard->created_s;
}

static bool fits_child(const struct scl_store_stream *stream, const struct scl_store_shard *shard, uint32_t child) {
  if (child == SCL_STORE_NO_SHARD) return true;
  if (child <= shard->index || child >= stream->n_shards) return false;
  return stream->shards[child].parent == shard->index || stream->shards[child].adjacent_parent == shard->index;
}

/* Parents come before their children and are closed, so nobody is their own ancestor. A closed shard has a child. */
static bool fits_family(const struct scl_store_stream *stream, const struct scl_store_shard *shard) {
  bool is_open = shard->closed_ms == 0;
  if (shard->hash_start > shard->hash_end || is_open != (shard->child[0] == SCL_STORE_NO_SHARD)) return false;
  if (is_open && shard->child[1] != SCL_STORE_NO_SHARD) return false;
  if (shard->parent == SCL_STORE_NO_SHARD && shard->adjacent_parent != SCL_STORE_NO_SHARD) return false;
  return fits_parent(stream, shard, shard->parent) && fits_parent(stream, shard, shard->adjacent_parent) &&
         fits_child(stream, shard, shard->child[0]) && fits_child(stream, shard, shard->child[1]);
}

static int compare_starts(const void *a, const void *b) {
  scl_hashkey_int left = ((const scl_hashkey_int *)a)[0], right = ((const scl_hashkey_int *)b)[0];
  return (left > right) - (left < right);
}

/* Whether the open shards divide the hash keys between them: none twice, none left out. */
static bool fits_keys(const struct scl_store_stream *stream) {
  scl_hashkey_int(*ranges)[2] = sc_alloc(stream->n_shards * sizeof(*ranges)), next = 0;
  uint32_t n_open = 0;
  for (uint32_t i = 0; i < stream->n_shards; i++) {
    if (stream->shards[i].closed_ms != 0) continue;
    ranges[n_open][0] = stream->shards[i].hash_start;
    ranges[n_open++][1] = stream->shards[i].hash_end;
  }
  qsort(ranges, n_open, sizeof(*ranges), compare_starts);
  bool fits = n_open > 0;
  for (uint32_t i = 0; i < n_open && fits; i++) {
    fits = ranges[i][0] == next && (next > 0 || i == 0);
    next = ranges[i][1] + 1;
  }
  free(ranges);
  return fits && next == 0;
}

static bool fits_shards(const struct scl_store_stream *stream, struct scl_row *row) {
  for (uint32_t i = 0; i < stream->n_shards; i++)
    if (!fits_family(stream, &stream->shards[i]))
      return scl_row_fail(row, "a stream with a shard that does not fit its parents and children");
  return fits_keys(stream) || scl_row_fail(row, "a stream whose shards do not divide the hash keys between them");
}

/* ---- streams ---- */

static bool take_consumer(struct restorer *r, struct scl_row *row, void *into) {
  struct scl_store_stream *stream = into;
  (void)r;
  stream->consumers = sc_realloc(stream->consumers, (stream->n_consumers + 1) * sizeof(struct scl_store_consumer *));
  struct scl_store_consumer *consumer = sc_alloc_zero(1, sizeof(*consumer));
  stream->consumers[stream->n_consumers++] = consumer;
  return scl_table_read(row, SCL_TABLE_CONSUMER, consumer);
}

static struct scl_tagset *tags_of(struct scl_store_stream *stream, uint64_t owner) {
  if (owner == stream->id) return &stream->tags;
  for (uint32_t i = 0; i < stream->n_consumers; i++)
    if (stream->consumers[i]->id == owner) return &stream->consumers[i]->tags;
  return NULL;
}

static bool take_tag(struct restorer *r, struct scl_row *row, void *into) {
  int64_t owner;
  struct sc_slice key, value;
  (void)r;
  if (!scl_row_int(row, 1, SCL_DISK_MAX_NUMBER, &owner)) return false;
  if (!scl_row_text(row, MAX_TAG, &key) || !scl_row_text(row, MAX_TAG, &value)) return false;
  struct scl_tagset *tags = tags_of(into, (uint64_t)owner);
  if (tags == NULL) return scl_row_fail(row, "a tag of nobody");
  if (key.len == 0 || !scl_tagset_is_text(key) || !scl_tagset_is_text(value) || tags->n == SCL_TAGSET_MAX)
    return scl_row_fail(row, "a tag that is none");
  scl_tagset_set(tags, key, value);
  return true;
}

static bool read_stream(struct restorer *r, struct scl_row *row, struct scl_store_stream *stream) {
  if (!scl_table_read(row, SCL_TABLE_STREAM, stream)) return false;
  if (scl_store_find(r->store, sc_slice_str(stream->name)) != NULL)
    return scl_row_fail(row, "a stream that is there already");
  return each(r, "shard", "SELECT * FROM shard WHERE stream=?1 ORDER BY number", stream->id, take_shard, stream) &&
         fits_shards(stream, row) &&
         each(r, "consumer", "SELECT * FROM consumer WHERE stream=?1 ORDER BY id", stream->id, take_consumer, stream) &&
         each(r, "tag", "SELECT owner, key, value FROM tag WHERE stream=?1", stream->id, take_tag, stream);
}

static bool take_stream(struct restorer *r, struct scl_row *row, void *into) {
  struct scl_store_stream *stream = sc_alloc_zero(1, sizeof(*stream));
  (void)into;
  if (!read_stream(r, row, stream)) {
    scl_stream_free(stream);
    return false;
  }
  scl_store_restore(r->store, stream);
  SC_ARRAY_ROOM(r->streams, r->n, r->cap, 1);
  r->streams[r->n++] = stream;
  return true;
}

static bool take_account(struct restorer *r, struct scl_row *row, void *into) {
  struct scl_account_row account;
  (void)into;
  if (!scl_table_read(row, SCL_TABLE_ACCOUNT, &account)) return false;
  *scl_store_account(r->store) = account.account;
  scl_store_raise_next_id(r->store, account.next_id);
  return true;
}

/* ---- records ---- */

static int compare_ids(const void *id, const void *element) {
  uint64_t left = *(const uint64_t *)id, right = (*(struct scl_store_stream *const *)element)->id;
  return (left > right) - (left < right);
}

/* NULL: the stream was deleted, and its records were not yet. */
static struct scl_store_stream *find_stream(const struct restorer *r, uint64_t id) {
  if (r->n == 0) return NULL;
  struct scl_store_stream **found = bsearch(&id, r->streams, r->n, sizeof(struct scl_store_stream *), compare_ids);
  return found == NULL ? NULL : *found;
}

/* Whether the record is the shard's next one. The first one says where the numbers begin. */
static bool is_next(const struct scl_store_shard *shard, uint64_t number, int64_t arrived_ms) {
  scl_shardlog_lock(shard->log);
  if (scl_shardlog_end(shard->log) == 0 && number > 0) scl_shardlog_start(shard->log, number, arrived_ms);
  bool is_next = scl_shardlog_end(shard->log) == number && scl_shardlog_last_ms(shard->log) <= arrived_ms;
  scl_shardlog_unlock(shard->log);
  return is_next;
}

static bool restore_record(struct restorer *r, struct scl_row *row, struct scl_store_shard *shard, uint64_t number,
                           const struct scl_page_record *record) {
  if (!sc_utf8_valid(record->key.ptr, record->key.len)) return scl_row_fail(row, "a record whose key is no text");
  if (!is_next(shard, number, record->arrived_ms)) return scl_row_fail(row, "a record out of order");
  sc_buf_clear(&r->key_json);
  sc_buf_add_json_string(&r->key_json, record->key);
  scl_shard_restore(shard, &(struct scl_store_put){.key_json = sc_buf_view(&r->key_json),
                                                   .data = record->data,
                                                   .bytes = record->key.len + record->data.len,
                                                   .arrived_ms = record->arrived_ms});
  return true;
}

static bool take_page(struct restorer *r, struct scl_row *row, void *into) {
  int64_t id, index, first, n;
  struct sc_slice records;
  struct scl_page_record record;
  (void)into;
  if (!scl_row_int(row, 1, SCL_DISK_MAX_NUMBER, &id) || !scl_row_int(row, 0, SCL_STORE_MAX_SHARDS, &index) ||
      !scl_row_int(row, 0, SCL_DISK_MAX_NUMBER, &first) || !scl_row_int(row, 1, SCL_PAGE_MOST, &n) ||
      !scl_row_bytes(row, SCL_PAGE_MOST, &records))
    return false;
  r->restored->records += (uint64_t)n;
  struct scl_store_stream *stream = find_stream(r, (uint64_t)id);
  if (stream == NULL) return true;
  if (index >= stream->n_shards) return scl_row_fail(row, "a record of no shard");
  struct sc_cbor in = sc_cbor_of(records);
  for (int64_t i = 0; i < n; i++) {
    if (!scl_page_take(&in, &record)) return scl_row_fail(row, in.fault);
    if (!restore_record(r, row, &stream->shards[index], (uint64_t)(first + i), &record)) return false;
  }
  return in.p == in.end || scl_row_fail(row, "more records than it says");
}

/* ---- what is gone ---- */

/* The number of the first record of the shard that stays in the file. */
static uint64_t first_kept(struct restorer *r, const struct scl_store_stream *stream,
                           const struct scl_store_shard *shard, int64_t now_ms) {
  scl_stream_trim(stream, shard, now_ms);
  scl_shardlog_lock(shard->log);
  uint64_t first = scl_shardlog_first(shard->log), end = scl_shardlog_end(shard->log);
  scl_shardlog_unlock(shard->log);
  r->restored->kept += end - first;
  return first == end && end > 0 ? end - 1 : first;
}

/* Notes the first record of each shard that stays, in a table that is not in the file. */
static int note_kept(struct restorer *r, int64_t now_ms) {
  struct scl_query *insert;
  int rc = scl_database_run(
      r->db, "CREATE TEMP TABLE kept(stream, shard, first, PRIMARY KEY(stream, shard)) WITHOUT ROWID", r->err);
  if (rc == SC_OK) rc = scl_query_new(r->db, "INSERT INTO kept VALUES(?1, ?2, ?3)", &insert, r->err);
  if (rc != SC_OK) return rc;
  for (size_t i = 0; i < r->n; i++)
    for (uint32_t j = 0; rc == SC_OK && j < r->streams[i]->n_shards; j++) {
      const struct scl_store_stream *stream = r->streams[i];
      scl_query_bind_int(insert, 1, (int64_t)stream->id);
      scl_query_bind_int(insert, 2, j);
      scl_query_bind_int(insert, 3, (int64_t)first_kept(r, stream, &stream->shards[j], now_ms));
      rc = scl_query_run(insert, r->err);
    }
  scl_query_free(insert);
  return rc;
}

/* Deletes records that are too old, and those of deleted streams. SQLite uses their pages again; when they are more
 * than half of the file, the file is made smaller. */
static int tidy(struct restorer *r, int64_t now_ms) {
  int64_t pages = 0, free_pages = 0;
  int rc = note_kept(r, now_ms);
  if (rc == SC_OK && r->restored->kept < r->restored->records)
    rc = scl_database_run(r->db,
                          "DELETE FROM page WHERE first + n <= coalesce((SELECT first FROM kept WHERE "
                          "kept.stream = page.stream AND kept.shard = page.shard), 9223372036854775807)",
                          r->err);
  if (rc == SC_OK) rc = scl_database_run(r->db, "DROP TABLE kept", r->err);
  if (rc == SC_OK) rc = scl_database_number(r->db, "PRAGMA page_count", &pages, r->err);
  if (rc == SC_OK) rc = scl_database_number(r->db, "PRAGMA freelist_count", &free_pages, r->err);
  return rc == SC_OK && free_pages > pages / 2 ? scl_database_run(r->db, "VACUUM", r->err) : rc;
}

int scl_restore_run(struct scl_database *db, struct scl_store *store, int64_t now_ms, struct scl_restored *restored,
                    struct sc_error *err) {
  struct restorer r = {.db = db, .store = store, .restored = restored, .err = err};
  *restored = (struct scl_restored){0};
  bool is_good = each(&r, "account", "SELECT * FROM account", 0, take_account, NULL) &&
                 each(&r, "stream", "SELECT * FROM stream ORDER BY id", 0, take_stream, NULL) &&
                 each(&r, "page", "SELECT * FROM page ORDER BY rowid", 0, take_page, NULL);
  int rc = is_good ? tidy(&r, now_ms) : err->code;
  free(r.streams);
  sc_buf_fini(&r.key_json);
  return rc;
}
