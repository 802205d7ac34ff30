/* Calls of the Kinesis API (Kinesis_20131202, JSON 1.1, for GetRecords also CBOR 1.1): how they are written, signed,
 * sent and understood.
 *
 * struct sc_kinesis is a stream's service as one user sees it: endpoint, credentials, clock skew. It is shared by all
 * threads and immutable but for the skew and for credentials, which keep themselves fresh. What sends the calls stands
 * on top: channel.h, client.h.
 */
#ifndef SC_NET_KINESIS_KINESIS_H
#define SC_NET_KINESIS_KINESIS_H

#include <stdatomic.h>

#include "codec/json/doc.h"
#include "engine/base/buf.h"
#include "engine/lineage.h"
#include "engine/source.h"
#include "net/aws/credentials.h"
#include "net/aws/endpoint.h"
#include "net/aws/sigv4.h"
#include "net/http/http.h"

struct sc_options;

struct sc_kinesis {
  char stream[129]; /* "" when the URL names none */
  char arn[2049];   /* "" unless the URL gives one */
  struct sc_endpoint endpoint;
  struct sc_aws_config *config;
  struct sc_credentials_ask ask; /* how credentials were asked for; borrows from the options and config */
  struct sc_credentials *credentials;
  struct sc_http *http;
  bool asks_cbor;            /* GetRecords is asked in CBOR */
  bool may_fall_back;        /* and in JSON once the service refuses it */
  _Atomic bool cbor_refused; /* it did */
  _Atomic int64_t skew_ms;   /* the service's clock minus ours, once it mattered */
  char described[512];       /* "demo at https://127.0.0.1:4568 (us-east-1)" */
};

/* Parses the URL (parameters become options), settles endpoint and credentials; those may take calls (credentials.h),
 * but none to the service yet. The options must outlive it. */
int sc_kinesis_open(const char *url, struct sc_options *options, struct sc_kinesis **out, struct sc_error *err);
void sc_kinesis_close(struct sc_kinesis *k);
/* SC_E_USAGE when the URL named no stream. */
int sc_kinesis_need_stream(const struct sc_kinesis *k, struct sc_error *err);

/* ---- requests ---- */

/* A request as HTTP wants it; used again and again by its owner. */
struct sc_kinesis_request {
  struct sc_buf body;
  bool is_cbor;                        /* body is; else it is JSON */
  struct sc_keys *keys;                /* what it is signed with; held until it is signed anew */
  struct sc_sigv4_signature signature; /* views of the headers below live here */
  char host_header[290], target_header[80], date_header[32], authorization_header[530];
  const char *headers[8];
  const char *url;
};
void sc_kinesis_request_fini(struct sc_kinesis_request *r);

/* Request bodies. Each begins with the stream: its ARN on AWS hosts when there is one, else its name. */
void sc_kinesis_write_get_iterator(const struct sc_kinesis *k, struct sc_buf *out, const char *shard_id,
                                   const struct sc_position *position);
void sc_kinesis_write_get_records(const struct sc_kinesis *k, struct sc_buf *out, const char *iterator, uint32_t limit);
/* SubscribeToShard; the stream is in the consumer's ARN. */
void sc_kinesis_write_subscribe(struct sc_buf *out, const char *consumer_arn, const char *shard_id,
                                const struct sc_position *position);
/* next_token NULL on the first page. */
void sc_kinesis_write_list_shards(const struct sc_kinesis *k, struct sc_buf *out, const struct sc_slice *next_token);
/* PutRecords up to its first record: {"StreamName":"demo","Records":[ */
void sc_kinesis_open_put_records(const struct sc_kinesis *k, struct sc_buf *out);
/* {"StreamName": ...} or {"StreamARN": ...} alone. */
void sc_kinesis_write_stream(const struct sc_kinesis *k, struct sc_buf *out);

/* Signs r->body for operation ("GetRecords") and fills headers and url. */
int sc_kinesis_sign(const struct sc_kinesis *k, struct sc_signer *signer, enum sc_endpoint_kind kind,
                    const char *operation, struct sc_kinesis_request *r, struct sc_error *err);

/* ---- replies ---- */

/* What went wrong with a complete reply whose status is not 200: fills err (kinesis_error.h), notes the skew, and has
 * expired credentials fetched anew: then the error's class is RETRY. */
int sc_kinesis_failed(struct sc_kinesis *k, struct sc_jsondoc *doc, const struct sc_kinesis_request *request,
                      const char *operation, const char *shard_id, const struct sc_http_head *head,
                      struct sc_slice body, struct sc_error *err);

#endif
