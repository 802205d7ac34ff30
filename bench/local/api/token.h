/* The opaque strings that a client gets and sends back: shard iterators and NextTokens (API Reference, GetShardIterator
 * and ListShards).
 *
 * A token is base64 of the bytes 0000000000000001, as the service's own tokens begin, the fields below, zeros up to a
 * multiple of 16, and a checksum. The checksum finds mangled tokens. It is no secret, so the user of a token checks
 * every field again. Pure; any thread.
 */
#ifndef SCL_API_TOKEN_H
#define SCL_API_TOKEN_H

#include "engine/base/slice.h"

#define SCL_TOKEN_MAX_NAME 128
#define SCL_TOKEN_TEXT 385 /* at most 384 characters and a NUL */

enum scl_token_kind { SCL_TOKEN_ITERATOR = 1, SCL_TOKEN_SHARDS = 2, SCL_TOKEN_STREAMS = 3, SCL_TOKEN_CONSUMERS = 4 };

struct scl_token {
  enum scl_token_kind kind;
  int64_t issued_ms;
  uint32_t generation; /* of the service; raising it makes all older tokens expire */
  char stream[SCL_TOKEN_MAX_NAME + 1];
  uint64_t stream_id;
  uint32_t shard;    /* ITERATOR: which; SHARDS: the last one listed */
  uint64_t position; /* ITERATOR: the next record; CONSUMERS: the id of the last one listed */
  uint8_t filter;    /* SHARDS: the shard filter that the listing began with */
  int64_t time_ms;   /* SHARDS: of the filter; ITERATOR: the time that reading has reached, 0: not known */
};

void scl_token_write(const struct scl_token *token, char out[SCL_TOKEN_TEXT]);
/* False when the text is no token of this kind. The service ignores quotes around a token, and so does this. */
bool scl_token_read(struct sc_slice text, enum scl_token_kind kind, struct scl_token *token);

#endif
