#include "bench/local/http/certs.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S 86400L
#define CA_DAYS 3650
#define SERVER_DAYS 397
#define RENEW_DAYS 30

struct pair {
  X509 *cert;
  EVP_PKEY *key;
};

static void free_pair(struct pair *pair) {
  X509_free(pair->cert);
  EVP_PKEY_free(pair->key);
}

bool scl_certs_default_dir(struct sc_buf *dir) {
  const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
  if (data != NULL && data[0] == '/') {
    sc_buf_printf(dir, "%s/shardcopy-local", data);
    return true;
  }
  if (home == NULL || home[0] == '\0') return false;
  sc_buf_printf(dir, "%s/.local/share/shardcopy-local", home);
  return true;
}

static int make_dirs(const char *dir, struct sc_error *err) {
  struct sc_buf path = SC_BUF_INIT;
  int failed = 0;
  for (const char *at = dir; failed == 0 && *at != '\0';) {
    at += strspn(at, "/");
    at += strcspn(at, "/");
    sc_buf_clear(&path);
    sc_buf_add(&path, dir, (size_t)(at - dir));
    if (mkdir(sc_buf_str(&path), 0700) != 0 && errno != EEXIST) failed = errno;
  }
  if (failed != 0) sc_error_errno(err, SC_E_IO, failed, "making the folder %s", sc_buf_str(&path));
  sc_buf_fini(&path);
  return failed == 0 ? SC_OK : err->code;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
  bool added = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

static bool set_serial(X509 *cert) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof(bytes)) != 1) return false;
  bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, of full length */
  BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
  bool set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
  BN_free(number);
  return set;
}

static bool set_name(X509 *cert, const char *name) {
  X509_NAME *subject = X509_get_subject_name(cert);
  return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"shardcopy-local", -1, -1, 0) &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
}

/* Sets the fields that both certificates have. */
static bool start_cert(struct pair *pair, const char *name, int days) {
  pair->key = EVP_EC_gen("P-256");
  pair->cert = X509_new();
  if (pair->key == NULL || pair->cert == NULL) return false;
  return X509_set_version(pair->cert, X509_VERSION_3) && set_serial(pair->cert) && set_name(pair->cert, name) &&
         X509_gmtime_adj(X509_getm_notBefore(pair->cert), -DAY_S) != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(pair->cert), days * DAY_S) != NULL &&
         X509_set_pubkey(pair->cert, pair->key);
}

static bool make_ca(struct pair *ca) {
  return start_cert(ca, "shardcopy-local CA", CA_DAYS) &&
         X509_set_issuer_name(ca->cert, X509_get_subject_name(ca->cert)) &&
         add_extension(ca->cert, ca->cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
         add_extension(ca->cert, ca->cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
         add_extension(ca->cert, ca->cert, NID_subject_key_identifier, "hash") &&
         X509_sign(ca->cert, ca->key, EVP_sha256()) > 0;
}

static bool make_server(struct pair *server, const struct pair *ca) {
  return start_cert(server, "localhost", SERVER_DAYS) &&
         X509_set_issuer_name(server->cert, X509_get_subject_name(ca->cert)) &&
         add_extension(server->cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(server->cert, ca->cert, NID_key_usage, "critical,digitalSignature") &&
         add_extension(server->cert, ca->cert, NID_ext_key_usage, "serverAuth") &&
         add_extension(server->cert, ca->cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
         add_extension(server->cert, ca->cert, NID_subject_key_identifier, "hash") &&
         add_extension(server->cert, ca->cert, NID_authority_key_identifier, "keyid:always") &&
         X509_sign(server->cert, ca->key, EVP_sha256()) > 0;
}

/* Writes a temporary file and renames it, so that nobody reads half a file. Exactly one of cert and key is given. */
static int write_pem(const char *path, mode_t mode, X509 *cert, EVP_PKEY *key, struct sc_error *err) {
  struct sc_buf temporary = SC_BUF_INIT;
  sc_buf_printf(&temporary, "%s.new", path);
  int fd = open(sc_buf_str(&temporary), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
  bool good = file != NULL && fchmod(fd, mode) == 0;
  if (good)
    good = cert != NULL ? PEM_write_X509(file, cert) : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
  if (file != NULL) good = fclose(file) == 0 && good;
  good = good && rename(sc_buf_str(&temporary), path) == 0;
  if (!good) sc_error_errno(err, SC_E_IO, errno, "writing %s", path);
  sc_buf_fini(&temporary);
  return good ? SC_OK : err->code;
}

static int write_pair(const struct pair *pair, const struct sc_buf *cert, const struct sc_buf *key,
                      struct sc_error *err) {
  int rc = write_pem(sc_buf_str(key), 0600, NULL, pair->key, err);
  return rc != SC_OK ? rc : write_pem(sc_buf_str(cert), 0644, pair->cert, NULL, err);
}

/* False when either file is missing or unreadable, or they do not belong together. */
static bool read_pair(const struct sc_buf *cert, const struct sc_buf *key, struct pair *pair) {
  FILE *file = fopen(sc_buf_str(cert), "re");
  if (file != NULL) {
    pair->cert = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
  }
  file = fopen(sc_buf_str(key), "re");
  if (file != NULL) {
    pair->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
  }
  return pair->cert != NULL && pair->key != NULL && X509_check_private_key(pair->cert, pair->key) == 1;
}

static bool lasts(const X509 *cert, int days) {
  time_t then = time(NULL) + days * DAY_S;
  return X509_cmp_time(X509_get0_notAfter(cert), &then) > 0;
}

static int ensure_ca(const struct scl_certs *certs, struct pair *ca, struct sc_error *err) {
  if (read_pair(&certs->ca, &certs->ca_key, ca) && lasts(ca->cert, RENEW_DAYS)) return SC_OK;
  free_pair(ca);
  *ca = (struct pair){0};
  if (!make_ca(ca)) return sc_error_set(err, SC_E_INTERNAL, "OpenSSL made no certificate authority");
  return write_pair(ca, &certs->ca, &certs->ca_key, err);
}

static int ensure_server(const struct scl_certs *certs, const struct pair *ca, struct sc_error *err) {
  struct pair server = {0};
  int rc = SC_OK;
  bool is_good = read_pair(&certs->server, &certs->server_key, &server) && lasts(server.cert, RENEW_DAYS) &&
                 X509_verify(server.cert, X509_get0_pubkey(ca->cert)) == 1;
  if (!is_good) {
    free_pair(&server);
    server = (struct pair){0};
    rc = make_server(&server, ca) ? write_pair(&server, &certs->server, &certs->server_key, err)
                                  : sc_error_set(err, SC_E_INTERNAL, "OpenSSL made no server certificate");
  }
  free_pair(&server);
  return rc;
}

static int lock_dir(const char *dir, struct sc_error *err) {
  struct sc_buf path = SC_BUF_INIT;
  sc_buf_printf(&path, "%s/lock", dir);
  int fd = open(sc_buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 || flock(fd, LOCK_EX) != 0) sc_error_errno(err, SC_E_IO, errno, "locking %s", sc_buf_str(&path));
  sc_buf_fini(&path);
  return fd;
}

int scl_certs_ensure(const char *dir, struct scl_certs *certs, struct sc_error *err) {
  struct pair ca = {0};
  sc_error_clear(err);
  sc_buf_printf(&certs->ca, "%s/ca.pem", dir);
  sc_buf_printf(&certs->ca_key, "%s/ca-key.pem", dir);
  sc_buf_printf(&certs->server, "%s/server.pem", dir);
  sc_buf_printf(&certs->server_key, "%s/server-key.pem", dir);
  if (make_dirs(dir, err) != SC_OK) return err->code;
  int lock = lock_dir(dir, err);
  int rc = err->code;
  if (rc == SC_OK) rc = ensure_ca(certs, &ca, err);
  if (rc == SC_OK) rc = ensure_server(certs, &ca, err);
  free_pair(&ca);
  if (lock >= 0) close(lock);
  return rc;
}

void scl_certs_fini(struct scl_certs *certs) {
  sc_buf_fini(&certs->ca);
  sc_buf_fini(&certs->ca_key);
  sc_buf_fini(&certs->server);
  sc_buf_fini(&certs->server_key);
}
