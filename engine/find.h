/* Whose a URL is: the source or sink of the program (program.h) that claims it. NULL and SC_E_USAGE, with the URL
 * redacted and a hint that says how one is written, when nobody does. Any thread. */
#ifndef SC_FIND_H
#define SC_FIND_H

#include "engine/base/error.h"

struct sc_source_ops;
struct sc_sink_ops;

const struct sc_source_ops *sc_find_source(const char *url, struct sc_error *err);
const struct sc_sink_ops *sc_find_sink(const char *url, struct sc_error *err);

#endif
