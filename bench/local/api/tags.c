/* AddTagsToStream, RemoveTagsFromStream, ListTagsForStream, TagResource, UntagResource, ListTagsForResource; and the
 * checks of tags that other operations share. */
#include "bench/local/api/operation.h"

const struct scl_member scl_tag_members[2] = {
    {"key", SCL_MEMBER_TEXT, true, 1, 128, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"value", SCL_MEMBER_TEXT, true, 0, 256, SCL_PATTERN_NONE, NULL, NULL, 0}};

#define KEYS_MEMBER \
  { "TagKeys", SCL_MEMBER_TEXTS, true, 1, 50, SCL_PATTERN_NONE, NULL, scl_tag_members, 1 }

/* The service checks the characters twice, with different errors. */
static bool check_text(struct scl_call *call, struct sc_slice text, const char *verb,
                       const struct scl_tag_owner *owner) {
  if (!scl_tagset_is_text(text)) {
    scl_call_fail(call, "InvalidArgumentException",
                  "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, "
                  "_ . / = + - %% @ :.");
    return false;
  }
  if (text.len == 0 || memchr(text.ptr, '%', text.len) == NULL) return true;
  scl_call_fail(call, "InvalidArgumentException",
                "Failed to %s %s %.*s under account %s because some tags contained illegal characters. The allowed "
                "characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@',':'.",
                verb, owner->kind, SC_SLICE_ARGS(owner->name), SCL_SERVICE_ACCOUNT);
  return false;
}

static const struct scl_value *tag_at(const struct scl_value *tags, size_t i) { return tags->items + 2 * i; }

/* Whether an earlier tag of the request has the key as well. */
static bool is_repeated(const struct scl_value *tags, size_t i) {
  size_t before = 0;
  while (before < i && !sc_slice_equals(tag_at(tags, before)->text, tag_at(tags, i)->text)) before++;
  return before < i;
}

bool scl_call_check_tags(struct scl_call *call, const struct scl_value *tags, const struct scl_tag_owner *owner) {
  size_t n = owner->tags == NULL ? 0 : owner->tags->n;
  for (size_t i = 0; i < tags->n; i++) {
    const struct scl_value *tag = tag_at(tags, i);
    if (!check_text(call, tag[0].text, "add tags to", owner) || !check_text(call, tag[1].text, "add tags to", owner))
      return false;
    bool is_there = owner->tags != NULL && scl_tagset_has(owner->tags, tag[0].text);
    n += !is_there && !is_repeated(tags, i);
  }
  if (n <= SCL_TAGSET_MAX) return true;
  scl_call_fail(call, "InvalidArgumentException",
                "Failed to add tags to %s %.*s under account %s because a given %s cannot have more than %d tags "
                "associated with it.",
                owner->kind, SC_SLICE_ARGS(owner->name), SCL_SERVICE_ACCOUNT, owner->kind, SCL_TAGSET_MAX);
  return false;
}

void scl_call_set_tags(const struct scl_value *tags, struct scl_tagset *set) {
  for (size_t i = 0; i < tags->n; i++) scl_tagset_set(set, tag_at(tags, i)[0].text, tag_at(tags, i)[1].text);
}

static void add_tag(struct scl_writer *w, const struct scl_tag *tag) {
  scl_writer_open_map(w, NULL);
  scl_writer_str(w, "Key", tag->key);
  scl_writer_str(w, "Value", tag->value);
  scl_writer_close_map(w);
}

/* The resource of a call: a stream, or one of its consumers. */
struct tagged {
  struct scl_store_stream *stream;
  struct scl_tagset *set;
  struct scl_tag_owner owner;
};

static void tagged_stream(struct tagged *tagged, struct scl_store_stream *stream) {
  tagged->stream = stream;
  tagged->set = &stream->tags;
  tagged->owner = (struct scl_tag_owner){"stream", sc_slice_str(stream->name), tagged->set};
}

/* The stream that the first members name; false after failing the call. */
static bool find_stream(struct scl_call *call, struct tagged *tagged) {
  struct scl_store_stream *stream = scl_call_stream(call);
  if (stream != NULL) tagged_stream(tagged, stream);
  return stream != NULL;
}

/* The resource that ResourceARN, the first member, names; false after failing the call. */
static bool find_resource(struct scl_call *call, struct tagged *tagged) {
  struct scl_resource resource;
  if (!scl_call_resource(call, call->values[0].text, &resource)) return false;
  tagged_stream(tagged, resource.stream);
  if (resource.consumer == NULL) return true;
  tagged->set = &resource.consumer->tags;
  tagged->owner = (struct scl_tag_owner){"consumer", sc_slice_str(resource.consumer->name), tagged->set};
  return true;
}

static void tag(struct scl_call *call, struct tagged *tagged, const struct scl_value *tags) {
  if (!scl_call_check_tags(call, tags, &tagged->owner)) return;
  scl_call_set_tags(tags, tagged->set);
  scl_store_note_attributes(call->store, tagged->stream);
}

static void untag(struct scl_call *call, struct tagged *tagged, const struct scl_value *keys) {
  for (size_t i = 0; i < keys->n; i++)
    if (!check_text(call, keys->items[i].text, "remove tags from", &tagged->owner)) return;
  for (size_t i = 0; i < keys->n; i++) scl_tagset_remove(tagged->set, keys->items[i].text);
  scl_store_note_attributes(call->store, tagged->stream);
}

/* ---- of a stream ---- */

static const struct scl_member add_members[] = {SCL_STREAM_MEMBERS, SCL_MEMBER_TAGS(true)};
static const struct scl_member remove_members[] = {SCL_STREAM_MEMBERS, KEYS_MEMBER};

enum { LIST_AFTER = SCL_VALUE_REST, LIST_LIMIT, LIST_MEMBERS };

static const struct scl_member list_members[LIST_MEMBERS] = {
    SCL_STREAM_MEMBERS,
    {"ExclusiveStartTagKey", SCL_MEMBER_TEXT, false, 1, 128, SCL_PATTERN_NONE, NULL, NULL, 0},
    {"Limit", SCL_MEMBER_INTEGER, false, 1, 50, SCL_PATTERN_NONE, NULL, NULL, 0}};

static void add_tags_to_stream(struct scl_call *call) {
  struct tagged tagged;
  if (find_stream(call, &tagged)) tag(call, &tagged, &call->values[SCL_VALUE_REST]);
}

static void remove_tags_from_stream(struct scl_call *call) {
  struct tagged tagged;
  if (find_stream(call, &tagged)) untag(call, &tagged, &call->values[SCL_VALUE_REST]);
}

static void list_tags_for_stream(struct scl_call *call) {
  struct tagged tagged;
  if (!find_stream(call, &tagged)) return;
  const struct scl_value *after = &call->values[LIST_AFTER], *limit = &call->values[LIST_LIMIT];
  uint32_t n = tagged.set->n, first = after->is_set ? scl_tagset_first_after(tagged.set, after->text) : 0;
  uint32_t last = limit->is_set && limit->number < n - first ? first + (uint32_t)limit->number : n;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_open_list(w, "Tags");
  for (uint32_t i = first; i < last; i++) add_tag(w, &tagged.set->tags[i]);
  scl_writer_close_list(w);
  scl_writer_bool(w, "HasMoreTags", last < n);
  scl_writer_close_map(w);
}

/* ---- of any resource ---- */

static const struct scl_member tag_members[] = {SCL_MEMBER_RESOURCE_ARN, SCL_MEMBER_TAGS(true)};
static const struct scl_member untag_members[] = {SCL_MEMBER_RESOURCE_ARN, KEYS_MEMBER};
static const struct scl_member list_resource_members[] = {SCL_MEMBER_RESOURCE_ARN};

static void tag_resource(struct scl_call *call) {
  struct tagged tagged;
  if (find_resource(call, &tagged)) tag(call, &tagged, &call->values[1]);
}

static void untag_resource(struct scl_call *call) {
  struct tagged tagged;
  if (find_resource(call, &tagged)) untag(call, &tagged, &call->values[1]);
}

static void list_tags_for_resource(struct scl_call *call) {
  struct tagged tagged;
  if (!find_resource(call, &tagged)) return;
  struct scl_writer *w = &call->out;
  scl_writer_open_map(w, NULL);
  scl_writer_open_list(w, "Tags");
  for (uint32_t i = 0; i < tagged.set->n; i++) add_tag(w, &tagged.set->tags[i]);
  scl_writer_close_list(w);
  scl_writer_close_map(w);
}

const struct scl_operation scl_tag_operations[] = {
    {"AddTagsToStream", add_members, SCL_VALUE_REST + 1, true, add_tags_to_stream},
    {"RemoveTagsFromStream", remove_members, SCL_VALUE_REST + 1, true, remove_tags_from_stream},
    {"ListTagsForStream", list_members, LIST_MEMBERS, false, list_tags_for_stream},
    {"TagResource", tag_members, 2, true, tag_resource},
    {"UntagResource", untag_members, 2, true, untag_resource},
    {"ListTagsForResource", list_resource_members, 1, false, list_tags_for_resource},
};
const int scl_tag_operations_n = sizeof(scl_tag_operations) / sizeof(*scl_tag_operations);
