# One image of the hierarchy: what it is built on, and its own layer. User and entrypoint are inherited.
ARG BASE
FROM ${BASE}
ARG FAMILY
LABEL family=${FAMILY}
COPY families/${FAMILY}/ /
