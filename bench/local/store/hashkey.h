/* Hash keys: the space of 128-bit numbers that the shards of a stream divide between them.
 *
 * A record goes to the open shard whose range holds its hash key. The hash key is the record's ExplicitHashKey, else
 * the MD5 of the UTF-8 bytes of its partition key, read as a big-endian number (Amazon Kinesis Data Streams API
 * Reference, PutRecord). Pure; any thread.
 */
#ifndef SCL_STORE_HASHKEY_H
#define SCL_STORE_HASHKEY_H

#include "engine/base/slice.h"

typedef unsigned __int128 scl_hashkey_int;

#define SCL_HASHKEY_MAX (~(scl_hashkey_int)0)
#define SCL_HASHKEY_TEXT 40 /* 39 digits and a NUL */

/* 0|[1-9][0-9]{0,38}, at most 2^128 - 1; false on anything else. */
bool scl_hashkey_parse(struct sc_slice text, scl_hashkey_int *out);
void scl_hashkey_format(scl_hashkey_int key, char out[SCL_HASHKEY_TEXT]);
scl_hashkey_int scl_hashkey_of(struct sc_slice partition_key);
/* floor(2^128 * i / n): where shard i of n begins in a new stream; i < n. */
scl_hashkey_int scl_hashkey_even_start(uint32_t i, uint32_t n);

#endif
