/* Where a service of AWS is: region and endpoint rules (AWS SDKs and Tools Reference Guide, "Service-specific
 * endpoints", "Dual-stack and FIPS endpoints", "AWS STS Regional endpoints"; the endpoint rule sets that botocore
 * carries). Pure but for reading the environment; control thread at start, the refreshing thread later; no network but
 * what instance_region does.
 *
 * Region: the option (--region, the URL), the stream's ARN, AWS_REGION, AWS_DEFAULT_REGION, the profile's, the
 * instance's; on a custom endpoint us-east-1 at last. An ARN goes before the environment, since a stream is read in its
 * own region only; for the same reason an option that differs from the ARN is refused.
 * Endpoint: the option, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's services section, the profile's
 * endpoint_url; AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true leaves only the option. Else AWS's own host, of Kinesis with
 * an ARN the account's own (but in aws-iso and aws-iso-b).
 * FIPS and dual-stack: the option, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT, the profile's; together with a
 * custom endpoint they are an error, as in the AWS CLI.
 */
#ifndef SC_NET_AWS_ENDPOINT_H
#define SC_NET_AWS_ENDPOINT_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

#define SC_REGION_MAX 63

struct sc_aws_config;

/* arn:PARTITION:kinesis:REGION:ACCOUNT:stream/NAME, taken apart; views into the text. */
struct sc_stream_arn {
  struct sc_slice partition, region, account, name;
};
/* True only for a stream's ARN whose parts are of their alphabets and lengths. */
bool sc_stream_arn_parse(struct sc_slice text, struct sc_stream_arn *out);
/* 1..128 of [a-zA-Z0-9_.-]. */
bool sc_stream_name_is_valid(struct sc_slice name);

enum sc_endpoint_kind { SC_ENDPOINT_CONTROL, SC_ENDPOINT_DATA, SC_ENDPOINT_KINDS };

struct sc_endpoint_at {
  char url[320];  /* "https://kinesis.eu-west-1.amazonaws.com/" */
  char host[280]; /* the Host header, to be sent and signed as it stands: with the port unless it is the scheme's own */
};

struct sc_endpoint {
  char region[SC_REGION_MAX + 1];
  bool custom; /* named by the user: no pace, dummy keys allowed */
  bool aws;    /* the host is AWS's own, also when it was named (a VPC endpoint) */
  bool tls;
  struct sc_endpoint_at at[SC_ENDPOINT_KINDS];
};

enum sc_choice { SC_UNSET, SC_YES, SC_NO };

struct sc_endpoint_ask {
  const char *region;              /* the option, NULL unset */
  const char *endpoint;            /* the option, NULL unset */
  const char *arn;                 /* of the stream, NULL without */
  enum sc_choice fips, dual_stack; /* the options */
  const char *profile;             /* name of the profile in force */
  const struct sc_aws_config *config;
  /* Asks the instance we may be running on for its region, when nothing else names one. NULL: never. */
  bool (*instance_region)(const struct sc_endpoint_ask *ask, char region[SC_REGION_MAX + 1]);
};

/* Kinesis'. SC_E_CONFIG: no region, a region or URL that is none, a contradiction. */
int sc_endpoint_resolve(const struct sc_endpoint_ask *ask, struct sc_endpoint *out, struct sc_error *err);

/* The services that hand out credentials. */
enum sc_service { SC_SERVICE_STS, SC_SERVICE_SSO, SC_SERVICE_SSO_OIDC, SC_SERVICES };

struct sc_service_endpoint {
  char region[SC_REGION_MAX + 1]; /* to sign for: us-east-1 for the global endpoint of STS */
  struct sc_endpoint_at at;
};

/* ask->region is set; ask->endpoint is the option of that service, NULL without. ask->arn is ignored. */
int sc_endpoint_of_service(const struct sc_endpoint_ask *ask, enum sc_service service, struct sc_service_endpoint *out,
                           struct sc_error *err);

/* "host", "host:port", "[v6]:port": without the port; what is malformed comes back as some part of itself. */
struct sc_slice sc_endpoint_host(struct sc_slice authority);
/* This machine: localhost and names below it, 127.0.0.0/8, ::1 in any notation, with or without brackets. No port. */
bool sc_endpoint_is_loopback(struct sc_slice host);

/* A host name (without port) of one of AWS's partitions: decides about pacing. */
bool sc_endpoint_is_aws_host(struct sc_slice host);

#endif
