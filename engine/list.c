#include "engine/list.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/slice.h"
#include "engine/print.h"

void sc_list_init(struct sc_list *list, const char *const *headings, const char *const *keys, size_t n_columns,
                  bool json) {
  SC_ASSERT(n_columns >= 1 && n_columns <= SC_LIST_COLUMNS_MAX);
  *list = (struct sc_list){.headings = headings, .keys = keys, .n_columns = n_columns, .json = json};
}

void sc_list_fini(struct sc_list *list) {
  for (size_t i = 0; i < list->n_rows * list->n_columns; i++) free(list->cells[i]);
  free(list->cells);
  list->cells = NULL;
  list->n_rows = list->cap_rows = 0;
}

void sc_list_add(struct sc_list *list, const char *const *cells) {
  if (list->n_rows == list->cap_rows) {
    list->cap_rows = list->cap_rows ? 2 * list->cap_rows : 64;
    list->cells = sc_realloc(list->cells, list->cap_rows * list->n_columns * sizeof(char *));
  }
  char **row = list->cells + list->n_rows++ * list->n_columns;
  for (size_t i = 0; i < list->n_columns; i++) row[i] = cells[i] != NULL ? sc_strdup(cells[i]) : NULL;
}

static void print_json(const struct sc_list *list, struct sc_buf *out) {
  for (size_t r = 0; r < list->n_rows; r++) {
    for (size_t i = 0; i < list->n_columns; i++) {
      const char *cell = list->cells[r * list->n_columns + i];
      sc_buf_printf(out, "%s\"%s\":", i ? "," : "{", list->keys[i]);
      if (cell != NULL) sc_buf_add_json_string(out, sc_slice_str(cell));
      else sc_buf_add_str(out, "null");
    }
    sc_buf_add_str(out, "}\n");
  }
}

static void print_row(const struct sc_list *list, const char *const *cells, const size_t *widths, struct sc_buf *out) {
  for (size_t i = 0; i < list->n_columns; i++) {
    const char *cell = cells[i] != NULL ? cells[i] : "-";
    if (i + 1 < list->n_columns) sc_buf_printf(out, "%-*s  ", (int)widths[i], cell);
    else sc_buf_printf(out, "%s\n", cell);
  }
}

static void print_table(const struct sc_list *list, struct sc_buf *out) {
  size_t widths[SC_LIST_COLUMNS_MAX];
  for (size_t i = 0; i < list->n_columns; i++) widths[i] = strlen(list->headings[i]);
  for (size_t i = 0; i < list->n_rows * list->n_columns; i++) {
    size_t n = list->cells[i] != NULL ? strlen(list->cells[i]) : 1;
    if (n > widths[i % list->n_columns]) widths[i % list->n_columns] = n;
  }
  print_row(list, list->headings, widths, out);
  for (size_t r = 0; r < list->n_rows; r++)
    print_row(list, (const char *const *)list->cells + r * list->n_columns, widths, out);
}

void sc_list_print(const struct sc_list *list, struct sc_buf *out) {
  if (list->json) print_json(list, out);
  else print_table(list, out);
}

int sc_list_write(const struct sc_list *list, struct sc_error *err) {
  struct sc_buf out = SC_BUF_INIT;
  sc_list_print(list, &out);
  return sc_print(&out, err);
}
