/* The faults that are waiting: which of them a call meets.
 *
 * Faults without a probability are a script, taken in order: a call belongs to the first of them that fits it, which
 * lets it pass while `after` lasts and hits it then, `count` times. Faults with a probability stand beside each other:
 * each decides about every call that fits it, by its own random numbers, which follow from the seed and from how many
 * faults were there before it. So the n-th call that fits is hit or not whatever else goes on, in however many threads:
 * the same seed and the same calls give the same faults. A call meets one fault at most, the first in the order they
 * were added.
 *
 * Any thread; one lock, not taken while there are no faults. At most SCL_FAULTS_MAX wait; what is over is kept for
 * scl_faults_list, the last SCL_FAULTS_OVER of it.
 */
#ifndef SCL_FAULTS_FAULTS_H
#define SCL_FAULTS_FAULTS_H

#include "bench/local/faults/fault.h"

#define SCL_FAULTS_OVER 100

struct scl_faults;

struct scl_faults *scl_faults_new(uint64_t seed);
void scl_faults_free(struct scl_faults *faults);

/* All of them, or none: false when there is no room. */
bool scl_faults_add(struct scl_faults *faults, const struct scl_fault *items, size_t n);
/* As new: the same faults added again do the same again. */
void scl_faults_clear(struct scl_faults *faults);
size_t scl_faults_waiting(struct scl_faults *faults);
/* "waiting":N,"faults":[...],"over":[...]: members of JSON; each fault with its "hits" and the "calls" that fitted
 * it. */
void scl_faults_list(struct scl_faults *faults, struct sc_buf *out);

/* The fault that a call of the operation meets, or an event of a subscription (SCL_FAULT_EVENTS). */
bool scl_faults_take(struct scl_faults *faults, struct sc_slice operation, struct scl_fault *fault);
/* The fault that a page of GetRecords meets; at: all of SCL_FAULT_AT_* that are true of it. */
bool scl_faults_take_page(struct scl_faults *faults, unsigned at, struct scl_fault *fault);

#endif
