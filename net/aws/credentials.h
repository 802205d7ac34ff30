/* Who we are to AWS: access keys, found once at start as the AWS CLI and boto3 find them, and kept fresh.
 *
 * The chain (AWS SDKs and Tools Reference Guide, "Standardized credential providers"; botocore's order), the first
 * place that is set up counts:
 *
 *   options                 the URL's user info and parameters, the command line, SHARDCOPY_*
 *   environment             AWS_ACCESS_KEY_ID ..., not with an explicit --profile
 *   a role of the profile   role_arn with source_profile or credential_source
 *   web identity            AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, or the profile's
 *   SSO                     the profile's sso_session, or sso_start_url; tokens of `aws sso login`
 *   credentials file        static keys of the profile
 *   credential process      the profile's credential_process
 *   config file             static keys of the profile
 *   container               AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI: ECS, EKS Pod Identity
 *   instance metadata       IMDSv2 of EC2
 *   a dummy key             on a custom endpoint only, said once
 *
 * --credentials narrows the chain to one kind; --role-arn takes a role with whatever was found. provider.h is how a
 * place of the chain is written.
 *
 * Keys that expire are fetched again in good time by one thread of this module, in the same place. While that fails it
 * tries on, with back-off, and the old keys are used for as long as the service takes them: a service that hands out
 * credentials may be away for hours without a load noticing. When the service says that keys have expired, the thread
 * is woken, and the call is made again.
 *
 * open blocks on the network, on files and on a credential process; control thread. All else: any thread, no blocking
 * but for a mutex held for some instructions. Nothing here is ever logged; close wipes.
 */
#ifndef SC_NET_AWS_CREDENTIALS_H
#define SC_NET_AWS_CREDENTIALS_H

#include "net/aws/credentials_ask.h"
#include "net/aws/keys.h"

struct sc_credentials;

/* SC_E_CONFIG: half a key, a profile that does not exist or contradicts itself, or that needs a person (mfa_serial,
 * login_session). SC_E_AUTH: nothing found, and the text says of each place why; or a place that is set up refused. */
int sc_credentials_open(const struct sc_credentials_ask *ask, struct sc_credentials **out, struct sc_error *err);
/* Keys that were handed out live on until they are released. Waits for the thread, which gives up at once. */
void sc_credentials_close(struct sc_credentials *c);

/* The keys to sign with now; the caller releases them. */
struct sc_keys *sc_credentials_keys(struct sc_credentials *c);
/* Where they came from, for people: "profile work: credential process". Lives as long as c. */
const char *sc_credentials_origin(const struct sc_credentials *c);

/* The service says that these keys have expired. True: others are there, or are being fetched: make the call again
 * after a moment. False: there are none to be had; err then says why fetching failed, and is left alone when these keys
 * cannot be fetched again. */
bool sc_credentials_expired(struct sc_credentials *c, const struct sc_keys *keys, struct sc_error *err);

/* When to fetch keys again that were fetched at now_ms and expire then: a quarter of their time before the end, at most
 * 15 minutes, and a little earlier at random (unit: [0, 1)), so that a fleet does not ask all at once. Keys that have
 * expired already are asked for again in 1 to 2 minutes. Pure. */
int64_t sc_credentials_due_ms(int64_t now_ms, int64_t expires_ms, double unit);

#endif
