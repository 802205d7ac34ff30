/* Where Kinesis is: region and endpoint rules (botocore's endpoint-rule-set of kinesis, 2013-12-02; AWS SDKs reference
 * guide, "Service-specific endpoints"). Pure but for reading the environment; control thread, at start; no network.
 *
 * Region: the option (--region, the URL), the stream's ARN, AWS_REGION, AWS_DEFAULT_REGION, the profile; on a custom
 * endpoint us-east-1 at last. An ARN comes before the environment, since a stream is read in its own region only.
 * Endpoint: the option, AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, the profile's services section, the profile's
 * endpoint_url; AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true leaves only the option. Else AWS's own host, and with an ARN
 * the account's own (but in aws-iso and aws-iso-b).
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

struct sc_endpoint {
  char region[SC_REGION_MAX + 1];
  bool custom; /* named by the user: no pace, dummy keys allowed */
  bool aws;    /* the host is AWS's own, also when it was named (a VPC endpoint) */
  bool tls;
  struct {
    char url[320];  /* "https://kinesis.eu-west-1.amazonaws.com/" */
    char host[280]; /* the Host header: with the port unless it is the scheme's own */
  } at[SC_ENDPOINT_KINDS];
};

struct sc_endpoint_ask {
  const char *region;   /* the option, NULL unset */
  const char *endpoint; /* the option, NULL unset */
  const char *arn;      /* of the stream, NULL without */
  const char *profile;  /* name of the profile in force */
  const struct sc_aws_config *config;
};

/* SC_E_CONFIG: no region, a region or URL that is none, FIPS or dual-stack asked by the environment (not supported). */
int sc_endpoint_resolve(const struct sc_endpoint_ask *ask, struct sc_endpoint *out, struct sc_error *err);

/* A host name (without port) of one of AWS's partitions: decides about pacing. */
bool sc_endpoint_is_aws_host(struct sc_slice host);

#endif
