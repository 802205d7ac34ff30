/* The AWS shared files, ~/.aws/config and ~/.aws/credentials, as the AWS CLI reads them ("Configuration and credential
 * file settings", AWS CLI User Guide).
 *
 * Sections [default], [profile NAME] and [services NAME] of the config file, [NAME] of the credentials file, whose
 * values go before the config file's. Keys are case-insensitive; # and ; begin a comment at the start of a line or
 * behind a blank; lines set in below a key without a value are its nested settings (services' endpoint_url); a section
 * that comes twice is one. A missing file is empty. Bounds: a file of 1 MiB, SC_AWS_CONFIG_SETTINGS_MAX settings.
 *
 * Read once at start, control thread; immutable after; all text is wiped in free, since it may hold keys.
 */
#ifndef SC_NET_AWS_AWS_CONFIG_H
#define SC_NET_AWS_AWS_CONFIG_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

#define SC_AWS_CONFIG_SETTINGS_MAX 100000

struct sc_aws_config;

struct sc_aws_config *sc_aws_config_new(void);
void sc_aws_config_free(struct sc_aws_config *config);
/* Adds a file's text. where: its name for errors. SC_E_CONFIG with the line that is malformed; never its text. */
int sc_aws_config_add(struct sc_aws_config *config, struct sc_slice text, bool is_credentials, const char *where,
                      struct sc_error *err);
/* AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, by default in ~/.aws. */
int sc_aws_config_load(struct sc_aws_config **out, struct sc_error *err);

/* All NULL when it is not there or empty; views that live as long as config. */
bool sc_aws_config_has_profile(const struct sc_aws_config *config, const char *profile);
const char *sc_aws_config_profile(const struct sc_aws_config *config, const char *profile, const char *key);
/* The nested setting in the services section that the profile names: [services X] SERVICE = \n  KEY = value. */
const char *sc_aws_config_service(const struct sc_aws_config *config, const char *profile, const char *service,
                                  const char *key);

#endif
