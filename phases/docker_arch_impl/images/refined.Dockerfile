# A family with exactly the libraries that the audit found missing in it.
ARG BASE
FROM ${BASE}
COPY root/ /
