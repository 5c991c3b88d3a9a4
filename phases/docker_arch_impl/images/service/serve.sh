#!/bin/sh
# A stand-in for a service: says what it is, tells the observability centre so, and answers over HTTP.
set -eu
mkdir -p /tmp/www/cgi-bin /tmp/www/reports
cp /srv/report.sh /tmp/www/cgi-bin/report
contents=$(sha256sum /usr/share/image/contents | cut -d ' ' -f 1)
printf '{"status": "ok", "service": "%s", "version": "%s", "git_sha": "%s", "contents": "%s", "started": %s}\n' \
  "$SERVICE" "$VERSION" "${VERSION#*-}" "$contents" "$(date +%s)" >/tmp/www/health

# Again and again: the centre may come up later than those that report to it, or be started anew. Where it was
# a moment ago nobody may answer, and wget would wait for minutes.
while :; do
  timeout 3 wget -q -O /dev/null --post-file=/tmp/www/health "$CENTRE/cgi-bin/report?$SERVICE" || :
  sleep 1
done &
exec httpd -f -p 8080 -h /tmp/www
