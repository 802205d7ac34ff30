/* PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy. Policies are kept and shown, and looked at by nobody: whoever may call
 * the service may call all of it. */
#include <stdlib.h>

#include "bench/local/api/operation.h"

#define MAX_POLICY_BYTES 20480

enum { POLICY_RESOURCE, POLICY_TEXT, POLICY_MEMBERS };

static const struct sc_member POLICY[POLICY_MEMBERS] = {
    SC_MEMBER_RESOURCE_ARN, {"Policy", SC_MEMBER_TEXT, true, 0, 0, SC_PATTERN_NONE, NULL, NULL, 0}};

static char **policy_of(const struct sc_resource *resource) {
  return resource->consumer != NULL ? &resource->consumer->policy : &resource->stream->policy;
}

static bool is_object(struct sc_slice text) {
  struct sc_json root;
  struct sc_jsondoc *parser = sc_jsondoc_new();
  bool is_good = sc_jsondoc_check(parser, text, &root) == NULL && sc_json_kind(root) == SC_JSON_OBJECT;
  sc_jsondoc_free(parser);
  return is_good;
}

static bool check_policy(struct sc_call *call, struct sc_slice text) {
  if (text.len > MAX_POLICY_BYTES) {
    sc_call_fail(call, "LimitExceededException", "The policy is longer than %d bytes.", MAX_POLICY_BYTES);
    return false;
  }
  if (is_object(text)) return true;
  sc_call_fail(call, "InvalidArgumentException", "The policy is not a JSON object.");
  return false;
}

static bool check_resource(struct sc_call *call, const struct sc_resource *resource) {
  if (resource->consumer != NULL) return sc_call_check_consumer(call, resource->stream, resource->consumer);
  return sc_call_check_active(call, resource->stream);
}

static void fail_none(struct sc_call *call) {
  sc_call_fail(call, "ResourceNotFoundException", "There is no policy for resource %.*s.",
               SC_SLICE_ARGS(call->values[POLICY_RESOURCE].text));
}

static void put_resource_policy(struct sc_call *call) {
  struct sc_resource resource;
  struct sc_slice text = call->values[POLICY_TEXT].text;
  if (!sc_call_resource(call, call->values[POLICY_RESOURCE].text, &resource)) return;
  if (!check_resource(call, &resource) || !check_policy(call, text)) return;
  char **policy = policy_of(&resource);
  free(*policy);
  *policy = sc_strndup(text);
  sc_store_note_attributes(call->store, resource.stream);
}

static void get_resource_policy(struct sc_call *call) {
  struct sc_resource resource;
  if (!sc_call_resource(call, call->values[POLICY_RESOURCE].text, &resource)) return;
  const char *policy = *policy_of(&resource);
  if (policy == NULL) {
    fail_none(call);
    return;
  }
  sc_writer_open_map(&call->out, NULL);
  sc_writer_str(&call->out, "Policy", policy);
  sc_writer_close_map(&call->out);
}

static void delete_resource_policy(struct sc_call *call) {
  struct sc_resource resource;
  if (!sc_call_resource(call, call->values[POLICY_RESOURCE].text, &resource)) return;
  char **policy = policy_of(&resource);
  if (*policy == NULL) {
    fail_none(call);
    return;
  }
  if (!check_resource(call, &resource)) return;
  free(*policy);
  *policy = NULL;
  sc_store_note_attributes(call->store, resource.stream);
}

const struct sc_operation sc_policy_operations[] = {
    {"PutResourcePolicy", POLICY, POLICY_MEMBERS, true, put_resource_policy},
    {"GetResourcePolicy", POLICY, 1, false, get_resource_policy},
    {"DeleteResourcePolicy", POLICY, 1, true, delete_resource_policy},
};
const int sc_policy_operations_n = sizeof sc_policy_operations / sizeof *sc_policy_operations;
