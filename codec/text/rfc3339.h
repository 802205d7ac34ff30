/* Times as RFC 3339 writes them: 2026-01-31T15:00:00Z, with a fraction, with an offset. Pure.
 *
 * Stricter than a database need be: date, time and offset must all be there, the day must exist, years are 0001 to
 * 9999, no leap seconds, offsets under 16 hours. T may be t or a space, Z may be z. So every value said to be one here
 * is a value of timestamptz for any reader.
 */
#ifndef SC_CODEC_TEXT_RFC3339_H
#define SC_CODEC_TEXT_RFC3339_H

#include "engine/base/slice.h"

bool sc_rfc3339_is(struct sc_slice text);

#endif
