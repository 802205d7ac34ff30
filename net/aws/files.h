/* Small files of the user's: configuration, tokens. Blocking; any thread; never larger than asked for. */
#ifndef SC_NET_AWS_FILES_H
#define SC_NET_AWS_FILES_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

/* Replaces *text by the file's content. SC_AGAIN when there is no such file, SC_E_CONFIG when it cannot be read or is
 * larger than max_bytes. */
int sc_aws_file_read(const char *path, size_t max_bytes, struct sc_buf *text, struct sc_error *err);

/* Replaces *path by name, with $HOME in the place of a leading ~. */
void sc_aws_file_expand(struct sc_buf *path, const char *name);

/* Overwrites what the buffer ever held, and frees it: for texts that may hold secrets. Blocks that the buffer left
 * behind when it grew are not covered, so reserve first where that matters. */
void sc_aws_wipe(struct sc_buf *text);

#endif
