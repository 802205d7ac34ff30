/* The Kinesis source: struct sc_source_ops of engine/source.h, by polling. Its readers: poll_reader.h. */
#ifndef SC_NET_KINESIS_SOURCE_KINESIS_H
#define SC_NET_KINESIS_SOURCE_KINESIS_H

#include "engine/source.h"

extern const struct sc_source_ops sc_source_kinesis;

#endif
