#include "engine/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/base/clock.h"

enum { PROGRESS_BYTES = 512, DEFAULT_COLUMNS = 80, LIMITED_WINDOW_MS = 10000 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const level_marks[] = {"debug: ", "", "warning: ", "error: "};
static const char erase_line[] = "\r\033[K";

static enum sc_level least_level = SC_INFO;
static bool is_terminal;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* progress, and the order of what the terminal shows */
static char progress[PROGRESS_BYTES];

void sc_log_init(enum sc_level least, bool terminal) {
  least_level = least;
  is_terminal = terminal;
}

bool sc_log_level_parse(const char *name, enum sc_level *out) {
  for (int i = SC_DEBUG; i <= SC_ERROR_LEVEL; i++)
    if (strcmp(name, level_names[i]) == 0) return *out = (enum sc_level)i, true;
  return false;
}

/* A log that cannot be written is given up: there is nowhere to say so. */
static void write_all(struct sc_slice s) {
  while (s.len > 0) {
    ssize_t n = write(STDERR_FILENO, s.ptr, s.len);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    s = sc_slice_of(s.ptr + n, s.len - (size_t)n);
  }
}

static void add_escaped_char(struct sc_buf *out, unsigned char c) {
  if (c == '\n') sc_buf_add_str(out, "\\n");
  else if (c < 0x20 || c == 0x7f) sc_buf_printf(out, "\\x%02x", c);
  else sc_buf_add_char(out, (char)c);
}

static void add_escaped(struct sc_buf *out, const char *text) {
  for (; *text; text++) add_escaped_char(out, (unsigned char)*text);
}

static bool needs_quotes(const char *value) {
  for (const char *p = value; *p; p++)
    if ((unsigned char)*p <= ' ' || *p == '"' || *p == '=' || *p == '\\' || *p == 0x7f) return true;
  return *value == '\0';
}

static void add_quoted(struct sc_buf *out, const char *value) {
  sc_buf_add_char(out, '"');
  for (const char *p = value; *p; p++) {
    if (*p == '"' || *p == '\\') sc_buf_add_char(out, '\\');
    add_escaped_char(out, (unsigned char)*p);
  }
  sc_buf_add_char(out, '"');
}

void sc_log_add_field(struct sc_buf *out, const char *key, const char *value) {
  if (out->len) sc_buf_add_char(out, ' ');
  sc_buf_printf(out, "%s=", key);
  if (needs_quotes(value)) add_quoted(out, value);
  else sc_buf_add_str(out, value);
}

static void begin_line(struct sc_buf *line, enum sc_level level, const char *msg) {
  char now[25];
  sc_clock_format_ms(sc_clock_wall_ms(), now);
  if (is_terminal) {
    sc_buf_printf(line, "%s%.8s %s", erase_line, now + 11, level_marks[level]);
    add_escaped(line, msg);
    return;
  }
  sc_buf_printf(line, "ts=%s level=%s msg=", now, level_names[level]);
  add_quoted(line, msg);
}

/* One write a line. On a terminal the progress line is drawn again below it, in the same write. */
static void end_line(struct sc_buf *line) {
  sc_buf_add_char(line, '\n');
  pthread_mutex_lock(&lock);
  sc_buf_add_str(line, progress);
  write_all(sc_buf_view(line));
  pthread_mutex_unlock(&lock);
  sc_buf_fini(line);
}

void sc_log(enum sc_level level, const char *msg, const char *fields, ...) {
  struct sc_buf line = SC_BUF_INIT, pairs = SC_BUF_INIT;
  if (level < least_level) return;
  begin_line(&line, level, msg);
  if (fields != NULL) {
    va_list args;
    va_start(args, fields);
    sc_buf_vprintf(&pairs, fields, args);
    va_end(args);
    sc_buf_add_char(&line, ' ');
    add_escaped(&line, sc_buf_str(&pairs));
  }
  end_line(&line);
  sc_buf_fini(&pairs);
}

static void add_known(struct sc_buf *line, const char *key, const char *value) {
  if (*value) sc_log_add_field(line, key, value);
}

static void add_number(struct sc_buf *line, const char *key, int value) {
  if (value) sc_buf_printf(line, " %s=%d", key, value);
}

static void add_origin(struct sc_buf *line, const struct sc_error *err) {
  add_number(line, "errno", err->os_errno);
  add_number(line, "http", err->http_status);
  add_number(line, "curl", err->curl_code);
  add_known(line, "sqlstate", err->sqlstate);
  add_known(line, "service", err->service);
  add_known(line, "shard", err->shard);
  add_known(line, "sequence", err->sequence);
}

void sc_log_error(enum sc_level level, const char *msg, const struct sc_error *err) {
  struct sc_buf line = SC_BUF_INIT;
  if (level < least_level) return;
  begin_line(&line, level, msg);
  if (is_terminal) {
    sc_buf_add_str(&line, ": ");
    add_escaped(&line, err->text);
    add_origin(&line, err);
    if (*err->hint) sc_buf_add_str(&line, "\n         hint: ");
    add_escaped(&line, err->hint);
  } else {
    sc_log_add_field(&line, "error", err->text);
    add_known(&line, "hint", err->hint);
    sc_buf_printf(&line, " code=%s class=%s", sc_error_name(err->code), sc_class_name(err->class));
    add_origin(&line, err);
  }
  end_line(&line);
}

bool sc_log_due(struct sc_log_window *w, int64_t window_ms, uint64_t *suppressed) {
  int64_t now_ms = sc_clock_mono_ms();
  int64_t next_ms = atomic_load(&w->next_ms);
  if (now_ms < next_ms || !atomic_compare_exchange_strong(&w->next_ms, &next_ms, now_ms + window_ms)) {
    atomic_fetch_add(&w->count, 1);
    return false;
  }
  *suppressed = atomic_exchange(&w->count, 0);
  return true;
}

void sc_log_limited(struct sc_log_window *w, enum sc_level level, const char *msg, const char *fields, ...) {
  uint64_t suppressed;
  if (!sc_log_due(w, LIMITED_WINDOW_MS, &suppressed)) return;
  struct sc_buf pairs = SC_BUF_INIT;
  va_list args;
  va_start(args, fields);
  sc_buf_vprintf(&pairs, fields, args);
  va_end(args);
  sc_log(level, msg, "%s suppressed=%llu", sc_buf_str(&pairs), (unsigned long long)suppressed);
  sc_buf_fini(&pairs);
}

static size_t terminal_columns(void) {
  struct winsize size;
  bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col : DEFAULT_COLUMNS;
}

/* Bytes of the first so many characters of the line; whole ones, and no more than are kept. */
static size_t bytes_of(const char *line, size_t characters) {
  size_t end = 0;
  for (size_t i = 0; line[i] != '\0' && i < PROGRESS_BYTES - 1;) {
    i++;
    while (((unsigned char)line[i] & 0xc0) == 0x80) i++;
    if (characters-- == 0 || i >= PROGRESS_BYTES) break;
    end = i;
  }
  return end;
}

/* A line that wraps could not be erased. */
void sc_log_progress(const char *line) {
  if (!is_terminal) return;
  struct sc_buf out = SC_BUF_INIT;
  size_t len = bytes_of(line, terminal_columns() - 1);
  pthread_mutex_lock(&lock);
  memcpy(progress, line, len);
  progress[len] = '\0';
  sc_buf_printf(&out, "%s%s", erase_line, progress);
  write_all(sc_buf_view(&out));
  pthread_mutex_unlock(&lock);
  sc_buf_fini(&out);
}
