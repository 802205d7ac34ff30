/* Records of a chunk, laid side by side and indexed together (index.h), to be read one after the other (walk.h).
 *
 * Behind each record stands a fence: a line feed, a byte 0x01, a line feed. 0x01 is neither a blank nor a token of
 * JSON, and is not allowed in a string: a string left open makes the index fail, anything else left open meets the
 * fence when that record is read. So one call indexes many records, and none can reach into the next. The line feeds
 * keep a number or a literal on either side from joining the fence, so that it is a token of its own.
 *
 * Where the index fails, somewhere among the records is a broken string. It is used up to that record (each string is
 * looked at then), and made again behind it, for half as many records at once; while it succeeds, for a few more each
 * time. A record that does not end as an object or an array does, most likely cut off, is indexed by itself. So a
 * broken record costs no more than a few of its neighbours.
 *
 * One thread's own. Views of strings and values live until the next fill. Memory is taken in new; a record larger than
 * any before makes it grow (SC_M_DATA_PATH_ALLOCS).
 */
#ifndef SC_CODEC_JSON_ARENA_H
#define SC_CODEC_JSON_ARENA_H

#include "codec/json/walk.h"
#include "engine/batch.h"

#define SC_JSON_FENCE "\n\x01\n"
#define SC_JSON_FENCE_BYTES (sizeof(SC_JSON_FENCE) - 1)

struct sc_json_arena {
  char *text, *scratch;
  size_t cap; /* bytes of either, without the padding */
  struct sc_json_index *index;
  uint32_t n;                        /* records in it */
  uint32_t indexed;                  /* those before it are indexed, from that where walk.buf is */
  uint32_t at_once;                  /* so many are indexed at once, at most */
  bool is_utf8;                      /* all that is indexed */
  const uint32_t *next;              /* the first token that was not read */
  uint32_t start[SC_CHUNK_ROWS + 1]; /* of the records, and the end of the last */
};

struct sc_json_arena *sc_json_arena_new(size_t largest_record_bytes);
void sc_json_arena_free(struct sc_json_arena *arena);
/* What one of that size takes, in bytes. */
size_t sc_json_arena_bytes(size_t largest_record_bytes);

/* Copies the first of n records in: at most SC_CHUNK_ROWS, and 64 KiB unless it is only one. Returns how many. Behind
 * each record's data SC_BODY_PADDING bytes must be readable. Readies w for sc_json_arena_begin of the first. */
uint32_t sc_json_arena_fill(struct sc_json_arena *arena, const struct sc_record *records, uint32_t n,
                            struct sc_json_walk *w);

/* Readies w for record k; all before it were begun and ended. Returns the first token at or behind the record's start;
 * NULL, without a fault, when the record is not UTF-8. */
const uint32_t *sc_json_arena_begin(struct sc_json_arena *arena, struct sc_json_walk *w, uint32_t k);

/* behind: the token behind the record's last, which is its fence; NULL when the record was not read to its end. */
void sc_json_arena_end(struct sc_json_arena *arena, struct sc_json_walk *w, uint32_t k, const uint32_t *behind);

#endif
