#include "engine/position.h"

#include <stdio.h>

#include "engine/base/clock.h"
#include "engine/base/error.h"

static bool is_digits(struct sc_slice text) {
  for (size_t i = 0; i < text.len; i++)
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
  return text.len > 0;
}

bool sc_sequence_parse(struct sc_slice text, struct sc_sequence *out) {
  out->len = 0;
  out->part = 0;
  if (text.len > SC_SEQUENCE_DIGITS || !is_digits(text)) return false;
  while (text.len > 1 && *text.ptr == '0') text = sc_slice_of(text.ptr + 1, text.len - 1);
  out->len = (uint8_t)text.len;
  memcpy(out->digits, text.ptr, text.len);
  return true;
}

int sc_sequence_compare(const struct sc_sequence *a, const struct sc_sequence *b) {
  if (a->len != b->len) return a->len < b->len ? -1 : 1;
  int order = memcmp(a->digits, b->digits, a->len);
  if (order != 0 || a->part == b->part) return order;
  return a->part - 1 < b->part - 1 ? -1 : 1; /* unsigned: the whole record, 0, comes last */
}

bool sc_position_parse(const char *text, struct sc_position *out) {
  *out = (struct sc_position){.start = SC_START_TRIM_HORIZON};
  if (strcmp(text, "trim-horizon") == 0) return true;
  out->start = SC_START_LATEST;
  if (strcmp(text, "latest") == 0) return true;
  out->start = SC_START_AT_TIME;
  return sc_clock_parse_time(sc_slice_str(text), &out->at_ms);
}

void sc_position_format(const struct sc_position *p, char out[160]) {
  char time[25];
  struct sc_slice digits = sc_sequence_view(&p->sequence);
  switch (p->start) {
    case SC_START_TRIM_HORIZON:
      memcpy(out, "trim-horizon", sizeof "trim-horizon");
      return;
    case SC_START_LATEST:
      memcpy(out, "latest", sizeof "latest");
      return;
    case SC_START_AT_TIME:
      sc_clock_format_ms(p->at_ms, time);
      memcpy(out, time, sizeof(time));
      return;
    case SC_START_AT:
      snprintf(out, 160, "at %.*s", SC_SLICE_ARGS(digits));
      return;
    case SC_START_AFTER:
      snprintf(out, 160, "after %.*s", SC_SLICE_ARGS(digits));
      if (p->sequence.part != 0) snprintf(out + strlen(out), 20, " part %u", p->sequence.part);
      return;
  }
  SC_ASSERT(!"a start of the enum");
}
