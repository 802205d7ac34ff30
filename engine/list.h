/* Lists on standard output: a text table whose columns are as wide as their widest cell, or JSON lines. Control thread;
 * may block on the output. Built whole in memory: lists of the control plane are small. */
#ifndef SC_LIST_H
#define SC_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct sc_buf;
struct sc_error;

#define SC_LIST_COLUMNS_MAX 12

struct sc_list {
  const char *const *headings; /* text; JSON members are given by keys */
  const char *const *keys;
  size_t n_columns;
  bool json;
  char **cells; /* n_rows * n_columns; NULL: nothing (JSON null) */
  size_t n_rows, cap_rows;
};

void sc_list_init(struct sc_list *list, const char *const *headings, const char *const *keys, size_t n_columns,
                  bool json);
void sc_list_fini(struct sc_list *list);
/* Copies n_columns cells. */
void sc_list_add(struct sc_list *list, const char *const *cells);
void sc_list_print(const struct sc_list *list, struct sc_buf *out);
/* Prints to standard output; SC_E_IO when that fails. */
int sc_list_write(const struct sc_list *list, struct sc_error *err);

#endif
