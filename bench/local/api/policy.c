/* PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy. Policies are stored and returned, and not enforced. */
#include <stdlib.h>

#include "bench/local/api/operation.h"

#define MAX_POLICY_BYTES 20480

enum { POLICY_RESOURCE, POLICY_TEXT, POLICY_MEMBERS };

static const struct scl_member policy_members[POLICY_MEMBERS] = {
    SCL_MEMBER_RESOURCE_ARN, {"Policy", SCL_MEMBER_TEXT, true, 0, 0, SCL_PATTERN_NONE, NULL, NULL, 0}};

static char **policy_of(const struct scl_resource *resource) {
  return resource->consumer != NULL ? &resource->consumer->policy : &resource->stream->policy;
}

static bool is_object(struct sc_slice text) {
  struct sc_json root;
  struct sc_jsondoc *parser = sc_jsondoc_new();
  bool is_good = sc_jsondoc_check(parser, text, &root) == NULL && sc_json_kind(root) == SC_JSON_OBJECT;
  sc_jsondoc_free(parser);
  return is_good;
}

static bool check_policy(struct scl_call *call, struct sc_slice text) {
  if (text.len > MAX_POLICY_BYTES) {
    scl_call_fail(call, "LimitExceededException", "The policy is longer than %d bytes.", MAX_POLICY_BYTES);
    return false;
  }
  if (is_object(text)) return true;
  scl_call_fail(call, "InvalidArgumentException", "The policy is not a JSON object.");
  return false;
}

static bool check_resource(struct scl_call *call, const struct scl_resource *resource) {
  if (resource->consumer != NULL) return scl_call_check_consumer(call, resource->stream, resource->consumer);
  return scl_call_check_active(call, resource->stream);
}

static void fail_none(struct scl_call *call) {
  scl_call_fail(call, "ResourceNotFoundException", "There is no policy for resource %.*s.",
                SC_SLICE_ARGS(call->values[POLICY_RESOURCE].text));
}

static void put_resource_policy(struct scl_call *call) {
  struct scl_resource resource;
  struct sc_slice text = call->values[POLICY_TEXT].text;
  if (!scl_call_resource(call, call->values[POLICY_RESOURCE].text, &resource)) return;
  if (!check_resource(call, &resource) || !check_policy(call, text)) return;
  char **policy = policy_of(&resource);
  free(*policy);
  *policy = sc_strndup(text);
  scl_store_note_attributes(call->store, resource.stream);
}

static void get_resource_policy(struct scl_call *call) {
  struct scl_resource resource;
  if (!scl_call_resource(call, call->values[POLICY_RESOURCE].text, &resource)) return;
  const char *policy = *policy_of(&resource);
  if (policy == NULL) {
    fail_none(call);
    return;
  }
  scl_writer_open_map(&call->out, NULL);
  scl_writer_str(&call->out, "Policy", policy);
  scl_writer_close_map(&call->out);
}

static void delete_resource_policy(struct scl_call *call) {
  struct scl_resource resource;
  if (!scl_call_resource(call, call->values[POLICY_RESOURCE].text, &resource)) return;
  char **policy = policy_of(&resource);
  if (*policy == NULL) {
    fail_none(call);
    return;
  }
  if (!check_resource(call, &resource)) return;
  free(*policy);
  *policy = NULL;
  scl_store_note_attributes(call->store, resource.stream);
}

const struct scl_operation scl_policy_operations[] = {
    {"PutResourcePolicy", policy_members, POLICY_MEMBERS, true, put_resource_policy},
    {"GetResourcePolicy", policy_members, 1, false, get_resource_policy},
    {"DeleteResourcePolicy", policy_members, 1, true, delete_resource_policy},
};
const int scl_policy_operations_n = sizeof(scl_policy_operations) / sizeof(*scl_policy_operations);
