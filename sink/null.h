/* The target "null:": records are decoded, counted and dropped. No position is kept. It serves to measure everything
 * before the target. */
#ifndef SC_SINK_NULL_H
#define SC_SINK_NULL_H

#include "engine/sink.h"

extern const struct sc_sink_ops sc_sink_null;

#endif
