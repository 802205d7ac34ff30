/* Control: one load from its first question to its summary. The main thread of "shardcopy load".
 *
 * It owns lineage, takes, column plan, discovery, supervision and shutdown; the other threads tell it by messages and
 * it tells them (run.h). It is the only one to start threads, to hold the advisory lock and to make plans. The first
 * fatal error of any thread, the first signal and the end of a bounded load all lead to the same orderly stop: fetch,
 * parse, write, commit, release, join, each with a deadline (--stop-timeout); a second signal abandons what is open,
 * which the target rolls back.
 */
#ifndef SC_LOAD_CONTROL_CONTROL_H
#define SC_LOAD_CONTROL_CONTROL_H

struct sc_error;
struct sc_load_options;
struct sc_run;

/* run has its modules and settings; source and sink are open. SC_OK: everything up to the tip (or to --max-records) is
 * committed, or --follow was ended by a signal. SC_E_STOPPED: a bounded load was interrupted. */
int sc_control_load(struct sc_run *run, const struct sc_load_options *options, struct sc_error *err);

#endif
