# A migrated service: its family, its own program, what it is and how to ask whether it is well.
ARG BASE
FROM ${BASE}
ARG SERVICE
ARG VERSION
LABEL service=${SERVICE} version=${VERSION}
ENV SERVICE=${SERVICE} VERSION=${VERSION}
COPY service/ /srv/
EXPOSE 8080
HEALTHCHECK --interval=1s --timeout=2s --retries=3 \
  CMD wget -q -O - http://127.0.0.1:8080/health | grep -q "\"service\": \"$SERVICE\""
CMD ["/srv/serve.sh"]
