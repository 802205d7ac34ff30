/* Base64: the payloads decoded. Reference: a copy of as many characters. */
#include <stdlib.h>

#include "bench/micro/stage.h"
#include "codec/text/base64.h"

struct state {
  uint32_t n;
  struct sc_buf text;
  size_t *ends; /* of each payload's characters */
  char *room;
};

static void *open_state(const struct sc_micro_data *data, struct sc_micro_size *size) {
  struct state *s = sc_alloc_zero(1, sizeof(*s));
  s->n = data->n;
  s->ends = sc_alloc(data->n * sizeof(*s->ends));
  for (uint32_t i = 0; i < data->n; i++) {
    struct sc_slice payload = data->records[i].data;
    sc_buf_reserve(&s->text, sc_base64_encoded_len(payload.len));
    s->text.len += sc_base64_encode(payload.ptr, payload.len, s->text.ptr + s->text.len);
    s->ends[i] = s->text.len;
  }
  s->room = sc_alloc(s->text.len);
  *size = (struct sc_micro_size){data->n, s->text.len};
  return s;
}

static void close_state(void *state) {
  struct state *s = state;
  sc_buf_fini(&s->text);
  free(s->ends);
  free(s->room);
  free(s);
}

static int64_t pass(void *state) {
  struct state *s = state;
  int64_t start = sc_micro_now_ns();
  size_t at = 0, to = 0, len;
  for (uint32_t i = 0; i < s->n; i++) {
    bool is_good = sc_base64_decode(s->text.ptr + at, s->ends[i] - at, s->room + to, &len);
    SC_ASSERT(is_good);
    to += len;
    at = s->ends[i];
  }
  sc_micro_use(s->room);
  return sc_micro_now_ns() - start;
}

static int64_t copy(void *state) {
  struct state *s = state;
  int64_t start = sc_micro_now_ns();
  size_t at = 0;
  for (uint32_t i = 0; i < s->n; i++) {
    memcpy(s->room + at, s->text.ptr + at, s->ends[i] - at);
    at = s->ends[i];
  }
  sc_micro_use(s->room);
  return sc_micro_now_ns() - start;
}

const struct sc_micro_stage sc_stage_base64 = {"base64 decode", "memcpy",    "record", "characters", false,
                                               open_state,      close_state, pass,     copy};
