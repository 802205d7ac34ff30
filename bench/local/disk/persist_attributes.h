/* What may be set of a stream, of its consumers and of the account, as CBOR maps in the journal's entries (persist.h).
 *
 * Names that are not known are passed over, names that are missing leave what is there: files of a version with fewer
 * are read. What is read is checked: it comes from a file that anybody may have written.
 */
#ifndef SCL_DISK_PERSIST_ATTRIBUTES_H
#define SCL_DISK_PERSIST_ATTRIBUTES_H

#include "bench/local/store/store.h"
#include "codec/wire/cbor.h"

void scl_persist_add_attributes(struct sc_buf *out, const struct scl_store_stream *stream);
/* False with in->fault set; what was set by then stays. The consumers there are replaced. Raises the store's next id
 * above theirs. */
bool scl_persist_read_attributes(struct sc_cbor *in, struct scl_store *store, struct scl_store_stream *stream);

void scl_persist_add_account(struct sc_buf *out, struct scl_store *store);
bool scl_persist_read_account(struct sc_cbor *in, struct scl_store *store);

/* Items of entries, one each: false with the fault set when the next is none such, or not within the bounds. */
bool scl_persist_take_int(struct sc_cbor *in, int64_t least, int64_t most, int64_t *out);
bool scl_persist_take_bytes(struct sc_cbor *in, size_t most, struct sc_slice *out); /* or text; in one piece */
/* 1 to SCL_STORE_MAX_NAME of a-z A-Z 0-9 _ . - */
bool scl_persist_take_name(struct sc_cbor *in, char out[SCL_STORE_MAX_NAME + 1]);

#endif
