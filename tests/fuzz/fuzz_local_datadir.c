/* The data folder of the local service: rows that anybody may have written. The bytes are rows one after the other: a
 * letter for the table, then a value for each of its columns: n (NULL), i and eight bytes (little endian), t or b, a
 * byte of length and as many bytes (text, blob). The tables take values of any type in any column.
 *
 * Whatever the store takes keeps its invariants: it can be changed and read, and its own assertions hold. */
#include "bench/local/disk/restore.h"
#include "bench/local/disk/tables.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/bench/local/store/store_text.h"

#define NOW INT64_C(1700000000000)

struct bytes {
  const uint8_t *at, *end;
};

static size_t take(struct bytes *in, void *out, size_t len) {
  size_t n = (size_t)(in->end - in->at) < len ? (size_t)(in->end - in->at) : len;
  memset(out, 0, len);
  if (n > 0) memcpy(out, in->at, n);
  in->at += n;
  return n;
}

static void bind(struct bytes *in, struct scl_query *query, int place, char room[255]) {
  uint8_t type, len;
  int64_t number;
  take(in, &type, 1);
  if (type == 'i') {
    take(in, &number, sizeof(number));
    scl_query_bind_int(query, place, number);
  } else if (type == 't' || type == 'b') {
    take(in, &len, 1);
    struct sc_slice bytes = sc_slice_of(room, take(in, room, len));
    if (type == 't') scl_query_bind_text(query, place, bytes);
    else scl_query_bind_bytes(query, place, bytes);
  }
}

static void add_row(struct bytes *in, struct scl_database *db) {
  static const struct {
    const char *name;
    int columns;
  } tables[] = {{"account", 4}, {"consumer", 7}, {"page", 5}, {"shard", 11}, {"stream", 25}, {"tag", 4}};
  struct sc_error err;
  struct sc_buf sql = SC_BUF_INIT;
  struct scl_query *query;
  char room[25][255];
  uint8_t letter;
  take(in, &letter, 1);
  for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
    if (letter != "acphst"[i]) continue;
    sc_buf_printf(&sql, "INSERT OR REPLACE INTO %s VALUES(?1", tables[i].name);
    for (int j = 2; j <= tables[i].columns; j++) sc_buf_printf(&sql, ",?%d", j);
    sc_buf_add_char(&sql, ')');
    CHECK(scl_query_new(db, sc_buf_str(&sql), &query, &err) == SC_OK);
    for (int j = 1; j <= tables[i].columns; j++) bind(in, query, j, room[j - 1]);
    scl_query_run(query, &err); /* a key may be no integer: the row is left out then */
    scl_query_free(query);
  }
  sc_buf_fini(&sql);
}

/* Without STRICT. */
static void make_tables(struct scl_database *db) {
  struct sc_error err;
  struct sc_buf sql = SC_BUF_INIT;
  scl_tables_create(&sql);
  for (char *at = sql.ptr; (at = strstr(at, " STRICT")) != NULL;) memset(at, ' ', strlen(" STRICT"));
  CHECK(scl_database_run(db, sql.ptr, &err) == SC_OK);
  sc_buf_fini(&sql);
}

static void use(struct scl_store *store) {
  struct sc_buf text = SC_BUF_INIT;
  text_of_store(store, &text);
  for (uint64_t i = 0; i < 40; i++) change_store(store, i * UINT64_C(0x9e3779b97f4a7c15) >> 16, SCL_DISK_MAX_MS);
  sc_buf_clear(&text);
  text_of_store(store, &text);
  sc_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes in = {data, data + size};
  struct scl_database *db;
  struct sc_error err;
  struct scl_restored restored;
  CHECK(scl_database_open(NULL, &db, &err) == SC_OK);
  make_tables(db);
  while (in.at < in.end) add_row(&in, db);
  struct scl_store *store = scl_store_new(0, 0);
  int rc = scl_restore_run(db, store, NOW, &restored, &err);
  CHECK(rc == SC_OK || rc == SC_E_IO);
  if (rc == SC_OK) use(store);
  scl_store_free(store);
  scl_database_close(db);
  return 0;
}
