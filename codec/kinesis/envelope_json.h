/* Opens a GetRecords reply in JSON: body to records, in one pass, in place. Parse thread.
 *
 * Data is base64-decoded and strings are unescaped inside the body: the records are views into it, and the body is no
 * JSON any more. Members come in any order; unknown ones are skipped, checked as JSON. The same goes for the payload of
 * a SubscribeToShard event, which has the same Records.
 *
 * Stricter than JSON: a member read here must not come twice. More lenient: UTF-8 is checked in partition keys and
 * in unknown objects and arrays.
 * Absent and null are alike: no Data is an empty record, no PartitionKey an empty key, no timestamp INT64_MIN; a record
 * needs its SequenceNumber, a reply its Records (null: none).
 * ApproximateArrivalTimestamp is a number of epoch seconds, also with fraction or exponent (1.649930049016E9), to the
 * nearest microsecond (one of more than 19 digits goes through a double, which is off by less than one).
 * Pure, any thread. Nothing is allocated but more room for records, and a parser for an unknown member that is an
 * object or an array, as at a shard's end. Bounds: SC_GET_RECORDS_MAX records, nesting SC_JSONDOC_DEPTH_MAX.
 * Source: Kinesis API Reference, GetRecords and Record; Smithy, AWS JSON 1.1 protocol.
 */
#ifndef SC_CODEC_KINESIS_ENVELOPE_JSON_H
#define SC_CODEC_KINESIS_ENVELOPE_JSON_H

#include "engine/base/error.h"
#include "engine/batch.h"

/* body[0 .. len) is the reply, with SC_BODY_PADDING readable bytes behind it; what was in records is forgotten.
 * SC_E_PROTOCOL when it is no such reply; body and records are then undefined. */
int sc_envelope_json_open(char *body, size_t len, struct sc_records *records, struct sc_error *err);

#endif
