#include "bench/local/auth/keyring.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/bench/local/auth/signed_request.h"
#include "tests/unit/engine/base/check.h"

static bool has(struct scl_keyring *ring, const char *id, const char *secret) {
  struct scl_key key;
  return scl_keyring_find(ring, sc_slice_str(id), &key) && strcmp(key.secret, secret) == 0 && key.token[0] == '\0';
}

static void test_read(void **state) {
  (void)state;
  struct sc_error err;
  struct scl_keyring *ring = scl_keyring_new();
  assert_int_equal(scl_keyring_read(ring, SC_SLICE_LITERAL("A:s/+=1, B:x:y\n# C:no\n\r\n , \nD:d\r\n"), &err), SC_OK);
  assert_int_equal(scl_keyring_count(ring), 3);
  assert_true(has(ring, "A", "s/+=1"));
  assert_true(has(ring, "B", "x:y"));
  assert_true(has(ring, "D", "d"));
  assert_false(has(ring, "C", "no"));
  assert_false(has(ring, "", ""));
  assert_int_equal(scl_keyring_read(ring, SC_SLICE_LITERAL("A:other"), &err), SC_OK);
  assert_int_equal(scl_keyring_read(ring, SC_SLICE_LITERAL(""), &err), SC_OK);
  assert_true(has(ring, "A", "other"));
  assert_int_equal(scl_keyring_count(ring), 3);
  scl_keyring_free(ring);
}

/* What is wrong is said without the secret. */
static void test_read_bad(void **state) {
  (void)state;
  static const char *const bad[] = {"HIDDEN", ":HIDDEN", "A:", "A:HID DEN", "A/B:HIDDEN", "A:HIDDEN\xc3\xa9", "A:\x01"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    struct sc_error err;
    struct scl_keyring *ring = scl_keyring_new();
    char text[100];
    snprintf(text, sizeof(text), "GOOD:good,%s", bad[i]);
    assert_int_equal(scl_keyring_read(ring, sc_slice_str(text), &err), SC_E_USAGE);
    assert_non_null(strstr(err.text, "key 2 "));
    assert_null(strstr(err.text, "HIDDEN"));
    scl_keyring_free(ring);
  }
  struct sc_error err;
  struct scl_keyring *ring = scl_keyring_new();
  struct sc_buf long_text = SC_BUF_INIT;
  for (int i = 0; i <= SCL_KEYRING_MAX_GIVEN; i++) sc_buf_printf(&long_text, "K%d:s\n", i);
  assert_int_equal(scl_keyring_read(ring, sc_buf_view(&long_text), &err), SC_E_USAGE);
  assert_non_null(strstr(err.text, "key 1001 is one too many"));
  assert_true(has(ring, "K999", "s"));
  sc_buf_fini(&long_text);
  scl_keyring_free(ring);
}

static void test_file(void **state) {
  (void)state;
  struct sc_error err;
  struct scl_keyring *ring = scl_keyring_new();
  char path[] = "/tmp/test-keyring-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  static const char text[] = "# two\nA:a\nB:b\n";
  assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
  close(fd);
  assert_int_equal(scl_keyring_read_file(ring, path, &err), SC_OK);
  assert_true(has(ring, "A", "a") && has(ring, "B", "b"));
  unlink(path);
  assert_int_equal(scl_keyring_read_file(ring, path, &err), SC_E_IO);
  assert_int_equal(scl_keyring_read_file(ring, "/dev/zero", &err), SC_E_USAGE);
  scl_keyring_free(ring);
}

/* The oldest session makes room; given keys never do. */
static void test_sessions(void **state) {
  (void)state;
  struct scl_key key;
  struct sc_error err;
  struct scl_keyring *ring = scl_keyring_new();
  assert_int_equal(scl_keyring_read(ring, SC_SLICE_LITERAL("GIVEN:g"), &err), SC_OK);
  char id[32];
  for (int i = 0; i < SCL_KEYRING_SESSIONS + 2; i++) {
    snprintf(id, sizeof(id), "S%d", i);
    add_key(ring, id, "secret", "token", i);
  }
  assert_int_equal(scl_keyring_count(ring), 1 + SCL_KEYRING_SESSIONS);
  assert_true(has(ring, "GIVEN", "g"));
  assert_false(scl_keyring_find(ring, sc_slice_str("S0"), &key));
  assert_false(scl_keyring_find(ring, sc_slice_str("S1"), &key));
  assert_true(scl_keyring_find(ring, sc_slice_str("S2"), &key));
  assert_int_equal(key.expires_ms, 2);
  assert_string_equal(key.token, "token");
  add_key(ring, "S2", "secret", "token", 99);
  assert_true(scl_keyring_find(ring, sc_slice_str("S2"), &key));
  assert_int_equal(key.expires_ms, 99);
  assert_true(scl_keyring_find(ring, sc_slice_str(id), &key));
  scl_key_wipe(&key);
  assert_string_equal(key.secret, "");
  scl_keyring_free(ring);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_read),
      cmocka_unit_test(test_read_bad),
      cmocka_unit_test(test_file),
      cmocka_unit_test(test_sessions),
  };
  return cmocka_run_group_tests_name("local/keyring", tests, NULL, NULL);
}
