/* The tags of one stream or consumer. A plain struct, zeroed when empty; the caller locks. Keys are unique, in the
 * order of their bytes, and hold no NUL (scl_tagset_is_text).
 */
#ifndef SCL_STORE_TAGSET_H
#define SCL_STORE_TAGSET_H

#include "engine/base/slice.h"

#define SCL_TAGSET_MAX 50 /* tags that a resource may have; the caller checks */

struct scl_tag {
  char *key, *value;
};

struct scl_tagset {
  uint32_t n;
  struct scl_tag *tags; /* malloc'ed, as are the texts */
};

void scl_tagset_fini(struct scl_tagset *set);
/* Adds the tag, or replaces its value. */
void scl_tagset_set(struct scl_tagset *set, struct sc_slice key, struct sc_slice value);
/* Does nothing when there is no such tag. */
void scl_tagset_remove(struct scl_tagset *set, struct sc_slice key);
bool scl_tagset_has(const struct scl_tagset *set, struct sc_slice key);
/* The place of the first tag whose key is greater than `after`. */
uint32_t scl_tagset_first_after(const struct scl_tagset *set, struct sc_slice after);

/* Whether the UTF-8 text has only characters that the service accepts in tags: letters and digits of any script,
 * blanks, and _ . / = + - % @ : (API Reference, AddTagsToStream). */
bool scl_tagset_is_text(struct sc_slice text);

#endif
