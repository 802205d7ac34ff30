/* The message id that dlt's Kinesis source, CrateDB Toolkit and ingestr give a record: base64 of the first 15 bytes of
 * SHAKE128 (FIPS 202) of the shard id with the sequence number behind it. 20 characters, always the same for the same
 * record. One owner thread; the algorithm is fetched once and the context used again, so that no call allocates in our
 * own code. */
#ifndef SC_CODEC_KINESIS_MESSAGE_ID_H
#define SC_CODEC_KINESIS_MESSAGE_ID_H

#include "engine/base/slice.h"

#define SC_MESSAGE_ID_LEN 20

struct sc_message_id;

/* Aborts when OpenSSL has no SHAKE128. */
struct sc_message_id *sc_message_id_new(void);
void sc_message_id_free(struct sc_message_id *m);
void sc_message_id_make(struct sc_message_id *m, struct sc_slice shard_id, struct sc_slice sequence,
                        char out[SC_MESSAGE_ID_LEN]);

#endif
