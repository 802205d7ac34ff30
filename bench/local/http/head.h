/* The header fields of a reply, the same in HTTP/1.1 and HTTP/2. A value of plain strings; no allocation. */
#ifndef SC_LOCAL_HEAD_H
#define SC_LOCAL_HEAD_H

#include "bench/local/http/exchange.h"

#define SC_HEAD_FIELDS 6

struct sc_head_field {
  const char *name, *value;
};

struct sc_head {
  struct sc_head_field fields[SC_HEAD_FIELDS]; /* views of the reply and of this */
  int n;
  char date[40], retry_after[24], length[24];
};

/* Content-Length is left out where there is a feed. The head stays in place. */
void sc_head_make(struct sc_head *head, const struct sc_reply *reply);

#endif
