/* credential_process: a program of the user's that prints keys as JSON ("Process credential provider", AWS SDKs and
 * Tools Reference Guide). It is started without a shell, with an empty standard input; its standard error is ours, so
 * what it has to say is seen and passes through no log. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "net/aws/fetch.h"
#include "net/aws/files.h"
#include "net/aws/provider.h"
#include "net/aws/words.h"

#define OUTPUT_BYTES_MAX ((size_t)64 << 10)
#define PROCESS_TIMEOUT_MS 120000 /* some ask a person */
#define STOP_LOOK_MS 100
#define NOT_STARTED 127 /* by POSIX: of posix_spawn where it cannot tell at once, and of a shell */

/* The child gets no blocked signals: ours are all blocked, and it could not be interrupted. */
static int spawn(char **argv, int output, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, pipe_only;
  sigemptyset(&none);
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &pipe_only);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  int failed = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed;
}

/* Until the end of what it prints. */
static int read_output(int fd, struct sc_buf *text, struct sc_error *err) {
  int64_t give_up_ms = sc_clock_mono_ms() + PROCESS_TIMEOUT_MS;
  sc_buf_reserve(text, OUTPUT_BYTES_MAX + 1);
  for (;;) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (sc_aws_fetch_is_stopped()) return sc_error_set(err, SC_E_STOPPED, "interrupted while it ran");
    if (sc_clock_mono_ms() > give_up_ms)
      return sc_error_set(err, SC_E_AUTH, "it did not end within %d s", PROCESS_TIMEOUT_MS / 1000);
    if (poll(&ready, 1, STOP_LOOK_MS) <= 0) continue;
    ssize_t n = read(fd, text->ptr + text->len, OUTPUT_BYTES_MAX + 1 - text->len);
    if (n == 0) return SC_OK;
    if (n < 0 && errno != EINTR && errno != EAGAIN)
      return sc_error_errno(err, SC_E_AUTH, errno, "its output cannot be read");
    if (n > 0) text->len += (size_t)n;
    if (text->len > OUTPUT_BYTES_MAX) return sc_error_set(err, SC_E_AUTH, "it prints more than 64 KiB");
  }
}

static int wait_end(pid_t pid, struct sc_error *err) {
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return sc_error_errno(err, SC_E_INTERNAL, errno, "waiting for it failed");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return SC_OK;
  if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED)
    return sc_error_set(err, SC_E_CONFIG, "it cannot be started (status %d)", NOT_STARTED);
  if (WIFSIGNALED(status)) return sc_error_set(err, SC_E_AUTH, "it was ended by signal %d", WTERMSIG(status));
  return sc_error_set(err, SC_E_AUTH, "it ended with status %d", WEXITSTATUS(status));
}

static int run(char **argv, struct sc_buf *text, struct sc_error *err) {
  int ends[2];
  pid_t pid;
  if (pipe2(ends, O_CLOEXEC) != 0) return sc_error_errno(err, SC_E_INTERNAL, errno, "no pipe for it");
  int failed = spawn(argv, ends[1], &pid);
  close(ends[1]);
  if (failed) {
    close(ends[0]);
    return sc_error_errno(err, SC_E_CONFIG, failed, "it cannot be started");
  }
  struct sc_error ended;
  int rc = read_output(ends[0], text, err);
  close(ends[0]);
  if (rc != SC_OK) kill(pid, SIGKILL);
  int end_rc = wait_end(pid, &ended);
  if (rc == SC_OK && end_rc != SC_OK) *err = ended;
  return rc != SC_OK ? rc : end_rc;
}

static int read_keys(struct sc_slice text, struct sc_keys **out, struct sc_error *err) {
  static const struct sc_keys_names names = {"AccessKeyId", "SecretAccessKey", "SessionToken"};
  struct sc_jsondoc *doc = sc_jsondoc_new();
  struct sc_json root = {NULL, 0};
  int64_t version;
  int rc;
  if (sc_jsondoc_check(doc, text, &root) != NULL) rc = sc_error_set(err, SC_E_AUTH, "what it prints is no JSON");
  else if (!sc_json_i64(sc_json_get(root, "Version"), &version) || version != 1)
    rc = sc_error_set(err, SC_E_AUTH, "what it prints is not of Version 1");
  else rc = sc_keys_of_json(root, &names, sc_keys_time(sc_json_get(root, "Expiration")), "its output", out, err);
  sc_jsondoc_free(doc);
  return rc;
}

int sc_provider_process(struct sc_provider *p, struct sc_keys **out, struct sc_error *err) {
  const char *command = sc_provider_setting(p, "credential_process");
  struct sc_buf text = SC_BUF_INIT;
  struct sc_words words;
  int rc;
  if (command == NULL) return sc_provider_pass(p, "credential process: none in profile %s", p->profile);
  if (!sc_words_split(sc_slice_str(command), &words) || words.n == 0)
    rc = sc_error_set(err, SC_E_CONFIG, "a quotation is not closed");
  else rc = run(words.items, &text, err);
  if (rc == SC_OK) rc = read_keys(sc_buf_view(&text), out, err);
  sc_words_fini(&words);
  sc_aws_wipe(&text);
  if (rc != SC_OK && rc != SC_E_STOPPED) sc_error_prefix(err, "credential_process of profile %s", p->profile);
  if (rc != SC_OK) sc_error_hint(err, "run the command of the profile by hand; it must print keys as JSON");
  return rc;
}
