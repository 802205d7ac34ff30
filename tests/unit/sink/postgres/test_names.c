#include "sink/postgres/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void application_names_fit(void **state) {
  (void)state;
  char name[64], worker[64], pid[32], long_name[256];
  sc_pg_names_worker(worker);
  snprintf(pid, sizeof(pid), "%ld@", (long)getpid());
  assert_ptr_equal(strstr(worker, pid), worker);
  sc_pg_names_application("demo", "write 3", name);
  assert_ptr_equal(strstr(name, "shardcopy demo write-3 "), name);
  assert_non_null(strstr(name, worker));
  memset(long_name, 'n', sizeof(long_name) - 1);
  long_name[255] = 0;
  sc_pg_names_application(long_name, "control", name);
  assert_int_equal(strlen(name), 63);
  assert_string_equal(name + 63 - strlen(worker), worker);
  sc_pg_names_application("ż\n", "control", name);
  assert_ptr_equal(strstr(name, "shardcopy ??? control "), name);
}

static void lock_keys_tell_loads_apart(void **state) {
  (void)state;
  int64_t key = sc_pg_names_lock_key("public", "demo");
  assert_true(key == sc_pg_names_lock_key("public", "demo"));
  assert_true(key != sc_pg_names_lock_key("public", "demo2"));
  assert_true(key != sc_pg_names_lock_key("publicd", "emo"));
  assert_true(sc_pg_names_lock_key("", "ddl") != sc_pg_names_lock_key("ddl", ""));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(application_names_fit),
                                     cmocka_unit_test(lock_keys_tell_loads_apart)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
