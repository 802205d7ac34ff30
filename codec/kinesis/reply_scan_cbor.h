/* What the next request needs from a GetRecords reply in CBOR, taken while the reply arrives. Sibling of reply_scan.h,
 * which has the facts.
 *
 * Fed in the same way. Strings are skipped by their lengths, unseen and perhaps before they have come; every head is
 * looked at, so that names count as members of the reply's own map only. Of the records only the last one is looked
 * into; everything else in there is the parse thread's to check (envelope_cbor.h).
 *
 * A member this module reads must not come twice. Plain struct in the caller's storage; no allocation, no I/O, any
 * thread. The body may move between calls (only offsets are kept). Bounds: nesting SC_CBOR_DEPTH_MAX, iterator
 * SC_REPLY_ITERATOR_MAX bytes, a name in pieces 255, body below 4 GiB. Source: Kinesis API, GetRecords, Response
 * Elements, in application/x-amz-cbor-1.1 (absent and null are alike).
 */
#ifndef SC_CODEC_KINESIS_REPLY_SCAN_CBOR_H
#define SC_CODEC_KINESIS_REPLY_SCAN_CBOR_H

#include "codec/kinesis/reply_scan.h"
#include "codec/wire/cbor.h"

/* Private, here for its size alone. */
struct sc_reply_scan_cbor {
  size_t pos; /* all before it is read, or to be skipped when it has come */
  uint32_t member;
  uint32_t seen;                                            /* bit: member */
  uint32_t name_at, iterator_at, millis_at, last_record_at; /* where the item begins; 0: not yet */
  uint32_t n_records;
  bool has_children, has_begun;
  struct sc_cbor_walk walk;
};

void sc_reply_scan_cbor_init(struct sc_reply_scan_cbor *scan);

/* As sc_reply_scan_feed. */
int sc_reply_scan_cbor_feed(struct sc_reply_scan_cbor *scan, const char *body, size_t len_so_far, struct sc_error *err);

/* As sc_reply_scan_finish, but that nothing behind len is read. */
int sc_reply_scan_cbor_finish(struct sc_reply_scan_cbor *scan, const char *body, size_t len, struct sc_reply_facts *out,
                              struct sc_error *err);

#endif
