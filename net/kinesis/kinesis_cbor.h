/* GetRecords in CBOR (application/x-amz-cbor-1.1): its request, and errors in that form. Replies:
 * codec/kinesis/reply_scan_cbor.h.
 *
 * Only GetRecords is ever asked in CBOR: there the payload comes as it is, without base64. The dialect is undocumented;
 * it is what the AWS SDK for Java has spoken to Kinesis by default since 2016. Pure but for the buffer that is written.
 */
#ifndef SC_NET_KINESIS_KINESIS_CBOR_H
#define SC_NET_KINESIS_KINESIS_CBOR_H

#include "engine/base/buf.h"
#include "net/kinesis/kinesis_error.h"

#define SC_KINESIS_CBOR "application/x-amz-cbor-1.1"

/* A body in CBOR: no JSON begins with such a byte. */
static inline bool sc_kinesis_is_cbor(struct sc_slice body) {
  return body.len > 0 && (unsigned char)body.ptr[0] >= 0x80;
}

/* Replaces what out holds. arn NULL: the iterator is enough. */
void sc_kinesis_cbor_write_get_records(struct sc_buf *out, const char *arn, const char *iterator, uint32_t limit);

/* Where strings of an error go when they come in pieces. */
struct sc_kinesis_cbor_room {
  char type[256], message[1024];
};
/* Sets fault's type and message from an error's body as far as it has them; views of body or of room. */
void sc_kinesis_cbor_read_fault(struct sc_slice body, struct sc_kinesis_cbor_room *room,
                                struct sc_kinesis_fault *fault);

/* Whether an error says that the service does not know CBOR, rather than what is wrong with the call. */
bool sc_kinesis_cbor_is_refused(const struct sc_error *err);

#endif
