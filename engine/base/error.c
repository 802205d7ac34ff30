#include "engine/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"

struct code_facts {
  int code;
  enum sc_class class;
  int exit_status;
  const char *name;
  const char *text;
};

static const struct code_facts codes[] = {
#define SC_ERROR(name, value, class, exit_status, text) {value, class, exit_status, #name, text},
#include "engine/base/errors.def"
#undef SC_ERROR
};

static const char *const class_names[] = {
    [SC_CLASS_NONE] = "none",
    [SC_CLASS_RETRY] = "retry",
    [SC_CLASS_REWIND] = "rewind",
    [SC_CLASS_REPLAN] = "replan",
    [SC_CLASS_TAKE_AGAIN] = "take-again",
    [SC_CLASS_THROTTLE] = "throttle",
    [SC_CLASS_AUTH] = "auth",
    [SC_CLASS_ROW] = "row",
    [SC_CLASS_CONFIG] = "config",
    [SC_CLASS_FATAL] = "fatal",
};

enum { N_CODES = sizeof(codes) / sizeof(codes[0]), N_CLASSES = sizeof(class_names) / sizeof(class_names[0]) };

static const struct code_facts *facts_of(int code) {
  for (int i = 0; i < N_CODES; i++)
    if (codes[i].code == code) return &codes[i];
  fprintf(stderr, "error code %d is not in errors.def\n", code);
  abort();
}

int sc_error_vset(struct sc_error *err, int code, const char *fmt, va_list args) {
  enum sc_class class = facts_of(code)->class;
  char text[sizeof(err->text)]; /* the arguments may point into err */
  vsnprintf(text, sizeof(text), fmt, args);
  memset(err, 0, sizeof(*err));
  err->code = code;
  err->class = class;
  memcpy(err->text, text, strlen(text) + 1);
  return code;
}

int(sc_error_set)(struct sc_error *err, int code, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  sc_error_vset(err, code, fmt, args);
  va_end(args);
  return code;
}

int(sc_error_fail)(struct sc_error *err, int code, const char *hint, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  sc_error_vset(err, code, fmt, args);
  va_end(args);
  if (hint != NULL) sc_error_hint(err, "%s", hint);
  return code;
}

int sc_error_as(struct sc_error *err, enum sc_class class) {
  err->class = class;
  return err->code;
}

int(sc_error_errno)(struct sc_error *err, int code, int os_errno, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  sc_error_vset(err, code, fmt, args);
  va_end(args);
  const char *why = strerrordesc_np(os_errno);
  size_t len = strlen(err->text);
  snprintf(err->text + len, sizeof(err->text) - len, ": %s", why != NULL ? why : "unknown error");
  err->os_errno = os_errno;
  return code;
}

void sc_error_prefix(struct sc_error *err, const char *fmt, ...) {
  char text[2 * sizeof(err->text)];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof(err->text), fmt, args);
  va_end(args);
  size_t len = strlen(text);
  snprintf(text + len, sizeof(text) - len, ": %s", err->text);
  text[sizeof(err->text) - 1] = '\0';
  memcpy(err->text, text, strlen(text) + 1);
}

void sc_error_hint(struct sc_error *err, const char *fmt, ...) {
  char hint[sizeof(err->hint)];
  va_list args;
  va_start(args, fmt);
  vsnprintf(hint, sizeof(hint), fmt, args);
  va_end(args);
  memcpy(err->hint, hint, strlen(hint) + 1);
}

void sc_error_clear(struct sc_error *err) { memset(err, 0, sizeof(*err)); }

const char *sc_error_name(int code) { return facts_of(code)->name; }
enum sc_class sc_error_class_of(int code) { return facts_of(code)->class; }
int sc_error_exit_status(int code) { return facts_of(code)->exit_status; }

const char *sc_class_name(enum sc_class class) {
  SC_ASSERT((unsigned)class < N_CLASSES);
  return class_names[class];
}

void sc_error_print_reference(struct sc_buf *out) {
  sc_buf_add_str(out, "| code | class | exit status | meaning |\n|---|---|---|---|\n");
  for (int i = 0; i < N_CODES; i++) {
    const struct code_facts *f = &codes[i];
    sc_buf_printf(out, "| `%s` | %s | %d | %s |\n", f->name, sc_class_name(f->class), f->exit_status, f->text);
  }
}
