/* Output of a command on standard output: lists, answers, help. Not the rows of a load (sink/stdout.c). Any thread;
 * blocks as write(2) does. */
#ifndef SC_PRINT_H
#define SC_PRINT_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

/* Writes and frees the text. A reader that went away (EPIPE) has seen enough: SC_OK. SC_E_IO when writing fails. */
int sc_print(struct sc_buf *text, struct sc_error *err);

#endif
