#include "sink/postgres/create.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char used[40][64];
static size_t n_used;

static const char *name_of(struct sc_slice key) {
  static char name[64];
  assert_true(sc_pg_create_name(key, (const char(*)[64])used, n_used, name));
  assert_true(n_used < 40);
  snprintf(used[n_used++], 64, "%s", name);
  return name;
}

static void keys_become_names(void **state) {
  (void)state;
  n_used = 0;
  assert_string_equal(name_of(sc_slice_str("a")), "a");
  assert_string_equal(name_of(sc_slice_str("A")), "A");
  assert_string_equal(name_of(sc_slice_str("se\"lect ; drop")), "se\"lect ; drop");
  assert_string_equal(name_of(sc_slice_str("")), "_");
  assert_string_equal(name_of(sc_slice_str("_")), "__2");
  assert_string_equal(name_of(sc_slice_str("ctid")), "ctid_2");
  assert_string_equal(name_of(sc_slice_str("ctid_2")), "ctid_2_2");
}

static void long_keys_are_cut_between_characters(void **state) {
  (void)state;
  char key[70], first[64];
  n_used = 0;
  memset(key, 'x', 63);
  key[63] = 0;
  assert_string_equal(name_of(sc_slice_str(key)), key); /* as long as a name may be */
  memset(key, 'x', 53);
  memcpy(key + 53, "\xc5\xbcyyyyyyyyyyyy", 15);
  snprintf(first, 64, "%s", name_of(sc_slice_str(key)));
  assert_int_equal(strlen(first), 53 + 9); /* the character would be cut in two */
  assert_memory_equal(first, key, 53);
  assert_int_equal(first[53], '_');
  assert_int_equal(strspn(first + 54, "0123456789abcdef"), 8);
  key[66] = 'z';
  const char *second = name_of(sc_slice_str(key));
  assert_memory_equal(first, second, 54);
  assert_string_not_equal(first, second);
  const char *third = name_of(sc_slice_str(key)); /* should two hashes be the same */
  assert_string_equal(third + strlen(third) - 2, "_2");
  assert_true(strlen(third) <= 63);
}

static void a_key_with_nul_has_no_name(void **state) {
  (void)state;
  char name[64];
  assert_false(sc_pg_create_name(sc_slice_of("a\0b", 3), NULL, 0, name));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_become_names),
      cmocka_unit_test(long_keys_are_cut_between_characters),
      cmocka_unit_test(a_key_with_nul_has_no_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
