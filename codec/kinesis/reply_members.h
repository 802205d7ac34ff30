/* The members of a GetRecords reply that its scans look at: private to reply_scan.c and reply_scan_cbor.c. */
#ifndef SC_CODEC_KINESIS_REPLY_MEMBERS_H
#define SC_CODEC_KINESIS_REPLY_MEMBERS_H

#include "engine/base/slice.h"

enum sc_reply_member { SC_REPLY_OTHER, SC_REPLY_ITERATOR, SC_REPLY_MILLIS, SC_REPLY_RECORDS, SC_REPLY_CHILDREN };
#define SC_REPLY_NAME_MAX 18 /* bytes of the longest of their names */

static inline enum sc_reply_member sc_reply_member_of(struct sc_slice name) {
  if (sc_slice_is(name, "NextShardIterator")) return SC_REPLY_ITERATOR;
  if (sc_slice_is(name, "MillisBehindLatest")) return SC_REPLY_MILLIS;
  if (sc_slice_is(name, "Records")) return SC_REPLY_RECORDS;
  return sc_slice_is(name, "ChildShards") ? SC_REPLY_CHILDREN : SC_REPLY_OTHER;
}

#endif
