/* The members of a GetRecords reply and of its records that the envelopes read: private to envelope_json.c and
 * envelope_cbor.c. */
#ifndef SC_CODEC_KINESIS_RECORD_MEMBERS_H
#define SC_CODEC_KINESIS_RECORD_MEMBERS_H

#include "engine/base/slice.h"

enum member { OTHER, SEQUENCE, ARRIVAL, DATA, PARTITION_KEY, RECORDS };

static inline enum member member_of(struct sc_slice name) {
  static const char *const known[] = {[SEQUENCE] = "SequenceNumber",
                                      [ARRIVAL] = "ApproximateArrivalTimestamp",
                                      [DATA] = "Data",
                                      [PARTITION_KEY] = "PartitionKey",
                                      [RECORDS] = "Records"};
  for (enum member member = SEQUENCE; member <= RECORDS; member++)
    if (sc_slice_is(name, known[member])) return member;
  return OTHER;
}

#endif
