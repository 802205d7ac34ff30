/* File descriptors: a connection takes one, and the usual limit of 1,024 is there for programs that call select(),
 * which none here does. */
#ifndef SC_BASE_DESCRIPTORS_H
#define SC_BASE_DESCRIPTORS_H

/* Raises the process's limit of open descriptors to the most the system lets it have; where the system refuses, the
 * limit stays. For main(), before threads are started. */
void sc_descriptors_raise_limit(void);

#endif
