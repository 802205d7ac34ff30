/* Faults asked for by a test: a script of what goes wrong, taken in order by the calls it names.
 *
 * A fault names an operation ("*": any) and how many of its calls it hits; the first fault in the script that fits a call
 * and has hits left is used up by one. Thread-safe; at most SC_FAULTS_MAX wait.
 */
#ifndef SC_LOCAL_FAULTS_H
#define SC_LOCAL_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/slice.h"

#define SC_FAULTS_MAX 10000

enum sc_fault_kind {
  SC_FAULT_ERROR,    /* answers `code` with `status` and `message`, does nothing */
  SC_FAULT_SLOW,     /* answers after delay_ms */
  SC_FAULT_RESET,    /* sends bytes of the body, then resets the connection */
  SC_FAULT_TRUNCATE, /* sends bytes of the body, then closes */
  SC_FAULT_ENTRIES, /* PutRecords: puts the others, fails the entries whose place is a multiple of `every` with `code` */
  SC_FAULT_HALF_OPEN /* sends bytes of the body (-1: not even the header), then neither sends nor reads again */
};

struct sc_fault {
  char operation[64]; /* "GetRecords", "*" */
  enum sc_fault_kind kind;
  uint64_t count; /* hits left */
  uint64_t after; /* fitting calls to let pass first */
  int status;
  char code[64];
  char message[256];
  int64_t delay_ms;
  int64_t bytes;
  uint64_t every; /* 1: all entries */
};

struct sc_faults;

struct sc_faults *sc_faults_new(void);
void sc_faults_free(struct sc_faults *faults);

/* False when the script is full. */
bool sc_faults_add(struct sc_faults *faults, const struct sc_fault *fault);
void sc_faults_clear(struct sc_faults *faults);
size_t sc_faults_waiting(struct sc_faults *faults);
/* The fault of this call, if any. */
bool sc_faults_take(struct sc_faults *faults, struct sc_slice operation, struct sc_fault *fault);

#endif
