/* Amazon resource names of streams and consumers (API Reference, StreamARN and ConsumerARN):
 *
 *   arn:aws:kinesis:us-east-1:000000000000:stream/NAME
 *   arn:aws:kinesis:us-east-1:000000000000:stream/NAME/consumer/NAME:1700000000
 *
 * The number at the end of a consumer's ARN is the second it was registered in. The patterns are those of the API and
 * match more texts than there can be names: such a text is well-formed, and its resource is not found. Pure; any
 * thread.
 */
#ifndef SCL_API_ARN_H
#define SCL_API_ARN_H

#include "engine/base/slice.h"

#define SCL_ARN_STREAM_PATTERN "arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"
#define SCL_ARN_CONSUMER_PATTERN \
  "^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/[a-zA-Z0-9_.-]+:[0-9]+"
#define SCL_ARN_RESOURCE_PATTERN "arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+"

/* Views of the text. */
struct scl_arn {
  struct sc_slice partition, region, account;
  struct sc_slice stream;
  struct sc_slice consumer; /* empty: the ARN is a stream's */
  int64_t created_s;        /* of the consumer */
};

/* Whether the text matches the pattern. */
bool scl_arn_is_stream(struct sc_slice text);
bool scl_arn_is_consumer(struct sc_slice text);
bool scl_arn_is_resource(struct sc_slice text);

/* False when the text does not match SCL_ARN_RESOURCE_PATTERN. The stream's name is everything after "stream/", unless
 * the ARN ends as that of a consumer does. */
bool scl_arn_read(struct sc_slice text, struct scl_arn *arn);

#endif
