#include "codec/kinesis/record_members.h"

enum member sc_record_member_of(struct sc_slice name) {
  static const char *const known[] = {[SEQUENCE] = "SequenceNumber",
                                      [ARRIVAL] = "ApproximateArrivalTimestamp",
                                      [DATA] = "Data",
                                      [PARTITION_KEY] = "PartitionKey",
                                      [RECORDS] = "Records"};
  for (enum member member = SEQUENCE; member <= RECORDS; member++)
    if (sc_slice_is(name, known[member])) return member;
  return OTHER;
}
