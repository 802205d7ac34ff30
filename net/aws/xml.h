/* The text of one element of a small XML document: what STS answers (the AWS query protocol knows no JSON).
 *
 * By hand, since all that is wanted are a few elements of known names that hold nothing but text, and each comes once;
 * a parser of XML would bring entities, namespaces and external documents along. Pure; any thread; linear in the
 * document; allocates within the element.
 */
#ifndef SC_NET_AWS_XML_H
#define SC_NET_AWS_XML_H

#include "engine/base/buf.h"

/* Replaces *out by the text of the first element <name>...</name>, with the five predefined entities and references to
 * ASCII characters resolved (XML 1.0, sections 4.1 and 4.6). False when there is none, or it holds markup, another
 * reference or a NUL. */
bool sc_xml_text(struct sc_slice document, const char *name, struct sc_buf *out);

#endif
