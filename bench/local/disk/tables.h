/* The tables of the data folder, and the structs of the store that their rows are.
 *
 *   account, stream, shard, consumer   a column for each field; one table of fields describes both directions
 *   tag      stream, owner (the id of the stream or of a consumer), key, value
 *   page     stream, shard, first, n, records: n records of a shard from number first on, in CBOR (RFC 8949): of each
 * the time it arrived (ms), its partition key, its data. Pages are in the order of arrival.
 *
 * Rows are written as SQL text, since the thread that changes the store is not the one that has the database. What is
 * read is checked by the bounds in the table: the file may be anybody's. Pure; any thread.
 */
#ifndef SCL_DISK_TABLES_H
#define SCL_DISK_TABLES_H

#include "bench/local/disk/database.h"
#include "bench/local/store/store.h"
#include "codec/wire/cbor.h"

/* Bounds of what is written, and of what is read. */
#define SCL_DISK_MAX_MS (INT64_C(1) << 45)
#define SCL_DISK_MAX_NUMBER (INT64_C(1) << 60)
#define SCL_DISK_MAX_DATA (16u << 20) /* bytes of a record */
#define SCL_DISK_MAX_KEY 4096
#define SCL_PAGE_BYTES (256u << 10) /* a page that has so many is complete */
#define SCL_PAGE_MOST (SCL_PAGE_BYTES + SCL_DISK_MAX_DATA + SCL_DISK_MAX_KEY)

enum scl_table { SCL_TABLE_ACCOUNT, SCL_TABLE_STREAM, SCL_TABLE_SHARD, SCL_TABLE_CONSUMER, SCL_TABLES };

/* The row of SCL_TABLE_ACCOUNT; the others are struct scl_store_stream, _shard and _consumer. */
struct scl_account_row {
  uint64_t id; /* 1 */
  struct scl_store_account account;
  uint64_t next_id; /* of the store */
};

/* Appends CREATE TABLE statements for all tables. */
void scl_tables_create(struct sc_buf *sql);
/* Appends a statement that inserts the row, or replaces the one of its key. */
void scl_table_put(struct sc_buf *sql, enum scl_table table, const void *row);
void scl_tag_put(struct sc_buf *sql, uint64_t stream, uint64_t owner, const struct scl_tag *tag);
/* Reads all columns, in order, into a zeroed struct. Texts are malloc'ed. False with the row's fault set; what was read
 * by then stays. */
bool scl_table_read(struct scl_row *row, enum scl_table table, void *into);

struct scl_page_record {
  int64_t arrived_ms;
  struct sc_slice key, data; /* views */
};
/* Appends to a page's records. */
void scl_page_add(struct sc_buf *records, const struct scl_page_record *record);
/* Reads the next one; false with in->fault set. */
bool scl_page_take(struct sc_cbor *in, struct scl_page_record *record);

#endif
