/* Sequence numbers and the places in a shard from which reading starts.
 *
 * A sequence number is a decimal integer of up to 129 digits (0|([1-9]\d{0,128}), AWS Kinesis API Reference, Record);
 * today's have 56 digits. They are compared as integers, never as strings. Plain values, no allocation, any thread.
 */
#ifndef SC_POSITION_H
#define SC_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/slice.h"

#define SC_SEQUENCE_DIGITS 129
#define SC_SHARD_ID_MAX 128 /* bytes of a shard id, ListShards' own bound */

/* A position in a shard: up to and with this record. A record that was unpacked into several (a KPL aggregate) has
 * parts, counted from 1. All of them are committed together, so a position inside a record is never written by a load.
 * One that somebody imported is read on from: at the record, behind its part. */
struct sc_sequence {
  uint8_t len; /* 0: none yet */
  char digits[SC_SEQUENCE_DIGITS];
  uint32_t part; /* 0: the whole record; else up to and with this part of it */
};

enum sc_start {
  SC_START_TRIM_HORIZON,
  SC_START_LATEST,  /* only as asked by the user; pinned to a time before anything is stored */
  SC_START_AT_TIME, /* at_ms */
  SC_START_AT,      /* the record with this sequence number and those behind it */
  SC_START_AFTER    /* the records behind this sequence number */
};

struct sc_position {
  enum sc_start start;
  int64_t at_ms;               /* AT_TIME: epoch ms */
  struct sc_sequence sequence; /* AT, AFTER */
};

/* Digits only, 1..129; leading zeros are dropped. False on anything else. */
bool sc_sequence_parse(struct sc_slice text, struct sc_sequence *out);
/* <0, 0, >0. "None" is less than any number; a record's parts come one after the other, and the whole record last. */
int sc_sequence_compare(const struct sc_sequence *a, const struct sc_sequence *b);
static inline struct sc_slice sc_sequence_view(const struct sc_sequence *s) {
  return (struct sc_slice){s->digits, s->len};
}

/* --start: "trim-horizon", "latest", or a time (clock.h, sc_clock_parse_time). False on anything else. */
bool sc_position_parse(const char *text, struct sc_position *out);
/* "trim-horizon", "latest", RFC 3339, "after N", "after N part P": for messages and the column start_at. out holds 160
 * bytes. */
void sc_position_format(const struct sc_position *p, char out[160]);

#endif
