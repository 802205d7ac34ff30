/* Event streams: a frame read and its CRCs checked, the payload being the reply's body. Reference: a copy of the
 * frame. */
#include <stdlib.h>

#include "bench/micro/stage.h"
#include "codec/kinesis/event_stream.h"

struct state {
  struct sc_buf frame;
  char *room;
};

static void *open_state(const struct sc_micro_data *data, struct sc_micro_size *size) {
  struct state *s = sc_alloc_zero(1, sizeof(*s));
  sc_event_stream_add(&s->frame, SC_EVENT_STREAM_EVENT, "SubscribeToShardEvent", "application/x-amz-json-1.1",
                      sc_buf_view(&data->json));
  s->room = sc_alloc(s->frame.len);
  *size = (struct sc_micro_size){data->n, s->frame.len};
  return s;
}

static void close_state(void *state) {
  struct state *s = state;
  sc_buf_fini(&s->frame);
  free(s->room);
  free(s);
}

static int64_t pass(void *state) {
  struct state *s = state;
  struct sc_event_stream_frame frame;
  const char *why;
  int64_t start = sc_micro_now_ns();
  enum sc_event_stream_answer answer = sc_event_stream_read(sc_buf_view(&s->frame), &frame, &why);
  int64_t took = sc_micro_now_ns() - start;
  SC_ASSERT(answer == SC_EVENT_STREAM_FRAME && frame.len == s->frame.len);
  return took;
}

static int64_t copy(void *state) {
  struct state *s = state;
  int64_t start = sc_micro_now_ns();
  memcpy(s->room, s->frame.ptr, s->frame.len);
  sc_micro_use(s->room);
  return sc_micro_now_ns() - start;
}

const struct sc_micro_stage sc_stage_event = {"event stream CRC", "memcpy",    "record", "frame", false,
                                              open_state,         close_state, pass,     copy};
