#include "bench/local/api/arn.h"

#include "bench/local/store/store.h"
#include "engine/base/text.h"

#define STREAM "stream/"
#define CONSUMER "/consumer/"
#define ACCOUNT_DIGITS 12

static struct sc_slice rest_from(struct sc_slice text, const char *at) {
  return sc_slice_of(at, (size_t)(text.ptr + text.len - at));
}

/* Takes the part before the next colon; false when there is no colon. */
static bool take_part(struct sc_slice *rest, struct sc_slice *part) {
  *part = *rest;
  *rest = sc_text_cut(part, ':');
  return rest->ptr != NULL;
}

/* Reads the five parts before the resource, which is left in *rest. */
static bool read_front(struct sc_slice *rest, struct scl_arn *arn) {
  struct sc_slice head, service;
  uint64_t number;
  if (!take_part(rest, &head) || !take_part(rest, &arn->partition) || !take_part(rest, &service)) return false;
  if (!take_part(rest, &arn->region) || !take_part(rest, &arn->account)) return false;
  if (!sc_slice_is(head, "arn") || !sc_slice_starts(arn->partition, "aws") || !sc_slice_is(service, "kinesis"))
    return false;
  return arn->account.len == ACCOUNT_DIGITS && sc_slice_to_u64(arn->account, &number);
}

static bool has_blank(struct sc_slice text) {
  for (size_t i = 0; i < text.len; i++)
    if (sc_text_is_blank(text.ptr[i])) return true;
  return false;
}

/* Cuts "/consumer/NAME:SECONDS" off the end of the name; false when it does not end so. */
static bool read_consumer(struct sc_slice *name, struct scl_arn *arn) {
  const char *at = memmem(name->ptr, name->len, CONSUMER, strlen(CONSUMER));
  if (at == NULL) return false;
  struct sc_slice stream = sc_slice_of(name->ptr, (size_t)(at - name->ptr));
  struct sc_slice rest = rest_from(*name, at + strlen(CONSUMER)), consumer;
  if (!take_part(&rest, &consumer) || !sc_slice_to_i64(rest, &arn->created_s) || arn->created_s < 0) return false;
  if (rest.ptr[0] == '+' || !scl_store_is_name(stream) || !scl_store_is_name(consumer)) return false;
  arn->consumer = consumer;
  *name = stream;
  return true;
}

bool scl_arn_read(struct sc_slice text, struct scl_arn *arn) {
  *arn = (struct scl_arn){0};
  if (!read_front(&text, arn)) return false;
  const char *at = text.len == 0 ? NULL : memmem(text.ptr, text.len, STREAM, strlen(STREAM));
  if (at == NULL) return false;
  arn->stream = rest_from(text, at + strlen(STREAM));
  if (arn->stream.len == 0 || has_blank(arn->stream)) return false;
  if (!read_consumer(&arn->stream, arn)) arn->created_s = 0;
  return true;
}

bool scl_arn_is_resource(struct sc_slice text) {
  struct scl_arn arn;
  return scl_arn_read(text, &arn);
}

bool scl_arn_is_stream(struct sc_slice text) {
  struct scl_arn arn;
  struct sc_slice rest = text;
  return scl_arn_read(text, &arn) && read_front(&rest, &arn) && sc_slice_starts(rest, STREAM);
}

bool scl_arn_is_consumer(struct sc_slice text) {
  struct scl_arn arn;
  return scl_arn_read(text, &arn) && arn.consumer.len > 0;
}
