/* The AWS shared files, ~/.aws/config and ~/.aws/credentials, as the AWS CLI and boto3 read them ("Configuration and
 * credential file settings", AWS CLI User Guide; Python's configparser, which both rest on).
 *
 * Sections [default], [profile NAME], [sso-session NAME] and [services NAME] of the config file, [NAME] of the
 * credentials file. A profile of both files has the settings of both; the credentials file's go before. Within a file
 * the last value of a key counts, and a section that comes twice is one. When two headers name one profile ([default]
 * and [profile default]), the one that appears later replaces the other.
 *
 * A line is KEY = VALUE or KEY: VALUE; keys are case-insensitive. A line indented deeper than the key above it goes on
 * with that key's value; when the value's first line is empty, such lines are nested settings. Lines whose first
 * character is # or ; are comments. Nothing else is: "a # b" is a value. Blank lines are skipped. A file that is
 * missing is empty. Bounds: a file of 1 MiB, SC_AWS_CONFIG_SETTINGS_MAX settings.
 *
 * Read once at start, control thread; immutable after, so any thread may look things up. All text is wiped in free,
 * since it may hold keys.
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

/* The lookups return NULL when the setting is not there, empty or nested; else a view that lives as long as config. */
bool sc_aws_config_has_profile(const struct sc_aws_config *config, const char *profile);
const char *sc_aws_config_profile(const struct sc_aws_config *config, const char *profile, const char *key);
/* The same from one of the files alone. */
const char *sc_aws_config_profile_in(const struct sc_aws_config *config, bool is_credentials, const char *profile,
                                     const char *key);
bool sc_aws_config_has_sso_session(const struct sc_aws_config *config, const char *session);
const char *sc_aws_config_sso_session(const struct sc_aws_config *config, const char *session, const char *key);
/* The nested setting in the services section that the profile names: [services X] SERVICE = \n  KEY = value. */
const char *sc_aws_config_service(const struct sc_aws_config *config, const char *profile, const char *service,
                                  const char *key);

#endif
