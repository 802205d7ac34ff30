/* The header fields of a reply, the same for HTTP/1.1 and HTTP/2. Plain strings; nothing is allocated. */
#ifndef SCL_HTTP_HEAD_H
#define SCL_HTTP_HEAD_H

#include "bench/local/http/exchange.h"

#define SCL_HEAD_FIELDS 6

struct scl_head_field {
  const char *name, *value;
};

struct scl_head {
  struct scl_head_field fields[SCL_HEAD_FIELDS]; /* views of the reply and of this struct */
  int n;
  char date[40], retry_after[24], length[24];
};

/* With a feed there is no Content-Length. The head must not move afterwards. */
void scl_head_make(struct scl_head *head, const struct scl_reply *reply);

#endif
