/* The faults that are waiting, and which of them a call meets.
 *
 * Faults without a probability are a script, in the order in which they were added: a call belongs to the first one
 * that fits, which lets the first `after` calls pass and then hits `count` calls. Faults with a probability are
 * independent: each one decides about every call that fits it, by random numbers of its own, which follow from the seed
 * and the number of faults added before. So whether the n-th fitting call is hit does not depend on other calls or
 * threads: the same seed and the same calls give the same faults. A call meets at most one fault, the first in the
 * order of adding.
 *
 * Any thread; one lock, which is not taken while there are no faults. At most SCL_FAULTS_MAX are waiting. The last
 * SCL_FAULTS_OVER that are used up are kept for scl_faults_list.
 */
#ifndef SCL_FAULTS_FAULTS_H
#define SCL_FAULTS_FAULTS_H

#include "bench/local/faults/fault.h"

#define SCL_FAULTS_OVER 100

struct scl_faults;

struct scl_faults *scl_faults_new(uint64_t seed);
void scl_faults_free(struct scl_faults *faults);

/* Adds all of them, or none (false) when there is no room. */
bool scl_faults_add(struct scl_faults *faults, const struct scl_fault *items, size_t n);
/* Removes all; the same faults added again hit the same calls again. */
void scl_faults_clear(struct scl_faults *faults);
size_t scl_faults_waiting(struct scl_faults *faults);
/* Appends "waiting":N,"faults":[...],"over":[...], members of a JSON object. Each fault has its "hits", and the "calls"
 * that it fitted. */
void scl_faults_list(struct scl_faults *faults, struct sc_buf *out);

/* The fault that a call of the operation meets, or an event of a subscription (SCL_FAULT_EVENTS). */
bool scl_faults_take(struct scl_faults *faults, struct sc_slice operation, struct scl_fault *fault);
/* The fault that a page of GetRecords meets; at: all of SCL_FAULT_AT_* that hold for the page. */
bool scl_faults_take_page(struct scl_faults *faults, unsigned at, struct scl_fault *fault);

#endif
