#include "sink/postgres/copy.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/assert.h"
#include "engine/base/big_endian.h"
#include "engine/decoder.h"
#include "sink/postgres/copy_array.h"
#include "sink/postgres/copy_text.h"
#include "sink/postgres/copy_values.h"
#include "sink/postgres/time.h"
#include "sink/postgres/types.h"
#include "sink/postgres/widen.h"
#include "sink/rows.h"

const char sc_pgcopy_header[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* signature, flags, length of the extension */
const char sc_pgcopy_trailer[2] = {'\377', '\377'};

/* ---- Bytes ---- */

char *sc_pgcopy_put_bytes(char *out, const void *bytes, size_t len) {
  out = sc_be_put32(out, (uint32_t)len);
  if (len) memcpy(out, bytes, len);
  return out + len;
}

char *sc_pgcopy_put_null(char *out) { return sc_be_put32(out, UINT32_MAX); }
char *sc_pgcopy_put_count(char *out, uint16_t columns) { return sc_be_put16(out, columns); }
char *sc_pgcopy_put_time(char *out, int64_t epoch_us) {
  return sc_be_put64(sc_be_put32(out, 8), (uint64_t)(epoch_us - SC_PG_EPOCH_US));
}

/* ---- Plans ---- */

struct sc_pgcopy *sc_pgcopy_new(const struct sc_plan *plan, bool text) {
  struct sc_pgcopy *copy = sc_alloc_zero(1, sizeof(*copy) + plan->n_columns * sizeof(copy->columns[0]));
  copy->text = text;
  copy->growth = text ? SC_PGCOPY_TEXT_GROWTH : 1;
  copy->n_columns = plan->n_columns;
  for (uint32_t i = 0; i < plan->n_columns; i++) {
    const struct sc_column *c = &plan->columns[i];
    SC_ASSERT(text || sc_pg_type_is_binary(c->type));
    bool binary = sc_pg_type_is_binary(c->type);
    copy->columns[i] = (struct sc_pgcopy_column){.judge = binary ? sc_pgcopy_encoder(c->type) : NULL,
                                                 .name = c->name,
                                                 .type = c->type,
                                                 .modifier = c->modifier,
                                                 .not_null = c->not_null,
                                                 .exact = c->exact};
    copy->columns[i].encode = text ? sc_pgcopy_text_encoder(c->type) : copy->columns[i].judge;
    sc_pgcopy_set_usual(&copy->columns[i]);
  }
  return copy;
}

void sc_pgcopy_set_array(struct sc_pgcopy *copy, uint32_t column, bool of_json) {
  SC_ASSERT(copy->text && column < copy->n_columns);
  copy->growth = SC_PGCOPY_ARRAY_GROWTH;
  copy->columns[column].encode = of_json ? sc_pgcopy_json_array : sc_pgcopy_array;
}

void sc_pgcopy_set_default(struct sc_pgcopy *copy, uint32_t column, struct sc_slice value) {
  struct sc_pgcopy_column *c = &copy->columns[column];
  SC_ASSERT(c->absent == NULL && value.len <= UINT32_MAX);
  c->absent = sc_strndup(value);
  c->absent_len = (uint32_t)value.len;
  copy->absent_bytes += value.len;
}

bool sc_pgcopy_leave_default(struct sc_pgcopy *copy, uint32_t column) {
  uint32_t bit = (uint32_t)copy->left_out + 1;
  if (bit > UINT16_MAX) return false;
  copy->columns[column].left_out = (uint16_t)bit;
  copy->left_out |= (uint16_t)bit;
  return true;
}

void sc_pgcopy_set_sequence(struct sc_pgcopy *copy, uint32_t column, uint32_t oid, bool may_move) {
  struct sc_pgcopy_column *c = &copy->columns[column];
  c->sequence = sc_alloc_zero(1, sizeof(*c->sequence));
  c->sequence->oid = oid;
  c->sequence->may_move = may_move;
  atomic_init(&c->sequence->given, INT64_MIN);
  atomic_init(&c->sequence->passed, INT64_MIN);
  c->usual = UINT32_MAX; /* each value is looked at */
  copy->moves = true;
}

void sc_pgcopy_begin_sql(const struct sc_pgcopy *copy, uint16_t left_out, struct sc_buf *sql) {
  const char *comma = "";
  sc_buf_add_str(sql, copy->begin_sql);
  for (uint32_t i = 0; i < copy->n_columns; i++) {
    if ((copy->columns[i].left_out & left_out) != 0) continue;
    sc_buf_printf(sql, "%s%s", comma, copy->names[i]);
    comma = ", ";
  }
  sc_buf_add_str(sql, copy->end_sql);
}

void sc_pgcopy_free(void *pgcopy) {
  struct sc_pgcopy *copy = pgcopy;
  if (copy == NULL) return;
  for (uint32_t i = 0; i < copy->n_columns; i++) {
    free(copy->columns[i].absent);
    free(copy->columns[i].sequence);
    if (copy->names != NULL) free(copy->names[i]);
  }
  free(copy->names);
  free(copy->begin_sql);
  free(copy->end_sql);
  free(copy->fingerprint);
  free(copy);
}

/* ---- Rows ---- */

/* The bytes that a row of these cells takes at most. */
static size_t bound_of(const struct sc_pgcopy *copy, const struct sc_cell *row) {
  size_t text = 0;
  for (uint32_t i = 0; i < copy->n_columns; i++) text += row[i].len & (0 - (uint32_t)sc_pgcopy_has_text(&row[i]));
  return 2 + (size_t)copy->n_columns * SC_PGCOPY_SLACK + copy->absent_bytes + text * copy->growth;
}

/* Cells of the type that most values of the column have; the encoders write all others. Values of a fixed length take
 * one path without a branch: eight bytes are written whatever the width, and the next value overwrites what is too
 * much. */
static inline char *put_usual(const struct sc_pgcopy_column *c, const struct sc_cell *cell, char *out,
                              struct sc_reject *why) {
  if (c->width > 0) {
    sc_be_put64(sc_be_put32(out, c->width), (uint64_t)(cell->i - c->zero) << (64 - 8 * c->width));
    return out + 4 + c->width;
  }
  return sc_pgcopy_put_string(c, cell, out, why);
}

static char *put_row(const struct sc_pgcopy_column *columns, uint32_t n, const struct sc_cell *row, char *out,
                     uint16_t *left_out, struct sc_reject *why) {
  char *count = out;
  uint32_t written = n;
  out += 2;
  for (uint32_t i = 0; i < n; i++) {
    const struct sc_pgcopy_column *c = &columns[i];
    if (row[i].type == c->usual) {
      out = put_usual(c, &row[i], out, why);
    } else if (sc_pgcopy_is_left_out(c, &row[i])) {
      *left_out |= c->left_out;
      written--;
    } else {
      out = row[i].type > SC_CELL_NULL ? sc_pgcopy_put_value(c, &row[i], out, why)
                                       : sc_pgcopy_put_nothing(c, &row[i], "\377\377\377\377", 4, out, why);
    }
    if (__builtin_expect(out == NULL, 0)) {
      why->column = i;
      return NULL;
    }
  }
  sc_be_put16(count, (uint16_t)written);
  return out;
}

/* COPY needs a column. */
static char *refuse_empty(const struct sc_pgcopy *copy, struct sc_reject *why) {
  why->column = 0;
  return sc_pgcopy_reject(&copy->columns[0], why, SC_REASON_NOT_NULL,
                          "no key of the record has a column, and a row cannot be all defaults");
}

/* What a block must have free for all the rows of the record that row is the first of. */
static size_t needed_of(const struct sc_pgcopy *copy, const struct sc_cells *cells, uint32_t row, size_t needed) {
  uint32_t last = sc_rows_last(cells, row);
  if (last == row) return needed;
  size_t bytes = 0, indexed = sc_rows_indexed_bytes(last - row + 1);
  for (uint32_t i = row; i <= last; i++) bytes += bound_of(copy, &cells->cells[(size_t)i * cells->n_columns]);
  return bytes > indexed ? bytes : indexed;
}

static void reject_row(const struct sc_plan *plan, const struct sc_cell *values, uint32_t record,
                       struct sc_rejects *rejects) {
  struct sc_reject *why = &rejects->items[rejects->n++];
  const char *value = sc_pgcopy_show(&values[why->column], why->value);
  if (value != why->value) snprintf(why->value, sizeof(why->value), "%s", value);
  why->record = record;
  sc_pg_widen_request(plan, &values[why->column], why);
}

uint32_t sc_pgcopy_encode(const struct sc_plan *plan, const struct sc_cells *cells, uint32_t first_row,
                          const struct sc_record *records, uint32_t span, struct sc_block *block,
                          struct sc_rejects *rejects, size_t *needed_bytes) {
  const struct sc_pgcopy *copy = plan->sink;
  char *(*const put)(const struct sc_pgcopy_column *, uint32_t, const struct sc_cell *, char *, uint16_t *,
                     struct sc_reject *) = copy->text ? sc_pgcopy_text_put_row : put_row;
  struct sc_rows_mark mark = {.first = first_row};
  uint32_t row = first_row;
  *needed_bytes = 0;
  SC_ASSERT(cells->n_columns == copy->n_columns && first_row <= cells->n_rows);
  for (; row < cells->n_rows; row++) {
    const struct sc_cell *values = &cells->cells[(size_t)row * cells->n_columns];
    struct sc_slice sequence = records[cells->record[row]].sequence;
    sc_rows_begin(&mark, block, cells, row, first_row);
    if (!sc_rows_fit(block, bound_of(copy, values), sequence.len, needed_bytes)) {
      sc_block_take_back(block, mark.n_rows);
      row = mark.first;
      *needed_bytes = needed_of(copy, cells, row, *needed_bytes);
      break;
    }
    uint16_t left_out = 0;
    char *end =
        put(copy->columns, copy->n_columns, values, block->data + block->len, &left_out, &rejects->items[rejects->n]);
    if (end != NULL && (uint32_t)__builtin_popcount(left_out) == copy->n_columns)
      end = refuse_empty(copy, &rejects->items[rejects->n]);
    if (end != NULL) {
      SC_ASSERT(end <= block->data + block->cap);
      sc_rows_add(block, (size_t)(end - block->data), span, sequence);
      block->rows[block->n_rows - 1].left_out = left_out;
      continue;
    }
    reject_row(plan, values, cells->record[row], rejects);
    sc_block_take_back(block, mark.n_rows);
    row = sc_rows_last(cells, row);
  }
  return row - first_row;
}
