/* The certificates of the local service: an authority of its own, made at the first start, and a server certificate
 * signed by it for localhost, 127.0.0.1 and ::1 (RFC 5280).
 *
 * One folder holds ca.pem (which clients are to trust), ca-key.pem, server.pem and server-key.pem; keys have mode 0600.
 * The authority lasts ten years. The server certificate is made again when it has less than 30 days left, or was not
 * signed by the authority. A lock file serialises two starts. Main thread, at start; does file I/O.
 */
#ifndef SCL_HTTP_CERTS_H
#define SCL_HTTP_CERTS_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct scl_certs {
  struct sc_buf ca, ca_key, server, server_key; /* paths */
};

/* Appends the default folder: shardcopy-local in XDG_DATA_HOME or ~/.local/share. False without a home directory. */
bool scl_certs_default_dir(struct sc_buf *dir);
/* Makes the folder, and the files that are missing. scl_certs_fini frees certs, also after an error. */
int scl_certs_ensure(const char *dir, struct scl_certs *certs, struct sc_error *err);
void scl_certs_fini(struct scl_certs *certs);

#endif
