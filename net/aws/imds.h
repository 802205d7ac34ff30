/* The metadata of the EC2 instance we may be running on, IMDSv2 ("Use the Instance Metadata Service to access instance
 * metadata", EC2 User Guide; settings: "IMDS credential provider", AWS SDKs and Tools Reference Guide). The provider of
 * its keys is sc_provider_instance.
 *
 * Blocks for AWS_METADATA_SERVICE_TIMEOUT (1 s) a call, AWS_METADATA_SERVICE_NUM_ATTEMPTS (1) times. No proxy is asked.
 */
#ifndef SC_NET_AWS_IMDS_H
#define SC_NET_AWS_IMDS_H

#include "net/aws/endpoint.h"

/* Whether the metadata's address is named by the environment or the profile. */
bool sc_imds_is_named(const struct sc_endpoint_ask *ask);
/* The region, for endpoint.h. False when there is no metadata, or it is switched off. */
bool sc_imds_region(const struct sc_endpoint_ask *ask, char region[SC_REGION_MAX + 1]);

#endif
