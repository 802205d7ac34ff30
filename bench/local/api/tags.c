/* AddTagsToStream, RemoveTagsFromStream, ListTagsForStream, TagResource, UntagResource, ListTagsForResource; and what other
 * operations with tags share with them. */
#include "bench/local/api/operation.h"

const struct sc_member sc_tag_members[2] = {{"key", SC_MEMBER_TEXT, true, 1, 128, SC_PATTERN_NONE, NULL, NULL, 0},
                                            {"value", SC_MEMBER_TEXT, true, 0, 256, SC_PATTERN_NONE, NULL, NULL, 0}};

#define KEYS_MEMBER \
  { "TagKeys", SC_MEMBER_TEXTS, true, 1, 50, SC_PATTERN_NONE, NULL, sc_tag_members, 1 }

/* The service looks at the characters twice, and says so in two ways. */
static bool check_text(struct sc_call *call, struct sc_slice text, const char *verb, const struct sc_tag_owner *owner) {
  if (!sc_tagset_is_text(text)) {
    sc_call_fail(call, "InvalidArgumentException",
                 "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, "
                 "_ . / = + - %% @ :.");
    return false;
  }
  if (text.len == 0 || memchr(text.ptr, '%', text.len) == NULL) return true;
  sc_call_fail(call, "InvalidArgumentException",
               "Failed to %s %s %.*s under account %s because some tags contained illegal characters. The allowed "
               "characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@',':'.",
               verb, owner->kind, SC_SLICE_ARGS(owner->name), SC_SERVICE_ACCOUNT);
  return false;
}

static const struct sc_value *tag_at(const struct sc_value *tags, size_t i) { return tags->items + 2 * i; }

/* Whether an earlier tag of the request has the key as well. */
static bool is_repeated(const struct sc_value *tags, size_t i) {
  size_t before = 0;
  while (before < i && !sc_slice_equals(tag_at(tags, before)->text, tag_at(tags, i)->text)) before++;
  return before < i;
}

bool sc_call_check_tags(struct sc_call *call, const struct sc_value *tags, const struct sc_tag_owner *owner) {
  size_t n = owner->tags == NULL ? 0 : owner->tags->n;
  for (size_t i = 0; i < tags->n; i++) {
    const struct sc_value *tag = tag_at(tags, i);
    if (!check_text(call, tag[0].text, "add tags to", owner) || !check_text(call, tag[1].text, "add tags to", owner))
      return false;
    bool is_there = owner->tags != NULL && sc_tagset_has(owner->tags, tag[0].text);
    n += !is_there && !is_repeated(tags, i);
  }
  if (n <= SC_TAGSET_MAX) return true;
  sc_call_fail(call, "InvalidArgumentException",
               "Failed to add tags to %s %.*s under account %s because a given %s cannot have more than %d tags "
               "associated with it.",
               owner->kind, SC_SLICE_ARGS(owner->name), SC_SERVICE_ACCOUNT, owner->kind, SC_TAGSET_MAX);
  return false;
}

void sc_call_set_tags(const struct sc_value *tags, struct sc_tagset *set) {
  for (size_t i = 0; i < tags->n; i++) sc_tagset_set(set, tag_at(tags, i)[0].text, tag_at(tags, i)[1].text);
}

static void add_tag(struct sc_writer *w, const struct sc_tag *tag) {
  sc_writer_open_map(w, NULL);
  sc_writer_str(w, "Key", tag->key);
  sc_writer_str(w, "Value", tag->value);
  sc_writer_close_map(w);
}

/* What a call is about: a stream, or one of its consumers. */
struct tagged {
  struct sc_store_stream *stream;
  struct sc_tagset *set;
  struct sc_tag_owner owner;
};

static void tagged_stream(struct tagged *tagged, struct sc_store_stream *stream) {
  tagged->stream = stream;
  tagged->set = &stream->tags;
  tagged->owner = (struct sc_tag_owner){"stream", sc_slice_str(stream->name), tagged->set};
}

/* By the first members of the tables; false after failing the call. */
static bool find_stream(struct sc_call *call, struct tagged *tagged) {
  struct sc_store_stream *stream = sc_call_stream(call);
  if (stream != NULL) tagged_stream(tagged, stream);
  return stream != NULL;
}

/* By ResourceARN, the first member of the tables. */
static bool find_resource(struct sc_call *call, struct tagged *tagged) {
  struct sc_resource resource;
  if (!sc_call_resource(call, call->values[0].text, &resource)) return false;
  tagged_stream(tagged, resource.stream);
  if (resource.consumer == NULL) return true;
  tagged->set = &resource.consumer->tags;
  tagged->owner = (struct sc_tag_owner){"consumer", sc_slice_str(resource.consumer->name), tagged->set};
  return true;
}

static void tag(struct sc_call *call, struct tagged *tagged, const struct sc_value *tags) {
  if (!sc_call_check_tags(call, tags, &tagged->owner)) return;
  sc_call_set_tags(tags, tagged->set);
  sc_store_note_attributes(call->store, tagged->stream);
}

static void untag(struct sc_call *call, struct tagged *tagged, const struct sc_value *keys) {
  for (size_t i = 0; i < keys->n; i++)
    if (!check_text(call, keys->items[i].text, "remove tags from", &tagged->owner)) return;
  for (size_t i = 0; i < keys->n; i++) sc_tagset_remove(tagged->set, keys->items[i].text);
  sc_store_note_attributes(call->store, tagged->stream);
}

/* --- of a stream --------------------------------------------------------------------------------------------------- */

static const struct sc_member ADD[] = {SC_STREAM_MEMBERS, SC_MEMBER_TAGS(true)};
static const struct sc_member REMOVE[] = {SC_STREAM_MEMBERS, KEYS_MEMBER};

enum { LIST_AFTER = SC_VALUE_REST, LIST_LIMIT, LIST_MEMBERS };

static const struct sc_member LIST[LIST_MEMBERS] = {
    SC_STREAM_MEMBERS,
    {"ExclusiveStartTagKey", SC_MEMBER_TEXT, false, 1, 128, SC_PATTERN_NONE, NULL, NULL, 0},
    {"Limit", SC_MEMBER_INTEGER, false, 1, 50, SC_PATTERN_NONE, NULL, NULL, 0}};

static void add_tags_to_stream(struct sc_call *call) {
  struct tagged tagged;
  if (find_stream(call, &tagged)) tag(call, &tagged, &call->values[SC_VALUE_REST]);
}

static void remove_tags_from_stream(struct sc_call *call) {
  struct tagged tagged;
  if (find_stream(call, &tagged)) untag(call, &tagged, &call->values[SC_VALUE_REST]);
}

static void list_tags_for_stream(struct sc_call *call) {
  struct tagged tagged;
  if (!find_stream(call, &tagged)) return;
  const struct sc_value *after = &call->values[LIST_AFTER], *limit = &call->values[LIST_LIMIT];
  uint32_t n = tagged.set->n, first = after->is_set ? sc_tagset_first_after(tagged.set, after->text) : 0;
  uint32_t last = limit->is_set && limit->number < n - first ? first + (uint32_t)limit->number : n;
  struct sc_writer *w = &call->out;
  sc_writer_open_map(w, NULL);
  sc_writer_open_list(w, "Tags");
  for (uint32_t i = first; i < last; i++) add_tag(w, &tagged.set->tags[i]);
  sc_writer_close_list(w);
  sc_writer_bool(w, "HasMoreTags", last < n);
  sc_writer_close_map(w);
}

/* --- of any resource ----------------------------------------------------------------------------------------------- */

static const struct sc_member TAG[] = {SC_MEMBER_RESOURCE_ARN, SC_MEMBER_TAGS(true)};
static const struct sc_member UNTAG[] = {SC_MEMBER_RESOURCE_ARN, KEYS_MEMBER};
static const struct sc_member LIST_RESOURCE[] = {SC_MEMBER_RESOURCE_ARN};

static void tag_resource(struct sc_call *call) {
  struct tagged tagged;
  if (find_resource(call, &tagged)) tag(call, &tagged, &call->values[1]);
}

static void untag_resource(struct sc_call *call) {
  struct tagged tagged;
  if (find_resource(call, &tagged)) untag(call, &tagged, &call->values[1]);
}

static void list_tags_for_resource(struct sc_call *call) {
  struct tagged tagged;
  if (!find_resource(call, &tagged)) return;
  struct sc_writer *w = &call->out;
  sc_writer_open_map(w, NULL);
  sc_writer_open_list(w, "Tags");
  for (uint32_t i = 0; i < tagged.set->n; i++) add_tag(w, &tagged.set->tags[i]);
  sc_writer_close_list(w);
  sc_writer_close_map(w);
}

const struct sc_operation sc_tag_operations[] = {
    {"AddTagsToStream", ADD, SC_VALUE_REST + 1, true, add_tags_to_stream},
    {"RemoveTagsFromStream", REMOVE, SC_VALUE_REST + 1, true, remove_tags_from_stream},
    {"ListTagsForStream", LIST, LIST_MEMBERS, false, list_tags_for_stream},
    {"TagResource", TAG, 2, true, tag_resource},
    {"UntagResource", UNTAG, 2, true, untag_resource},
    {"ListTagsForResource", LIST_RESOURCE, 1, false, list_tags_for_resource},
};
const int sc_tag_operations_n = sizeof sc_tag_operations / sizeof *sc_tag_operations;
