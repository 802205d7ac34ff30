/* Form data: a name in the first line, the form behind it. What is found is what a second reading by pieces finds; and
 * a value, encoded anew behind any form that has no such name, is found as it was. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/local/auth/form.h"
#include "tests/fuzz/fuzz.h"

/* Decoded in place; false when it cannot be. */
static bool decode(char *text) {
  char *out = text;
  for (; *text != '\0'; text++) {
    unsigned byte = (unsigned char)*text;
    if (*text == '+') byte = ' ';
    if (*text == '%') {
      char digits[3] = {0};
      if (text[1] == '\0' || text[2] == '\0') return false;
      memcpy(digits, text + 1, 2);
      if (strspn(digits, "0123456789abcdefABCDEF") != 2) return false;
      byte = (unsigned)strtoul(digits, NULL, 16);
      text += 2;
    }
    if (byte == 0) return false;
    *out++ = (char)byte;
  }
  *out = '\0';
  return true;
}

/* The value, malloc'ed; NULL when there is none. */
static char *find(const char *form, const char *name) {
  char *copy = sc_strdup(form), *found = NULL, *next = copy;
  while (next != NULL && found == NULL) {
    char *pair = next, *end = strchr(pair, '&');
    next = end == NULL ? NULL : end + 1;
    if (end != NULL) *end = '\0';
    if (*pair == '\0') continue;
    char *equals = strchr(pair, '='), *value = equals == NULL ? pair + strlen(pair) : equals + 1;
    char *text = sc_strdup(value);
    if (equals != NULL) *equals = '\0';
    if (decode(pair) && strcmp(pair, name) == 0) {
      if (decode(text)) found = sc_strdup(text);
      free(text);
      break;
    }
    free(text);
  }
  free(copy);
  return found;
}

static void add_encoded(struct sc_buf *out, const char *text) {
  for (; *text != '\0'; text++) sc_buf_printf(out, "%%%02x", (unsigned)(unsigned char)*text);
}

static void check_round_trip(const char *form, const char *name) {
  struct sc_buf longer = SC_BUF_INIT, value = SC_BUF_INIT;
  sc_buf_printf(&longer, "%s&", form);
  add_encoded(&longer, name);
  sc_buf_add_char(&longer, '=');
  add_encoded(&longer, form);
  CHECK(scl_form_get(sc_buf_view(&longer), name, &value));
  CHECK(strcmp(sc_buf_str(&value), form) == 0);
  sc_buf_fini(&longer);
  sc_buf_fini(&value);
}

/* Whether the name is in it, with a value that can be read or not. */
static bool has_name(const char *form, const char *name) {
  char *copy = sc_strdup(form), *next = copy;
  bool is_there = false;
  while (next != NULL) {
    char *pair = next, *end = strpbrk(pair, "&");
    next = end == NULL ? NULL : end + 1;
    if (end != NULL) *end = '\0';
    if (*pair == '\0') continue;
    pair[strcspn(pair, "=")] = '\0';
    is_there = is_there || (decode(pair) && strcmp(pair, name) == 0);
  }
  free(copy);
  return is_there;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const uint8_t *newline = size == 0 ? NULL : memchr(data, '\n', size);
  if (newline == NULL || memchr(data, '\0', size) != NULL) return 0;
  char *name = sc_strndup(sc_slice_of((const char *)data, (size_t)(newline - data)));
  char *form = sc_strndup(sc_slice_of((const char *)newline + 1, size - (size_t)(newline - data) - 1));
  struct sc_buf value = SC_BUF_INIT;
  char *want = find(form, name);
  bool is_there = scl_form_get(sc_slice_str(form), name, &value);
  CHECK(is_there == (want != NULL));
  if (is_there) CHECK(strcmp(sc_buf_str(&value), want) == 0);
  if (!has_name(form, name)) check_round_trip(form, name);
  sc_buf_fini(&value);
  free(want);
  free(name);
  free(form);
  return 0;
}
