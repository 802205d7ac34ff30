#include "codec/json/doc.h"

#include "engine/base/error.h"

int sc_jsondoc_parse(struct sc_jsondoc *doc, struct sc_slice bytes, struct sc_json *root, struct sc_error *err) {
  const char *wrong = sc_jsondoc_check(doc, bytes, root);
  return wrong == NULL ? SC_OK : sc_error_set(err, SC_E_PROTOCOL, "not JSON: %s", wrong);
}
