/* The certificates the local service shows: an authority of its own, made on the first start, and a server certificate
 * for localhost, 127.0.0.1 and ::1 signed by it.
 *
 * In one folder: ca.pem (what clients are to trust), ca-key.pem, server.pem, server-key.pem; keys have mode 0600. The
 * authority lasts ten years and is kept; the server certificate is renewed when it has under 30 days to go or does not
 * belong to the authority. A lock file keeps two starts at once apart. At start, main thread; does file I/O.
 */
#ifndef SCL_HTTP_CERTS_H
#define SCL_HTTP_CERTS_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct scl_certs {
  struct sc_buf ca, ca_key, server, server_key; /* paths */
};

/* Where they are kept by default: XDG_DATA_HOME or ~/.local/share, below it shardcopy-local. False without a home. */
bool scl_certs_default_dir(struct sc_buf *dir);
/* Makes the folder and what is missing in it. certs is to be freed with scl_certs_fini in any case. */
int scl_certs_ensure(const char *dir, struct scl_certs *certs, struct sc_error *err);
void scl_certs_fini(struct scl_certs *certs);

#endif
