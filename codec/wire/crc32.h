/* CRC-32 as zlib, Ethernet and AWS' event streams have it (polynomial 0x04c11db7, reflected). The one module that
 * includes libdeflate's header. Pure, any thread.
 */
#ifndef SC_CODEC_WIRE_CRC32_H
#define SC_CODEC_WIRE_CRC32_H

#include "engine/base/slice.h"

/* Of the bytes that crc is of, followed by these; 0 is the CRC of no bytes. */
uint32_t sc_crc32(uint32_t crc, struct sc_slice bytes);

#endif
