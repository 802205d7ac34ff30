#include "bench/local/http/certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/local/http/tls.h"
#include "tests/unit/engine/base/check.h"

struct world {
  char dir[64];
  struct sc_error err;
};

static void begin(struct world *w) {
  snprintf(w->dir, sizeof(w->dir), "/tmp/shardcopy-test-XXXXXX");
  assert_non_null(mkdtemp(w->dir));
}

static void end(struct world *w) {
  const char *const files[] = {"ca.pem", "ca-key.pem", "server.pem", "server-key.pem", "lock"};
  const char *const folders[] = {"/new/deep", "/new", ""};
  char path[128];
  for (size_t d = 0; d < 3; d++) {
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
      snprintf(path, sizeof(path), "%s%s/%s", w->dir, folders[d], files[i]);
      unlink(path);
    }
    snprintf(path, sizeof(path), "%s%s", w->dir, folders[d]);
    rmdir(path);
  }
}

static void read_file(const struct sc_buf *path, struct sc_buf *out) {
  FILE *file = fopen(sc_buf_str(path), "r");
  assert_non_null(file);
  char bytes[4096];
  size_t n = fread(bytes, 1, sizeof(bytes), file);
  sc_buf_add(out, bytes, n);
  fclose(file);
}

static void write_file(const struct sc_buf *path, const char *text) {
  FILE *file = fopen(sc_buf_str(path), "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static mode_t mode_of(const struct sc_buf *path) {
  struct stat st;
  assert_int_equal(stat(sc_buf_str(path), &st), 0);
  return st.st_mode & 0777;
}

static void ensure(struct world *w, const char *dir, struct scl_certs *certs) {
  if (scl_certs_ensure(dir, certs, &w->err) != SC_OK) fail_msg("%s", w->err.text);
}

static void test_first_start(void **state) {
  (void)state;
  struct world w;
  struct scl_certs certs = {0};
  char dir[128];
  begin(&w);
  snprintf(dir, sizeof(dir), "%s/new/deep", w.dir);
  ensure(&w, dir, &certs);
  assert_int_equal(mode_of(&certs.ca_key), 0600);
  assert_int_equal(mode_of(&certs.server_key), 0600);
  assert_int_equal(mode_of(&certs.ca), 0644);
  struct scl_tls_context *tls = scl_tls_context_new(sc_buf_str(&certs.server), sc_buf_str(&certs.server_key), &w.err);
  assert_non_null(tls);
  scl_tls_context_free(tls);
  scl_certs_fini(&certs);
  end(&w);
}

/* The authority is kept; a server certificate that is gone, broken or of another authority is made anew. */
static void test_later_starts(void **state) {
  (void)state;
  struct world w;
  struct scl_certs certs = {0}, again = {0}, third = {0};
  struct sc_buf ca = SC_BUF_INIT, server = SC_BUF_INIT, ca_later = SC_BUF_INIT, server_later = SC_BUF_INIT;
  begin(&w);
  ensure(&w, w.dir, &certs);
  read_file(&certs.ca, &ca);
  read_file(&certs.server, &server);
  ensure(&w, w.dir, &again);
  read_file(&certs.ca, &ca_later);
  read_file(&certs.server, &server_later);
  assert_string_equal(sc_buf_str(&ca), sc_buf_str(&ca_later));
  assert_string_equal(sc_buf_str(&server), sc_buf_str(&server_later));
  write_file(&certs.ca_key, "broken");
  ensure(&w, w.dir, &third);
  sc_buf_clear(&ca_later);
  sc_buf_clear(&server_later);
  read_file(&certs.ca, &ca_later);
  read_file(&certs.server, &server_later);
  assert_string_not_equal(sc_buf_str(&ca), sc_buf_str(&ca_later));
  assert_string_not_equal(sc_buf_str(&server), sc_buf_str(&server_later));
  scl_certs_fini(&certs);
  scl_certs_fini(&again);
  scl_certs_fini(&third);
  sc_buf_fini(&ca);
  sc_buf_fini(&server);
  sc_buf_fini(&ca_later);
  sc_buf_fini(&server_later);
  end(&w);
}

static void test_failures(void **state) {
  (void)state;
  struct world w;
  struct scl_certs certs = {0};
  begin(&w);
  assert_int_equal(scl_certs_ensure("/dev/null/x", &certs, &w.err), SC_E_IO);
  assert_null(scl_tls_context_new("/nowhere/server.pem", "/nowhere/key.pem", &w.err));
  assert_int_equal(w.err.code, SC_E_IO);
  scl_certs_fini(&certs);
  end(&w);
}

static void test_default_dir(void **state) {
  (void)state;
  struct sc_buf dir = SC_BUF_INIT;
  setenv("XDG_DATA_HOME", "/data", 1);
  assert_true(scl_certs_default_dir(&dir));
  assert_string_equal(sc_buf_str(&dir), "/data/shardcopy-local");
  sc_buf_clear(&dir);
  setenv("XDG_DATA_HOME", "relative", 1);
  setenv("HOME", "/home/me", 1);
  assert_true(scl_certs_default_dir(&dir));
  assert_string_equal(sc_buf_str(&dir), "/home/me/.local/share/shardcopy-local");
  sc_buf_clear(&dir);
  unsetenv("HOME");
  assert_false(scl_certs_default_dir(&dir));
  sc_buf_fini(&dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_first_start),
      cmocka_unit_test(test_later_starts),
      cmocka_unit_test(test_failures),
      cmocka_unit_test(test_default_dir),
  };
  return cmocka_run_group_tests_name("local/certs", tests, NULL, NULL);
}
