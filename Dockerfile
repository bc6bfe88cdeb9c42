# docker build . makes the image of every role: docker run IMAGE web|worker|beat|migrate|demo (docs/deployment.md).
# The steps are scripts, which the tests run without Docker.

FROM python:3.13-slim-bookworm AS builder
# "base" serves; "run" holds besides what the demo needs to train its examples.
ARG LOCK=run
WORKDIR /opt/futurisys
COPY requirements requirements
COPY scripts/image/install.sh scripts/image/install.sh
RUN scripts/image/install.sh "$LOCK" /opt/venv
COPY . .
RUN scripts/image/build.sh /opt/venv /opt/futurisys/staticfiles

FROM python:3.13-slim-bookworm
RUN useradd --uid 1000 --create-home --home-dir /var/lib/futurisys --shell /usr/sbin/nologin futurisys
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /opt/futurisys /opt/futurisys
# The only folder that is written; everything else, but /tmp, may be read-only.
VOLUME /var/lib/futurisys
ENV PATH=/opt/venv/bin:$PATH \
    PYTHON=/opt/venv/bin/python \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FUTURISYS_ENV=production \
    FUTURISYS_VAR=/var/lib/futurisys \
    STATIC_ROOT=/opt/futurisys/staticfiles \
    PULSE_FILE=/tmp/pulse \
    BIND=0.0.0.0:8000 \
    HF_HUB_DISABLE_TELEMETRY=1 \
    ORT_DISABLE_TELEMETRY=1
WORKDIR /opt/futurisys
USER 1000:1000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=4 \
    CMD ["/opt/venv/bin/python", "scripts/image/healthcheck.py"]
ENTRYPOINT ["/opt/futurisys/scripts/serve"]
