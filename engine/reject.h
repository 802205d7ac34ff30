/* Why a record did not become a row: a reason that every decoder and encoder shares, a text for people, and the column
 * and the value it is about. Sinks turn the reason into a code of their own (PostgreSQL: SQLSTATE). Plain values, no
 * allocation.
 */
#ifndef SC_REJECT_H
#define SC_REJECT_H

#include <stdint.h>

enum sc_reason {
  SC_REASON_SYNTAX,      /* the payload is not in its format */
  SC_REASON_FORMAT,      /* it is in another format, which is named */
  SC_REASON_SHAPE,       /* it is in its format, but no record: not an object, or more than one */
  SC_REASON_ENCODING,    /* text that is not UTF-8, or that the target's text cannot hold */
  SC_REASON_NUL,         /* U+0000 inside a document */
  SC_REASON_LIMIT,       /* too deep, too large, too many */
  SC_REASON_UNKNOWN_KEY, /* a key without a column */
  SC_REASON_TYPE,        /* the value is none of the column's type */
  SC_REASON_RANGE,       /* a number that the column's type does not hold */
  SC_REASON_TOO_LONG,    /* a text longer than the column takes */
  SC_REASON_TIME,        /* the value is no time */
  SC_REASON_TIME_RANGE,  /* a time that the column's type does not hold */
  SC_REASON_NOT_NULL,    /* null or absent in a column that takes neither */
  SC_REASON_TARGET       /* the target refused the row; its own code says more */
};

#define SC_NO_COLUMN UINT32_MAX

/* What another table could do for the record. Only given when the plan grants it (sc_plan.unknown, sc_column.widens,
 * fail_on_type). */
enum sc_schema_request {
  SC_REQUEST_NONE,
  SC_REQUEST_COLUMN, /* it has a key without a column */
  SC_REQUEST_TYPE    /* a column of a wider type would hold its value */
};

struct sc_reject {
  uint32_t record; /* index into the records given */
  enum sc_reason reason;
  enum sc_schema_request request;
  uint32_t column; /* of the plan; SC_NO_COLUMN: it is about the record */
  unsigned kinds;  /* enum sc_kind of the value; with SC_REQUEST_TYPE */
  char value[64];  /* the value, shortened, printable; "" unknown */
  char text[250];  /* a full sentence part: "column \"a\": 3000000000 is out of range for integer" */
};

#endif
