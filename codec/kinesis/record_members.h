/* The members of a GetRecords reply and of its records that the envelopes read: private to envelope_json.c and
 * envelope_cbor.c. */
#ifndef SC_CODEC_KINESIS_RECORD_MEMBERS_H
#define SC_CODEC_KINESIS_RECORD_MEMBERS_H

#include "engine/base/slice.h"

enum member { OTHER, SEQUENCE, ARRIVAL, DATA, PARTITION_KEY, RECORDS };

/* By the whole name. Not inline: both envelopes know nearly all names at first sight, and what is inlined into their
 * loops costs there. */
enum member sc_record_member_of(struct sc_slice name);

#endif
