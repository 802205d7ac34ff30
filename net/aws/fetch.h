/* One HTTP call to where credentials come from: STS, SSO, a container's agent, an instance's metadata.
 *
 * Blocks the calling thread: control at start, the refreshing thread later. Such calls are rare (some an hour), so each
 * has a connection of its own, and nothing is kept between two. Errors of the network, status 429 and 5xx are tried
 * again, with jitter, as often as asked.
 */
#ifndef SC_NET_AWS_FETCH_H
#define SC_NET_AWS_FETCH_H

#include <stdatomic.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "net/http/http.h"

struct sc_aws_fetch {
  const char *method;         /* "GET", "PUT", "POST" */
  const char *url;            /* names no secret: errors show it */
  const char *const *headers; /* as in sc_http_request */
  struct sc_slice body;
  int64_t timeout_ms; /* of one attempt */
  unsigned attempts;  /* at least 1 */
  bool direct;        /* past any proxy */
  const char *ca_bundle;
};

/* SC_OK: a whole reply came, whatever its status; reply is the caller's to wipe. Else SC_E_NET, SC_E_CONFIG (TLS),
 * SC_E_STOPPED. A status of 429 or 5xx at the last attempt is SC_E_THROTTLED or SC_E_SERVICE. */
int sc_aws_fetch(const struct sc_aws_fetch *fetch, struct sc_http_head *head, struct sc_buf *reply,
                 struct sc_error *err);

/* From here on calls of this thread also end, with SC_E_STOPPED, when the flag is raised. NULL: none. */
void sc_aws_fetch_obey(const atomic_bool *flag);
/* Whether to give up: the flag, or the program is to end at once (stop.h). For whatever else waits on this thread. */
bool sc_aws_fetch_is_stopped(void);

#endif
