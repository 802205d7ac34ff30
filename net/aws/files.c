#include "net/aws/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sc_aws_file_read(const char *path, size_t max_bytes, struct sc_buf *text, struct sc_error *err) {
  sc_buf_clear(text);
  FILE *file = fopen(path, "re");
  if (file == NULL && (errno == ENOENT || errno == ENOTDIR)) return SC_AGAIN;
  if (file == NULL) return sc_error_errno(err, SC_E_CONFIG, errno, "cannot read %s", path);
  sc_buf_reserve(text, max_bytes + 1);
  size_t len = fread(text->ptr, 1, max_bytes + 1, file);
  int failed = ferror(file) ? errno : 0;
  fclose(file);
  if (failed) return sc_error_errno(err, SC_E_CONFIG, failed, "cannot read %s", path);
  if (len > max_bytes) return sc_error_set(err, SC_E_CONFIG, "%s is larger than %zu bytes", path, max_bytes);
  text->len = len;
  text->ptr[len] = '\0';
  return SC_OK;
}

void sc_aws_file_expand(struct sc_buf *path, const char *name) {
  const char *home = getenv("HOME");
  sc_buf_clear(path);
  if (strncmp(name, "~/", 2) == 0) sc_buf_printf(path, "%s%s", home != NULL ? home : "", name + 1);
  else sc_buf_add_str(path, name);
}

void sc_aws_wipe(struct sc_buf *text) {
  if (text->ptr != NULL) explicit_bzero(text->ptr, text->cap);
  sc_buf_fini(text);
}
