/* Opens a GetRecords reply in CBOR: body to records, in one pass, in place. Parse thread. Sibling of envelope_json.h.
 *
 * Data is a slice of the body where it stands, never copied; strings in pieces are joined in the body. Members come in
 * any order; unknown ones are skipped by their lengths. A member read here must not come twice. UTF-8 is checked in
 * partition keys alone. Absent and null are alike: no Data is an empty record, no PartitionKey an empty key, no
 * timestamp INT64_MIN; a record needs its SequenceNumber, a reply its Records (null: none).
 * ApproximateArrivalTimestamp, tagged or not: an integer is epoch milliseconds (tag 1 as AWS means it, against RFC
 * 8949), a float epoch seconds (as RFC 8949 and some emulators mean it). Pure, any thread; nothing is allocated but
 * more room for records. Bounds: SC_GET_RECORDS_MAX records, SC_CBOR_DEPTH_MAX below an unknown member. Source: Kinesis
 * API, GetRecords and Record, as AWS's SDK for Java reads them in application/x-amz-cbor-1.1.
 */
#ifndef SC_CODEC_KINESIS_ENVELOPE_CBOR_H
#define SC_CODEC_KINESIS_ENVELOPE_CBOR_H

#include "engine/base/error.h"
#include "engine/batch.h"

/* body[0 .. len) is the reply, with SC_BODY_PADDING readable bytes behind it; what was in records is forgotten.
 * SC_E_PROTOCOL when it is no such reply; body and records are then undefined. */
int sc_envelope_cbor_open(char *body, size_t len, struct sc_records *records, struct sc_error *err);

#endif
