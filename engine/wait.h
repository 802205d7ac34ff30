/* The wait hook sessions use: poll on one descriptor in slices, so that a thread inside a database call still notices that nothing is to be
 * waited for any more (stop.h, sc_stop_now).
 */
#ifndef SC_WAIT_H
#define SC_WAIT_H

#include "engine/sink.h"

extern const struct sc_wait sc_wait;

#endif
