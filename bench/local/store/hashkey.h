/* Hash keys: the 128-bit space that shards divide (protocol.md 1.3).
 *
 * A record goes to the open shard whose range holds its ExplicitHashKey, else the MD5 of its partition key's UTF-8
 * bytes read as a big-endian number. Pure; any thread.
 */
#ifndef SC_LOCAL_HASHKEY_H
#define SC_LOCAL_HASHKEY_H

#include "engine/base/slice.h"

typedef unsigned __int128 sc_hashkey_int;

#define SC_HASHKEY_MAX (~(sc_hashkey_int)0)
#define SC_HASHKEY_TEXT 40 /* 39 digits and a NUL */

/* 0|[1-9][0-9]{0,38}, at most 2^128 - 1; false on anything else. */
bool sc_hashkey_parse(struct sc_slice text, sc_hashkey_int *out);
void sc_hashkey_format(sc_hashkey_int key, char out[SC_HASHKEY_TEXT]);
sc_hashkey_int sc_hashkey_of(struct sc_slice partition_key);
/* floor(2^128 * i / n): where shard i of n begins when a stream is made; i < n. */
sc_hashkey_int sc_hashkey_even_start(uint32_t i, uint32_t n);

#endif
