/* AWS STS, version 2011-06-15: AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity. Form data in, XML out (AWS
 * Security Token Service API Reference). Any thread. */
#ifndef SCL_AUTH_STUB_STS_H
#define SCL_AUTH_STUB_STS_H

#include "bench/local/auth/stub_keys.h"
#include "bench/local/http/exchange.h"

/* Fills the reply, whose date_ms and request_id are set. */
void scl_stub_sts(struct scl_stub_credentials *stub, const struct scl_request *request, struct scl_reply *reply);

#endif
