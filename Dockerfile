# The image of every process of the distributed shape: `ashiato run …` and the one-shot commands.
#
#   docker build -t ashiato .                                    talks to a ClickHouse server
#   docker build -t ashiato:embedded --build-arg EXTRAS=embedded .   the store inside: 550 MB more
#
# PYTHON_IMAGE may also be a copy of your own, or the same image by digest.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG EXTRAS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /build
RUN python -m venv --without-pip /opt/ashiato
# Wheels only, each compared with its hash: installing runs no code of the packages, and pip resolves nothing.
COPY requirements/build.lock requirements/runtime.lock requirements/embedded.lock requirements/
RUN case "${EXTRAS}" in \
        "") lock=runtime ;; \
        embedded) lock=embedded ;; \
        *) echo "EXTRAS is '${EXTRAS}': nothing or embedded" >&2; exit 2 ;; \
    esac \
    && pip --python /opt/ashiato/bin/python install \
        --no-deps --require-hashes --only-binary :all: --requirement "requirements/${lock}.lock" \
    && pip install --no-deps --require-hashes --only-binary :all: --requirement requirements/build.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY schemas/ schemas/
COPY streams/ streams/
COPY services/ services/
COPY examples/ examples/
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir wheels . \
    && pip --python /opt/ashiato/bin/python install --no-deps --no-index wheels/*.whl \
    && /opt/ashiato/bin/ashiato --version

FROM ${PYTHON_IMAGE}
ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="Ashiato" \
      org.opencontainers.image.description="Audit trail of access to and transfer of specified user information" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Keys, spool and embedded store lie in the data directory; nothing else is written, so the root may be read-only.
RUN groupadd --gid 10001 ashiato \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/ashiato --shell /usr/sbin/nologin ashiato \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/ashiato
COPY --from=build /opt/ashiato /opt/ashiato
COPY --chmod=0755 deploy/healthcheck.py /opt/ashiato/bin/healthcheck
ENV PATH=/opt/ashiato/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ASHIATO_DATA_DIR=/var/lib/ashiato \
    HEALTH_URL=http://127.0.0.1:9464/healthz
WORKDIR /var/lib/ashiato
VOLUME ["/var/lib/ashiato"]
USER 10001:10001
# The recorder; the gateway names its own port in HEALTH_URL. Whoever supervises may ask /readyz as well.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 CMD ["python", "/opt/ashiato/bin/healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ashiato"]
CMD ["--help"]
