#include "bench/local/base/apierror.h"

const struct scl_apierror scl_apierrors[] = {
    {"AccessDeniedException", 400, "User is not authorized to perform this action."},
    {"ExpiredIteratorException", 400, "Iterator expired."},
    {"ExpiredNextTokenException", 400, "NextToken expired."},
    {"ExpiredTokenException", 400, "The security token included in the request is expired"},
    {"IncompleteSignatureException", 403, "Authorization header requires 'Signature' parameter."},
    {"InternalFailure", 500, "Internal Service Failure"},
    {"InternalFailureException", 500, "Internal Service Failure"},
    {"InvalidArgumentException", 400, "Invalid argument."},
    {"InvalidSignatureException", 400,
     "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
     "and "
     "signing method. Consult the service documentation for details."},
    {"KMSAccessDeniedException", 400,
     "The ciphertext references a key that doesn't exist or that you don't have access to."},
    {"KMSDisabledException", 400,
     "The request was rejected because the specified customer master key (CMK) isn't enabled."},
    {"KMSInvalidStateException", 400,
     "The request was rejected because the state of the specified resource isn't valid for this request."},
    {"KMSNotFoundException", 400, "The request was rejected because the specified entity or resource can't be found."},
    {"KMSOptInRequired", 400, "The AWS access key ID needs a subscription for the service."},
    {"KMSThrottlingException", 400, "The request was denied due to request throttling."},
    {"LimitExceededException", 400, "Rate exceeded."},
    {"MissingAuthenticationTokenException", 400, "Missing Authentication Token"},
    {"ProvisionedThroughputExceededException", 400, "Rate exceeded for shard."},
    {"ResourceInUseException", 400, "Resource in use."},
    {"ResourceNotFoundException", 400, "Resource not found."},
    {"SerializationException", 400, ""},
    {"ServiceUnavailable", 503, "Service Unavailable"},
    {"UnknownOperationException", 400, ""},
    {"UnrecognizedClientException", 400, "The security token included in the request is invalid."},
    {"ValidationException", 400, "1 validation error detected"},
};
const int scl_apierrors_n = sizeof(scl_apierrors) / sizeof(*scl_apierrors);

const struct scl_apierror *scl_apierror_find(struct sc_slice code) {
  for (int i = 0; i < scl_apierrors_n; i++)
    if (sc_slice_is(code, scl_apierrors[i].code)) return &scl_apierrors[i];
  return NULL;
}

const char *scl_apierror_member(const char *code) {
  return strcmp(code, "SerializationException") == 0 ? "Message" : "message";
}

void scl_refusal_add(struct scl_refusal *refusal, const char *type, const char *fmt, ...) {
  va_list args;
  refusal->type = type;
  if (refusal->text.len > 0) sc_buf_add_char(&refusal->text, ' ');
  va_start(args, fmt);
  sc_buf_vprintf(&refusal->text, fmt, args);
  va_end(args);
}
