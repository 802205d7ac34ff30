/* simdjson's first stage for C: where the tokens of a text are. One call for a whole chunk of records, none for a
 * token.
 *
 * An index is one thread's own. It allocates in new and reserve only, never blocks, and no exception leaves it. The
 * vector instructions ("kernel") are chosen when the program starts; SIMDJSON_FORCE_IMPLEMENTATION overrides the
 * choice. The first stage is public in simdjson's headers but meant for its own parsers. Therefore new indexes a known
 * text first, and aborts when the result is not the one this program was written for.
 */
#ifndef SC_CODEC_JSON_INDEX_H
#define SC_CODEC_JSON_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sc_json_index;

/* For texts of at most `bytes` bytes; aborts when there is no memory. */
struct sc_json_index *sc_json_index_new(size_t bytes);
void sc_json_index_free(struct sc_json_index *index);
/* For longer texts from now on. What build filled in is gone. */
void sc_json_index_reserve(struct sc_json_index *index, size_t bytes);
/* What one of that size takes, in bytes: an offset of 4 bytes for every byte of text. */
size_t sc_json_index_bytes(size_t bytes);

enum sc_json_index_result {
  SC_JSON_INDEX_OK,   /* the text is UTF-8; every string in it is closed and free of control characters */
  SC_JSON_INDEX_UTF8, /* the strings are so; somewhere is a byte that is no UTF-8 */
  /* A string is not closed, or has a control character in it; the rest may be no UTF-8. The offsets are right up to the
   * opening quote of the first such string, and behind it they are not to be read. */
  SC_JSON_INDEX_STRING
};

/* *at: offsets of the tokens in text[0..len), in order. A token is a bracket, a colon, a comma, or the first byte of a
 * string, a number, a literal or of anything else that is no blank. len is at least 1, and the last byte that is no
 * blank a token. The offsets live until the next call. */
enum sc_json_index_result sc_json_index_build(struct sc_json_index *index, const char *text, size_t len,
                                              const uint32_t **at);

/* Unescapes a string whose closing quote is known to be there. src: behind its opening quote. Returns the end of what
 * was written to dst, NULL when an escape is wrong or a surrogate lacks its other half (RFC 8259 section 7). dst must
 * not overlap src, and takes up to SC_JSON_INDEX_PADDING bytes more than the string; as many are read behind src. */
#define SC_JSON_INDEX_PADDING 64
char *sc_json_index_unescape(const struct sc_json_index *index, const char *src, char *dst);

/* The name and version of what does the work, such as "simdjson 3.0.1 (icelake)", after the known text was indexed. A
 * static text; not for several threads at once. */
const char *sc_json_index_kernel(void);

#ifdef __cplusplus
}
#endif
#endif
