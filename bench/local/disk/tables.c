#include "bench/local/disk/tables.h"

#include <inttypes.h>

#include "codec/text/hex.h"
#include "codec/wire/cbor.h"

#define MAX_TEXT (1u << 20) /* bytes of a policy or a key id */
#define MAX_CREATED_S (INT64_C(1) << 35)
#define HASH_BYTES 16

/* NAME: 1 to 128 of a-z A-Z 0-9 _ . - ; HASH: 16 bytes, big endian; TEXT may be NULL. */
enum kind { I64, U32, BOOL, HASH, NAME, TEXT };

struct column {
  const char *name;
  enum kind kind;
  size_t offset;
  int64_t least, most; /* of numbers */
};

#define NUMBER(name, kind, struct_, field, least, most) \
  { name, kind, offsetof(struct struct_, field), least, most }
#define ID(name, struct_, field) NUMBER(name, I64, struct_, field, 1, SCL_DISK_MAX_NUMBER)
#define MS(name, struct_, field) NUMBER(name, I64, struct_, field, 0, SCL_DISK_MAX_MS)
#define OTHER(name, kind, struct_, field) NUMBER(name, kind, struct_, field, 0, 0)
#define RESCALED(i) MS("rescaled_" #i, scl_store_stream, rescaled_ms[i])
#define RELATIVE(name, field) NUMBER(name, U32, scl_store_shard, field, 0, UINT32_MAX)

static const struct column account_columns[] = {
    NUMBER("id", I64, scl_account_row, id, 1, 1),
    MS("commitment_started_ms", scl_account_row, account.commitment_started_ms),
    MS("commitment_end_ms", scl_account_row, account.commitment_end_ms),
    ID("next_id", scl_account_row, next_id),
};

_Static_assert(sizeof(enum scl_stream_status) == sizeof(uint32_t), "kept as a number");
_Static_assert(SCL_STORE_MAX_RESCALES == 10, "each is a column");

static const struct column stream_columns[] = {
    ID("id", scl_store_stream, id),
    OTHER("name", NAME, scl_store_stream, name),
    MS("created_ms", scl_store_stream, created_ms),
    NUMBER("busy_status", U32, scl_store_stream, busy_status, SCL_STREAM_CREATING, SCL_STREAM_DELETING),
    MS("busy_until_ms", scl_store_stream, busy_until_ms),
    NUMBER("max_record_bytes", I64, scl_store_stream, max_record_bytes, 1, 10 << 20),
    NUMBER("retention_hours", U32, scl_store_stream, retention_hours, 1, 8760),
    MS("floor_ms", scl_store_stream, floor_ms),
    MS("gone_ms", scl_store_stream, gone_ms),
    NUMBER("is_on_demand", BOOL, scl_store_stream, is_on_demand, 0, 1),
    NUMBER("warm_mibps", I64, scl_store_stream, warm_mibps, 0, SCL_DISK_MAX_NUMBER),
    NUMBER("metrics", U32, scl_store_stream, metrics, 0, UINT32_MAX),
    OTHER("key_id", TEXT, scl_store_stream, key_id),
    OTHER("policy", TEXT, scl_store_stream, policy),
    NUMBER("n_rescales", U32, scl_store_stream, n_rescales, 0, UINT32_MAX),
    RESCALED(0),
    RESCALED(1),
    RESCALED(2),
    RESCALED(3),
    RESCALED(4),
    RESCALED(5),
    RESCALED(6),
    RESCALED(7),
    RESCALED(8),
    RESCALED(9),
};

static const struct column shard_columns[] = {
    ID("stream", scl_store_shard, stream_id),
    NUMBER("number", U32, scl_store_shard, index, 0, SCL_STORE_MAX_SHARDS - 1),
    RELATIVE("parent", parent),
    RELATIVE("adjacent_parent", adjacent_parent),
    RELATIVE("child", child[0]),
    RELATIVE("other_child", child[1]),
    OTHER("hash_start", HASH, scl_store_shard, hash_start),
    OTHER("hash_end", HASH, scl_store_shard, hash_end),
    MS("created_ms", scl_store_shard, created_ms),
    NUMBER("created_s", I64, scl_store_shard, created_s, 0, MAX_CREATED_S),
    MS("closed_ms", scl_store_shard, closed_ms),
};

static const struct column consumer_columns[] = {
    ID("id", scl_store_consumer, id),
    ID("stream", scl_store_consumer, stream_id),
    OTHER("name", NAME, scl_store_consumer, name),
    MS("created_ms", scl_store_consumer, created_ms),
    MS("ready_ms", scl_store_consumer, ready_ms),
    MS("gone_ms", scl_store_consumer, gone_ms),
    OTHER("policy", TEXT, scl_store_consumer, policy),
};

static const struct {
  const char *name, *key;
  const struct column *columns;
  size_t n;
} tables[SCL_TABLES] = {
    {"account", "id", account_columns, sizeof(account_columns) / sizeof(*account_columns)},
    {"stream", "id", stream_columns, sizeof(stream_columns) / sizeof(*stream_columns)},
    {"shard", "stream, number", shard_columns, sizeof(shard_columns) / sizeof(*shard_columns)},
    {"consumer", "id", consumer_columns, sizeof(consumer_columns) / sizeof(*consumer_columns)},
};

void scl_tables_create(struct sc_buf *sql) {
  static const char *const types[] = {"INTEGER", "INTEGER", "INTEGER", "BLOB", "TEXT", "TEXT"};
  for (int i = 0; i < SCL_TABLES; i++) {
    sc_buf_printf(sql, "CREATE TABLE %s(", tables[i].name);
    for (size_t j = 0; j < tables[i].n; j++)
      sc_buf_printf(sql, "%s %s, ", tables[i].columns[j].name, types[tables[i].columns[j].kind]);
    sc_buf_printf(sql, "PRIMARY KEY(%s)) STRICT;\n", tables[i].key);
  }
  sc_buf_add_str(sql,
                 "CREATE TABLE tag(stream INTEGER, owner INTEGER, key TEXT, value TEXT) STRICT;\n"
                 "CREATE TABLE page(stream INTEGER, shard INTEGER, first INTEGER, n INTEGER, records BLOB) STRICT;\n");
}

/* ---- writing ---- */

/* In single quotes; a quote inside is doubled. */
static void put_text(struct sc_buf *sql, const char *text) {
  sc_buf_add_char(sql, '\'');
  for (; *text != '\0'; text++) {
    if (*text == '\'') sc_buf_add_char(sql, '\'');
    sc_buf_add_char(sql, *text);
  }
  sc_buf_add_char(sql, '\'');
}

static void put_hash(struct sc_buf *sql, scl_hashkey_int hash) {
  unsigned char bytes[HASH_BYTES];
  char text[2 * HASH_BYTES];
  for (int i = 0; i < HASH_BYTES; i++) bytes[i] = (unsigned char)(hash >> 8 * (HASH_BYTES - 1 - i));
  sc_hex_put(text, bytes, sizeof(bytes));
  sc_buf_printf(sql, "x'%.*s'", (int)sizeof(text), text);
}

static void put_value(struct sc_buf *sql, const struct column *column, const char *at) {
  scl_hashkey_int hash;
  switch (column->kind) {
    case I64:
      sc_buf_printf(sql, "%" PRId64, *(const int64_t *)at);
      break;
    case U32:
      sc_buf_printf(sql, "%" PRIu32, *(const uint32_t *)at);
      break;
    case BOOL:
      sc_buf_add_char(sql, *(const bool *)at ? '1' : '0');
      break;
    case HASH:
      memcpy(&hash, at, sizeof(hash));
      put_hash(sql, hash);
      break;
    case NAME:
      put_text(sql, at);
      break;
    case TEXT:
      if (*(char *const *)at == NULL) sc_buf_add_str(sql, "NULL");
      else put_text(sql, *(char *const *)at);
  }
}

void scl_table_put(struct sc_buf *sql, enum scl_table table, const void *row) {
  sc_buf_printf(sql, "INSERT OR REPLACE INTO %s VALUES(", tables[table].name);
  for (size_t i = 0; i < tables[table].n; i++) {
    if (i > 0) sc_buf_add_char(sql, ',');
    put_value(sql, &tables[table].columns[i], (const char *)row + tables[table].columns[i].offset);
  }
  sc_buf_add_str(sql, ");\n");
}

void scl_tag_put(struct sc_buf *sql, uint64_t stream, uint64_t owner, const struct scl_tag *tag) {
  sc_buf_printf(sql, "INSERT INTO tag VALUES(%" PRIu64 ",%" PRIu64 ",", stream, owner);
  put_text(sql, tag->key);
  sc_buf_add_char(sql, ',');
  put_text(sql, tag->value);
  sc_buf_add_str(sql, ");\n");
}

/* ---- reading ---- */

static bool read_name(struct scl_row *row, char *out) {
  struct sc_slice text;
  if (!scl_row_text(row, SCL_STORE_MAX_NAME, &text)) return false;
  if (!scl_store_is_name(text)) return scl_row_fail(row, "a name that is none");
  memcpy(out, text.ptr, text.len);
  return true;
}

static bool read_hash(struct scl_row *row, void *out) {
  struct sc_slice bytes;
  scl_hashkey_int hash = 0;
  if (!scl_row_bytes(row, HASH_BYTES, &bytes)) return false;
  if (bytes.len < HASH_BYTES) return scl_row_fail(row, "a hash key that is too short");
  for (size_t i = 0; i < bytes.len; i++) hash = hash << 8 | (unsigned char)bytes.ptr[i];
  memcpy(out, &hash, sizeof(hash));
  return true;
}

static bool read_text(struct scl_row *row, char **out) {
  struct sc_slice text;
  if (scl_row_is_null(row)) return true;
  if (!scl_row_text(row, MAX_TEXT, &text)) return false;
  *out = sc_strndup(text);
  return true;
}

static bool read_value(struct scl_row *row, const struct column *column, void *at) {
  int64_t number;
  if (column->kind == HASH) return read_hash(row, at);
  if (column->kind == NAME) return read_name(row, at);
  if (column->kind == TEXT) return read_text(row, at);
  if (!scl_row_int(row, column->least, column->most, &number)) return false;
  if (column->kind == I64) *(int64_t *)at = number;
  else if (column->kind == U32) *(uint32_t *)at = (uint32_t)number;
  else *(bool *)at = number != 0;
  return true;
}

bool scl_table_read(struct scl_row *row, enum scl_table table, void *into) {
  for (size_t i = 0; i < tables[table].n; i++)
    if (!read_value(row, &tables[table].columns[i], (char *)into + tables[table].columns[i].offset)) return false;
  return true;
}

/* ---- pages of records ---- */

void scl_page_add(struct sc_buf *records, const struct scl_page_record *record) {
  sc_cbor_add(records, SC_CBOR_UINT, (uint64_t)record->arrived_ms);
  sc_cbor_add_bytes(records, record->key);
  sc_cbor_add_bytes(records, record->data);
}

static bool take_bytes(struct sc_cbor *in, size_t most, struct sc_slice *out) {
  struct sc_cbor_head head;
  if (!sc_cbor_take(in, &head) || !sc_cbor_string(in, &head, NULL, 0, out)) return false;
  return out->len <= most || sc_cbor_fail(in, "a record that is too large");
}

bool scl_page_take(struct sc_cbor *in, struct scl_page_record *record) {
  struct sc_cbor_head head;
  if (!sc_cbor_take(in, &head)) return false;
  if (!sc_cbor_to_int(&head, &record->arrived_ms) || record->arrived_ms < 0 || record->arrived_ms > SCL_DISK_MAX_MS)
    return sc_cbor_fail(in, "a record without a time");
  return take_bytes(in, SCL_DISK_MAX_KEY, &record->key) && take_bytes(in, SCL_DISK_MAX_DATA, &record->data);
}
