/* The URLs that name a Kinesis stream. Pure: no I/O, no environment; allocates within the length of the URL.
 *
 *   kinesis://STREAM                         on AWS
 *   kinesis://arn:aws:kinesis:REGION:ACCOUNT:stream/NAME
 *   kinesis://[KEY:SECRET@]aws/STREAM        on AWS, with credentials
 *   kinesis://[KEY:SECRET@]HOST[:PORT]/STREAM   another endpoint: http on loopback, https elsewhere; ?tls=true|false
 *   says otherwise
 *   kinesis://HOST:PORT                      an endpoint without a stream (shardcopy streams list)
 *   kinesis:?table=NAME_OR_ARN&region_name=...&aws_access_key_id=...&aws_secret_access_key=...&start_date=...   CrateDB
 *   Toolkit's
 *
 * Every query parameter becomes an option of its name (underscores may stand for dashes); endpoint=URL goes before
 * HOST:PORT. Percent signs are decoded everywhere; a plus sign stays one, so times with an offset need no escape. A
 * secret may hold a raw slash: what is before the last @ is user info. At most SC_KINESIS_URL_MAX bytes.
 */
#ifndef SC_NET_KINESIS_KINESIS_URL_H
#define SC_NET_KINESIS_KINESIS_URL_H

#include "engine/base/error.h"
#include "engine/base/slice.h"

#define SC_KINESIS_URL_MAX 16384

struct sc_kinesis_url {
  char stream[129]; /* "" when there is none */
  char arn[2049];   /* "" when the stream is named without one */
};

/* Takes an option: "endpoint", "access-key-id", "start" ... Errors end the parse. */
typedef int sc_kinesis_url_option_fn(void *arg, const char *name, const char *value, struct sc_error *err);

bool sc_kinesis_url_claims(const char *url);
/* SC_E_USAGE with the redacted URL in the text. Secrets pass through option alone; copies are wiped. */
int sc_kinesis_url_parse(const char *url, sc_kinesis_url_option_fn *option, void *arg, struct sc_kinesis_url *out,
                         struct sc_error *err);

#endif
