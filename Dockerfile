# One image for every process: web, worker, clock, notifier, mqtt, migrate. Built in stages; what runs has no
# compiler, no npm, no test tools and no root.

FROM node:20-bookworm-slim AS frontend
WORKDIR /build
COPY maps/web/package.json maps/web/package-lock.json maps/web/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements-run.lock ./
RUN python -m venv /opt/citygrid \
 && /opt/citygrid/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: \
      -r requirements-run.lock
COPY . .
COPY --from=frontend /build/node_modules maps/web/node_modules
RUN python setup/vendor.py && rm -rf maps/web/node_modules \
 && /opt/citygrid/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && /opt/citygrid/bin/pip check

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/citygrid citygrid
COPY --from=build /opt/citygrid /opt/citygrid
ENV PATH=/opt/citygrid/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CITY_HOME=/var/lib/citygrid \
    CITY_HOST=0.0.0.0 \
    CITY_PORT=8000
USER citygrid
WORKDIR /var/lib/citygrid
EXPOSE 8000
STOPSIGNAL SIGTERM
# For the web process; compose names another one for the processes that have no door.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["citygrid"]
CMD ["web"]
