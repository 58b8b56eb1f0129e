# Two images. `pipeline` (the last, and the default) runs loader, dbt and report; `sandbox` is an SQS
# endpoint without an account, for docker-compose.yml. Packages are pinned by hash, the base by tag
# and digest (as published in github.com/docker-library/repo-info, 2026-08).
FROM python:3.13.14-slim-trixie@sha256:9662417aace5ae7b8e2609cce472b72a8958e134ba372808abe9cc1a0c0125e6 AS base
WORKDIR /app
RUN useradd --uid 10001 --create-home pipeline
# Python cleans up at this signal, and ignores SIGTERM where it is process 1. `docker stop`, ECS and
# Kubernetes send what is named here; the loader takes both.
STOPSIGNAL SIGINT

# Without a pip of its own, which nothing runs. Of vl-convert the report needs one script: see
# report/script.py.
FROM base AS install
COPY requirements.txt ./
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt
COPY report report
RUN /opt/venv/bin/python -m report.script && pip --python /opt/venv uninstall --yes vl-convert-python

FROM base AS install-sandbox
COPY requirements-sandbox.txt ./
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv install --no-cache-dir --require-hashes --only-binary :all: -r requirements-sandbox.txt

FROM base AS sandbox
COPY --from=install-sandbox /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
COPY sandbox sandbox
USER 10001
CMD ["python", "-m", "ministack"]

FROM base AS pipeline
COPY --from=install /opt/venv /opt/venv
# Compose's secrets are files: see deploy/entrypoint.sh. Programs write to /tmp, /app/site and, in
# docker-compose.yml, /app/target.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DBT_TARGET_PATH=/tmp/target \
    DBT_LOG_PATH=/tmp/logs \
    DBT_USE_COLORS=false
RUN install --directory --owner=pipeline site target
COPY dbt_project.yml profiles.yml ./
COPY dbt_project dbt_project
COPY common common
COPY deploy deploy
COPY loader loader
COPY vault vault
COPY --from=install /app/report report
# Nothing is written beside the code later, so it is compiled here.
RUN python -m compileall -q common deploy loader report vault
USER 10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-m", "deploy.health", "1"]
ENTRYPOINT ["deploy/entrypoint.sh"]
CMD ["python", "-m", "loader"]
