/* Stubs of where AWS clients get their credentials from (--stub-credentials; protocol.md 4.2), on the service's own
 * listeners:
 *
 * STS               POST /, form data: AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity (stub_sts.c) IMDSv2
 * PUT /latest/api/token; GET /latest/meta-data/iam/security-credentials/[ROLE], .../placement/region and
 *                   .../placement/availability-zone, /latest/dynamic/instance-identity/document; no token, no answer
 *                   (401)
 * containers        GET /v2/credentials/..., EKS pod identity GET /v1/credentials; Authorization is compared when a
 * token is configured SSO portal        GET /federation/credentials?role_name=&account_id= with x-amz-sso_bearer_token
 * SSO OIDC          POST /token, JSON: refresh_token and device_code
 *
 * Every role exists and may be taken by everybody. The keys handed out are session keys, entered in the key ring with
 * their end. Whether who calls STS has signed is checked when signatures are. From loopback only.
 *
 * Any thread; one small lock. The ring, the signatures and the settings' strings must outlive it.
 */
#ifndef SCL_AUTH_STUB_CREDENTIALS_H
#define SCL_AUTH_STUB_CREDENTIALS_H

#include "bench/local/auth/signature.h"
#include "codec/json/doc.h"

#define SCL_STUB_ROLE "shardcopy-local"

struct scl_stub_settings {
  const char *account, *region;
  int64_t expiry_s;            /* how long what is handed out is good for */
  const char *container_token; /* what containers must send as Authorization; NULL: anything */
  struct scl_keyring *keys;
  struct scl_signatures *signatures; /* NULL: not checked */
};

struct scl_stub_credentials;

struct scl_stub_credentials *scl_stub_credentials_new(const struct scl_stub_settings *settings);
void scl_stub_credentials_free(struct scl_stub_credentials *stub);

/* False when the request is for none of them; else the reply is filled. reply->date_ms and request_id are set
 * before. */
bool scl_stub_credentials_handle(struct scl_stub_credentials *stub, struct sc_jsondoc *parser,
                                 const struct scl_request *request, struct scl_reply *reply);

#endif
