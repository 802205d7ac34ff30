/* What cmocka wants before it is included, and whether a function aborts. */
#ifndef SC_TESTS_UNIT_ENGINE_BASE_CHECK_H
#define SC_TESTS_UNIT_ENGINE_BASE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs fn in a child: true when it ends by SIGABRT. Its standard error goes nowhere. */
static inline bool aborts(void (*fn)(void)) {
  int status;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    fn();
    _exit(0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
