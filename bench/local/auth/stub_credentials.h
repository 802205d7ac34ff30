/* Stubs of the services that AWS clients get credentials from (--stub-credentials), on the service's own listeners:
 *
 *   STS              POST /, form data (stub_sts.h)
 *   IMDSv2           PUT /latest/api/token; with its token (else 401) GET
 *                    /latest/meta-data/iam/security-credentials/[ROLE], .../placement/region,
 *                    .../placement/availability-zone, /latest/dynamic/instance-identity/document
 *   containers       GET /v2/credentials/..., EKS Pod Identity GET /v1/credentials; a configured token must be sent as
 *                    Authorization
 *   SSO portal       GET /federation/credentials?role_name=&account_id= with x-amz-sso_bearer_token
 *   SSO OIDC         POST /token, JSON: refresh_token and device_code
 *
 * Every role exists and may be taken by everybody. Callers of STS must sign when signatures are checked. Requests from
 * other machines are refused. Any thread. Source: AWS SDKs and Tools Reference Guide, "Standardized credential
 * providers".
 */
#ifndef SCL_AUTH_STUB_CREDENTIALS_H
#define SCL_AUTH_STUB_CREDENTIALS_H

#include "bench/local/auth/stub_keys.h"
#include "bench/local/http/exchange.h"
#include "codec/json/doc.h"

#define SCL_STUB_ROLE "shardcopy-local"

/* False when the request is for none of them; else the reply is filled. reply->date_ms and request_id are set
 * before. */
bool scl_stub_credentials_handle(struct scl_stub_credentials *stub, struct sc_jsondoc *parser,
                                 const struct scl_request *request, struct scl_reply *reply);

#endif
