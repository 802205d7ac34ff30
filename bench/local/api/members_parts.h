/* What the readers of JSON and of CBOR share (members.h): private to members*.c. */
#ifndef SCL_API_MEMBERS_PARTS_H
#define SCL_API_MEMBERS_PARTS_H

#include "bench/local/api/members.h"

/* The first wrong type is the refusal; later ones are ignored. */
void scl_refuse_type(struct scl_refusal *refusal, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* found: what the value is in the words of the service, e.g. "STRING_VALUE". */
void scl_refuse_scalar(struct scl_refusal *refusal, const struct scl_member *member, const char *found);
/* False, with a refusal, when the member cannot be read from a list, an object, or (neither) a scalar. */
bool scl_members_fit(struct scl_refusal *refusal, const struct scl_member *member, bool is_list, bool is_object);

bool scl_members_integer(double number, int64_t *out);
bool scl_members_time(double seconds, int64_t *ms);

/* Checks the constraints of all values, unless a type was wrong. */
void scl_members_check(const struct scl_member *members, int n, const struct scl_value *values,
                       struct scl_refusal *refusal);

#endif
