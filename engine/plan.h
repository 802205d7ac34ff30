/* The column plan: which key of a record goes into which column of the table. Pure: no I/O, no clock.
 *
 * A plan is immutable once published; generations count up from 1; old ones live to the end of the run (there are few).
 * Control makes plans; parse threads decode and encode by them; write threads end a COPY where the plan changes.
 */
#ifndef SC_PLAN_H
#define SC_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/slice.h"

#define SC_COLUMNS_MAX 1600   /* PostgreSQL's own limit */
#define SC_COLUMN_NAME_MAX 63 /* bytes, NAMEDATALEN - 1 */

enum sc_role {
  SC_ROLE_PAYLOAD,
  SC_ROLE_SHARD,
  SC_ROLE_SEQUENCE,
  SC_ROLE_ARRIVAL,
  SC_ROLE_PARTITION_KEY,
  SC_ROLE_STREAM,       /* the stream's name */
  SC_ROLE_MESSAGE_ID,   /* dlt's: made of shard and sequence number */
  SC_ROLE_SUB_SEQUENCE, /* which document of its record the row is, from 0 */
  SC_ROLE_ENVELOPE      /* shard, sequence, arrival, partition key and stream in one JSON object */
};

/* --columns: what becomes of a record. TABLE: as AUTO, into a table that is there and stays as it is. JSON: its whole
 * text is the one payload column. RAW: its bytes are (also said by --format=raw). */
enum sc_columns_mode { SC_COLUMNS_AUTO, SC_COLUMNS_TABLE, SC_COLUMNS_JSON, SC_COLUMNS_RAW };
#define SC_COLUMNS_DATA "data" /* the payload column of JSON and RAW */

/* --columns, --format and --max-columns, which the engine and the sink both go by: the one place that reads them. */
struct sc_options;
struct sc_columns_settings {
  enum sc_columns_mode mode;
  uint32_t max; /* columns that keys may make */
};
struct sc_columns_settings sc_columns_settings(const struct sc_options *options);

/* What kind of cell the column's encoder takes fastest. The decoder gives that kind when the value allows it: INTEGER:
 * INT, else NUMBER. DOUBLE: DOUBLE (finite, and 0 only for 0), else NUMBER. NUMERIC: NUMBER. TEXT: STRING, numbers as
 * NUMBER, nested as JSON. BOOL: BOOL. JSON: JSON for every value but null (a string with its quotes). A value of
 * another kind comes as what it is by nature (INT, DOUBLE, BOOL, STRING, JSON), and the encoder accepts or rejects it.
 */
enum sc_shape { SC_SHAPE_INTEGER, SC_SHAPE_DOUBLE, SC_SHAPE_NUMERIC, SC_SHAPE_BOOL, SC_SHAPE_TEXT, SC_SHAPE_JSON };

/* What a key without a column means. ADD: the record waits until the table has been altered (run.h, requests). */
enum sc_unknown { SC_UNKNOWN_IGNORE, SC_UNKNOWN_ADD, SC_UNKNOWN_DEAD_LETTER };

struct sc_column {
  char name[SC_COLUMN_NAME_MAX + 1]; /* in the table */
  char *key;                         /* the JSON key, unescaped; NULL unless role is PAYLOAD */
  uint32_t key_len;
  enum sc_role role;
  enum sc_shape shape;
  bool not_null;
  bool widens;   /* a value that it cannot hold, but a wider type could, is a schema request and no dead letter */
  bool exact;    /* it widens rather than give back another value: integers beyond 2^53 in a double, a day in a time */
  uint32_t type; /* the sink's own: PostgreSQL's type oid */
  int32_t modifier; /* the sink's own: PostgreSQL's atttypmod, -1 without */
};

struct sc_plan {
  uint32_t generation;
  uint32_t n_columns, cap_columns;
  struct sc_column *columns; /* in the order of the COPY */
  uint32_t n_payload;        /* columns with role PAYLOAD; they come first, in the order keys were first seen */
  enum sc_unknown unknown;
  bool fail_on_type;         /* a value that its column cannot hold ends the run */
  struct sc_slice *left_out; /* keys of columns that are not filled (generated ones), owned: always ignored */
  uint32_t n_left_out, cap_left_out;
  void *sink; /* the sink's own, e.g. the COPY statement; freed by free_sink */
  void (*free_sink)(void *sink);
  uint32_t *slots; /* open addressing: hash of the key -> column + 1; made by sc_plan_seal */
  uint32_t slot_mask;
};

struct sc_plan *sc_plan_new(uint32_t generation, uint32_t cap_columns);
/* The column added, zeroed but for its name and key (copied; the key of PAYLOAD only) and modifier -1. Payload columns
 * come first. Not after the seal. Asserts cap_columns, the length of the name, the order. */
struct sc_column *sc_plan_add(struct sc_plan *plan, struct sc_slice name, enum sc_role role, struct sc_slice key);
/* A key to be ignored whatever `unknown` says; copied. */
void sc_plan_leave_out(struct sc_plan *plan, struct sc_slice key);
/* What to do about a key that sc_plan_find knows no column for. Keys that can have none (U+0000, too long) are
 * ignored. */
enum sc_unknown sc_plan_unknown(const struct sc_plan *plan, struct sc_slice key);
/* No two payload columns have one key (asserted). */
void sc_plan_seal(struct sc_plan *plan);
void sc_plan_free(struct sc_plan *plan);
/* Column of an unescaped key, -1 when there is none. expected: the column guessed first (key order predicted), or
 * -1. */
int sc_plan_find(const struct sc_plan *plan, struct sc_slice key, int expected);

#endif
