#include "engine/examine.h"

#include <stdio.h>

/* The first line of a text from outside; nothing in it may steer the terminal. */
static void print_line(const char *text) {
  for (; *text != '\0' && *text != '\n'; text++)
    putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' : (unsigned char)*text);
  putchar('\n');
}

static void tell(const char *verdict, const char *what, const char *hint, const char *text) {
  printf("%-5s %s: ", verdict, what);
  print_line(text);
  if (hint != NULL && *hint) {
    printf("      hint: ");
    print_line(hint);
  }
  fflush(stdout);
}

void sc_examine_ok(const char *what, const char *fmt, ...) {
  char text[1024];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof(text), fmt, args);
  va_end(args);
  tell("ok", what, NULL, text);
}

void sc_examine_note(const char *what, const char *hint, const char *fmt, ...) {
  char text[1024];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof(text), fmt, args);
  va_end(args);
  tell("note", what, hint, text);
}

void sc_examine_fail(struct sc_examine *x, const char *what, const struct sc_error *err) {
  if (x->n_failed++ == 0) x->first = *err;
  tell("FAIL", what, err->hint, err->text);
}
