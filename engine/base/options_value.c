#include "engine/base/options_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

struct unit {
  const char *name;
  int64_t factor;
};

static const struct unit byte_units[] = {
    {"", 1},      {"B", 1},        {"KiB", 1LL << 10}, {"MiB", 1LL << 20},    {"GiB", 1LL << 30}, {"TiB", 1LL << 40},
    {"kB", 1000}, {"MB", 1000000}, {"GB", 1000000000}, {"TB", 1000000000000}, {NULL, 0},
};

static const struct unit duration_units[] = {
    {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static bool find_unit(struct sc_slice name, const struct unit *units, int64_t *factor) {
  for (; units->name != NULL; units++) {
    if (strlen(units->name) != name.len || strncasecmp(units->name, name.ptr, name.len) != 0) continue;
    *factor = units->factor;
    return true;
  }
  return false;
}

static size_t count_digits(struct sc_slice s, size_t from) {
  size_t n = 0;
  while (from + n < s.len && s.ptr[from + n] >= '0' && s.ptr[from + n] <= '9') n++;
  return n;
}

/* Digits behind the point, at most six of them, times factor; the rest of a unit is cut off. */
static int64_t scale_fraction(struct sc_slice digits, int64_t factor) {
  int64_t value = 0, scale = 1;
  for (size_t i = 0; i < digits.len; i++, scale *= 10) value = value * 10 + (digits.ptr[i] - '0');
  return value * factor / scale;
}

/* "1.5GiB": digits, perhaps a fraction, a unit of the table. */
static bool parse_scaled(struct sc_slice text, const struct unit *units, int64_t *out) {
  size_t whole = count_digits(text, 0), end = whole, fraction = 0;
  int64_t value, factor;
  if (end < text.len && text.ptr[end] == '.') {
    fraction = count_digits(text, end + 1);
    if (fraction < 1 || fraction > 6) return false;
    end += 1 + fraction;
  }
  if (!sc_slice_to_i64(sc_slice_of(text.ptr, whole), &value)) return false;
  if (!find_unit(sc_slice_of(text.ptr + end, text.len - end), units, &factor)) return false;
  struct sc_slice digits = sc_slice_of(text.ptr + end - fraction, fraction);
  return !__builtin_mul_overflow(value, factor, &value) &&
         !__builtin_add_overflow(value, scale_fraction(digits, factor), out);
}

bool sc_parse_bytes(struct sc_slice text, int64_t *out) { return parse_scaled(text, byte_units, out); }
bool sc_parse_duration_ms(struct sc_slice text, int64_t *out) { return parse_scaled(text, duration_units, out); }

/* In the largest unit that divides it. */
static void add_scaled(struct sc_buf *out, int64_t value, const struct unit *units) {
  const struct unit *best = NULL;
  for (const struct unit *u = units; u->name != NULL; u++)
    if (*u->name && value % u->factor == 0 && (best == NULL || u->factor > best->factor)) best = u;
  SC_ASSERT(best != NULL);
  if (value == 0) sc_buf_add_char(out, '0');
  else sc_buf_printf(out, "%" PRId64 "%s", value / best->factor, best->name);
}

static void add_number(struct sc_buf *out, enum sc_option_type type, int64_t value) {
  if (type == SC_OPTION_INT) sc_buf_printf(out, "%" PRId64, value);
  else add_scaled(out, value, type == SC_OPTION_BYTES ? byte_units : duration_units);
}

static int64_t most_of(const struct sc_option_spec *spec) {
  return spec->min == 0 && spec->max == 0 ? INT64_MAX : spec->max;
}

struct sc_slice sc_option_next_choice(const char **choices) {
  const char *start = *choices;
  size_t len = strcspn(start, "|");
  *choices = start + len + (start[len] == '|');
  return sc_slice_of(start, len);
}

static void add_choices(struct sc_buf *out, const char *choices) {
  const char *before = "one of ";
  for (; *choices; before = ", ") {
    sc_buf_add_str(out, before);
    sc_buf_add_slice(out, sc_option_next_choice(&choices));
  }
}

void sc_option_add_allowed(const struct sc_option_spec *spec, struct sc_buf *out) {
  if (spec->type == SC_OPTION_TEXT) return;
  if (spec->type == SC_OPTION_FLAG) {
    sc_buf_add_str(out, "true or false");
  } else if (spec->type == SC_OPTION_CHOICE) {
    add_choices(out, spec->choices);
  } else {
    add_number(out, spec->type, spec->min);
    sc_buf_add_str(out, most_of(spec) == INT64_MAX ? " or more" : " to ");
    if (most_of(spec) < INT64_MAX) add_number(out, spec->type, spec->max);
  }
}

static bool parse_flag(const char *text, int64_t *number) {
  static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
  for (int i = 0; i < 8; i++)
    if (strcasecmp(text, words[i]) == 0) return *number = i % 2, true;
  return false;
}

static bool parse_choice(const char *choices, const char *text, int64_t *number) {
  for (int64_t i = 0; *choices; i++)
    if (sc_slice_is(sc_option_next_choice(&choices), text)) return *number = i, true;
  return false;
}

static bool parse(const struct sc_option_spec *spec, const char *text, int64_t *number) {
  struct sc_slice s = sc_slice_str(text);
  *number = 0;
  switch (spec->type) {
    case SC_OPTION_TEXT:
      return true;
    case SC_OPTION_FLAG:
      return parse_flag(text, number);
    case SC_OPTION_CHOICE:
      return parse_choice(spec->choices, text, number);
    case SC_OPTION_INT:
      return sc_slice_to_i64(s, number);
    case SC_OPTION_BYTES:
      return sc_parse_bytes(s, number);
    case SC_OPTION_DURATION:
      return sc_parse_duration_ms(s, number);
  }
  return false;
}

static bool has_bounds(const struct sc_option_spec *spec) {
  return spec->type == SC_OPTION_INT || spec->type == SC_OPTION_BYTES || spec->type == SC_OPTION_DURATION;
}

static const char *expected(enum sc_option_type type) {
  switch (type) {
    case SC_OPTION_INT:
      return "a whole number: ";
    case SC_OPTION_BYTES:
      return "a size like 1048576, 64KiB, 1MiB or 2GiB: ";
    case SC_OPTION_DURATION:
      return "a time like 250ms, 1s, 5m, 2h or 1d: ";
    default:
      return "";
  }
}

bool sc_option_check(const struct sc_option_spec *spec, const char *text, int64_t *number, struct sc_buf *why) {
  bool parsed = parse(spec, text, number);
  if (parsed && (!has_bounds(spec) || (*number >= spec->min && *number <= most_of(spec)))) return true;
  if (spec->secret) sc_buf_add_str(why, "the value");
  else sc_buf_printf(why, "'%s'", text);
  sc_buf_printf(why, " is %s%s", parsed ? "out of bounds: " : "not ", parsed ? "" : expected(spec->type));
  sc_option_add_allowed(spec, why);
  return false;
}

void sc_option_env_name(const struct sc_program_spec *program, const char *name, char *out, size_t bytes) {
  snprintf(out, bytes, "%s_%s", program->env_prefix, name);
  for (char *p = out; *p; p++) {
    if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 'a' + 'A');
    if (*p == '-') *p = '_';
  }
}
