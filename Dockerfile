# One image for every service, the gateway and the operators' commands: `docker run IMAGE serve auth`.
#
# The base names its tag exactly. Whoever wants the very bytes pins a digest: docker build --build-arg BASE=python@sha256:...
ARG BASE=python:3.11.15-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
# Wheels only: nothing is compiled, so nothing needs a compiler, and no package runs code of its own while it is installed.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ONLY_BINARY=:all: PIP_ROOT_USER_ACTION=ignore
COPY requirements-build.txt requirements-image.txt ./
# The environment that goes into the image has no pip: the one beside it installs into it.
RUN python -m venv tools \
    && tools/bin/pip install --quiet --require-hashes --requirement requirements-build.txt \
    && python -m venv --without-pip /opt/credpass \
    && tools/bin/pip --python /opt/credpass/bin/python install --quiet --require-hashes --requirement requirements-image.txt
COPY pyproject.toml README.md ./
COPY analysis/ analysis/
COPY cli/ cli/
COPY gateway/ gateway/
COPY generated/ generated/
COPY mesh/ mesh/
COPY services/ services/
RUN tools/bin/hatchling build -t wheel -d dist \
    && tools/bin/pip --python /opt/credpass/bin/python install --quiet --no-deps --no-index dist/*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="CredPass" \
      org.opencontainers.image.description="Bank statements in, an explained trust score and a verifiable credential out." \
      org.opencontainers.image.version="0.1.0"
# LightGBM's wheel leaves OpenMP to the system. The user has a number, so that a cluster sees that it is not root. A new
# volume takes its owner from the folder that it covers: `credpass certs --hand-out` fills one for each service.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 credpass \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/credpass --shell /usr/sbin/nologin credpass \
    && cd /var/lib && install -d -m 0700 -o 10001 -g 10001 credpass credpass/tls credpass/identities \
       credpass/identities/auth credpass/identities/ingestion credpass/identities/analysis credpass/identities/credential \
       credpass/identities/verification credpass/identities/audit credpass/identities/gateway
COPY --from=build /opt/credpass /opt/credpass
# Nothing is written but under CREDPASS_DATA and /tmp: the root may be read-only.
ENV PATH=/opt/credpass/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 CREDPASS_DATA=/var/lib/credpass
USER 10001:10001
WORKDIR /var/lib/credpass
STOPSIGNAL SIGTERM
ENTRYPOINT ["credpass"]
CMD ["--help"]
