/* Payloads of a format we cannot decode, recognised by their first bytes. Pure, any thread.
 * KPL: F3 89 9A C2, then protobuf, then an MD5 of 16 bytes (KPL aggregation format). gzip: 1F 8B (RFC 1952). zlib: 78
 * and a level that makes its two bytes a multiple of 31 (RFC 1950). None of them is the start of JSON text. */
#ifndef SC_CODEC_KINESIS_SNIFF_H
#define SC_CODEC_KINESIS_SNIFF_H

#include "engine/base/slice.h"

/* "a KPL aggregate", "gzip", "zlib", or NULL. */
const char *sc_sniff_payload(struct sc_slice data);

#endif
