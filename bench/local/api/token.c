#include "bench/local/api/token.h"

#include "codec/text/base64.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

/* Bytes: 8 of the version, 43 of fields, the name, 8 of the checksum; at least as many as in the service's own. */
#define FIXED 51
#define CHECKSUM 8
#define MIN_BYTES 152
#define MAX_BYTES 280

static const unsigned char version[8] = {0, 0, 0, 0, 0, 0, 0, 1};

static unsigned char *put_number(unsigned char *at, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; i--) *at++ = (unsigned char)(value >> (8 * i));
  return at;
}

static const unsigned char *get_number(const unsigned char *at, uint64_t *value, int bytes) {
  *value = 0;
  for (int i = 0; i < bytes; i++) *value = *value << 8 | *at++;
  return at;
}

static uint64_t checksum(const unsigned char *bytes, size_t len) {
  return sc_text_hash(sc_slice_of((const char *)bytes, len));
}

static size_t padded_len(size_t name_len) {
  size_t len = (FIXED - 8 + name_len + CHECKSUM + 15) / 16 * 16 + 8;
  return len < MIN_BYTES ? MIN_BYTES : len;
}

void scl_token_write(const struct scl_token *token, char out[SCL_TOKEN_TEXT]) {
  unsigned char bytes[MAX_BYTES] = {0};
  size_t name_len = strlen(token->stream), len = padded_len(name_len);
  SC_ASSERT(name_len <= SCL_TOKEN_MAX_NAME && len <= MAX_BYTES);
  memcpy(bytes, version, sizeof(version));
  unsigned char *at = bytes + sizeof(version);
  at = put_number(at, token->kind, 1);
  at = put_number(at, (uint64_t)token->issued_ms, 8);
  at = put_number(at, token->generation, 4);
  at = put_number(at, token->stream_id, 8);
  at = put_number(at, token->shard, 4);
  at = put_number(at, token->position, 8);
  at = put_number(at, token->filter, 1);
  at = put_number(at, (uint64_t)token->time_ms, 8);
  at = put_number(at, name_len, 1);
  SC_ASSERT(at == bytes + FIXED);
  memcpy(at, token->stream, name_len);
  put_number(bytes + len - CHECKSUM, checksum(bytes, len - CHECKSUM), CHECKSUM);
  size_t written = sc_base64_encode(bytes, len, out);
  SC_ASSERT(written < SCL_TOKEN_TEXT);
  out[written] = '\0';
}

static struct sc_slice without_quotes(struct sc_slice text) {
  if (text.len < 2 || text.ptr[0] != '"' || text.ptr[text.len - 1] != '"') return text;
  return sc_slice_of(text.ptr + 1, text.len - 2);
}

/* Returns the number of bytes; 0 when the text is not canonical base64 of the length of a token. */
static size_t decode(struct sc_slice text, unsigned char bytes[MAX_BYTES + 3]) {
  char again[SCL_TOKEN_TEXT];
  size_t len;
  if (text.len < sc_base64_encoded_len(MIN_BYTES) || text.len > sc_base64_encoded_len(MAX_BYTES)) return 0;
  if (!sc_base64_decode(text.ptr, text.len, bytes, &len) || len < MIN_BYTES || len > MAX_BYTES) return 0;
  sc_base64_encode(bytes, len, again);
  return memcmp(again, text.ptr, text.len) == 0 ? len : 0;
}

static bool unpack(const unsigned char *bytes, size_t len, struct scl_token *token) {
  uint64_t kind, issued, generation, shard, filter, time_ms, name_len;
  const unsigned char *at = get_number(bytes + sizeof(version), &kind, 1);
  at = get_number(at, &issued, 8);
  at = get_number(at, &generation, 4);
  at = get_number(at, &token->stream_id, 8);
  at = get_number(at, &shard, 4);
  at = get_number(at, &token->position, 8);
  at = get_number(at, &filter, 1);
  at = get_number(at, &time_ms, 8);
  at = get_number(at, &name_len, 1);
  if (name_len > SCL_TOKEN_MAX_NAME || padded_len(name_len) != len) return false;
  if (memchr(at, '\0', name_len) != NULL) return false;
  token->kind = (enum scl_token_kind)kind;
  token->issued_ms = (int64_t)issued;
  token->generation = (uint32_t)generation;
  token->shard = (uint32_t)shard;
  token->filter = (uint8_t)filter;
  token->time_ms = (int64_t)time_ms;
  memcpy(token->stream, at, name_len);
  token->stream[name_len] = '\0';
  return true;
}

bool scl_token_read(struct sc_slice text, enum scl_token_kind kind, struct scl_token *token) {
  unsigned char bytes[MAX_BYTES + 3];
  uint64_t expected;
  size_t len = decode(without_quotes(text), bytes);
  if (len == 0 || memcmp(bytes, version, sizeof(version)) != 0) return false;
  get_number(bytes + len - CHECKSUM, &expected, CHECKSUM);
  if (checksum(bytes, len - CHECKSUM) != expected) return false;
  return unpack(bytes, len, token) && token->kind == kind;
}
