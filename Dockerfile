# syntax=docker/dockerfile:1
# Two images. `pipeline` (the last, and the default) runs loader and dbt; `sandbox` adds an SQS
# endpoint without an account, for docker-compose.yml. Packages are pinned by hash, the base by tag
# and digest (as published in github.com/docker-library/repo-info, 2026-08).
FROM python:3.13.14-slim-trixie@sha256:9662417aace5ae7b8e2609cce472b72a8958e134ba372808abe9cc1a0c0125e6 AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

FROM base AS install
WORKDIR /install
RUN python -m venv /opt/venv
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt

FROM install AS install-sandbox
COPY requirements-dev.txt ./
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements-dev.txt

FROM base AS project
WORKDIR /app
# Compose's secrets are files: see deploy/entrypoint.sh. Programs write to /tmp, /app/site and, in
# docker-compose.yml, /app/target.
ENV DBT_TARGET_PATH=/tmp/target \
    DBT_LOG_PATH=/tmp/logs \
    DBT_USE_COLORS=false
RUN useradd --uid 10001 --create-home pipeline && install --directory --owner=pipeline site target
COPY dbt_project.yml profiles.yml ./
COPY dbt_project dbt_project
COPY common common
COPY deploy deploy
COPY loader loader
COPY report report
COPY vault vault
USER 10001
ENTRYPOINT ["deploy/entrypoint.sh"]

FROM project AS sandbox
COPY --from=install-sandbox /opt/venv /opt/venv
COPY sandbox sandbox
CMD ["python", "-m", "ministack"]

FROM project AS pipeline
COPY --from=install /opt/venv /opt/venv
# For `--follow --metrics-port 9090`. Switch it off for commands that end.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://localhost:9090/healthz', timeout=4)"]
CMD ["python", "-m", "loader"]
