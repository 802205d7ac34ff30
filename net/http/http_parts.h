/* What http.c and dial.c have in common: libcurl, how its handles are set up, and the authorities that are trusted.
 * Private to net/http. */
#ifndef SC_NET_HTTP_HTTP_PARTS_H
#define SC_NET_HTTP_HTTP_PARTS_H

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "net/http/http.h"

struct sc_http {
  X509_STORE *store; /* NULL without TLS */
};

/* Everything but the URL, the callbacks and what is asked: HTTP/1.1, time-outs, keep-alive, TLS verified. */
void sc_http_set_network(CURL *easy, const struct sc_http *http);
/* Of CURLOPT_SSL_CTX_FUNCTION: trusts http's authorities alone, reads several TLS records at a time. */
void sc_http_set_tls(SSL_CTX *context, const struct sc_http *http);
/* Of CURLOPT_SOCKOPTFUNCTION: a peer that acknowledges nothing any more is noticed. */
void sc_http_set_socket(curl_socket_t fd);
/* A Date header in epoch ms; 0: none that parses. */
int64_t sc_http_parse_date(const char *text);
/* Fills err for what libcurl returned; detail is its error buffer, "" without one. */
void sc_http_curl_error(CURLcode rc, const char *detail, struct sc_error *err);

#endif
