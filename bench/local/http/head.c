#include "bench/local/http/head.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static void add_field(struct scl_head *head, const char *name, const char *value) {
  head->fields[head->n++] = (struct scl_head_field){name, value};
}

static void add_date(struct scl_head *head, int64_t wall_ms) {
  time_t seconds = (time_t)(wall_ms / 1000);
  struct tm utc;
  if (gmtime_r(&seconds, &utc) == NULL) return;
  strftime(head->date, sizeof(head->date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  add_field(head, "Date", head->date);
}

void scl_head_make(struct scl_head *head, const struct scl_reply *reply) {
  head->n = 0;
  if (reply->request_id[0] != '\0') add_field(head, "x-amzn-RequestId", reply->request_id);
  if (reply->id_2[0] != '\0') add_field(head, "x-amz-id-2", reply->id_2);
  add_date(head, reply->date_ms);
  if (reply->retry_after_ms > 0) {
    snprintf(head->retry_after, sizeof(head->retry_after), "%" PRId64, reply->retry_after_ms);
    add_field(head, "x-amz-retry-after", head->retry_after);
  }
  if (reply->content_type != NULL) add_field(head, "Content-Type", reply->content_type);
  if (reply->feed != NULL) return;
  snprintf(head->length, sizeof(head->length), "%zu", scl_content_len(&reply->content));
  add_field(head, "Content-Length", head->length);
}
