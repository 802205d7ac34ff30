/* The search for the rows that the target refused. */
#ifndef SC_LOAD_WRITE_WRITE_REPLAY_H
#define SC_LOAD_WRITE_WRITE_REPLAY_H

#include "engine/load/write/writer.h"

/* Finds the refused rows of the open transaction's blocks, makes dead letters of them and leaves the transaction open
 * with all other rows in it, ready for sc_writer_commit. SC_OK, or an error of another class than ROW. */
int sc_writer_replay(struct sc_writer *w, struct sc_error *err);

#endif
