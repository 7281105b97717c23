# A tracking server:
#
#   docker build --tag nbtrack .
#   docker run --publish 5000:5000 --volume runs:/data nbtrack --allowed-hosts runs.example --auth
#
# What follows the image's name are options of `nbtrack server`. Runs and files are in /data, unless NBTRACK_URI and NBTRACK_ARTIFACTS name a database and a bucket.

FROM python:3.13-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir "$(echo /wheels/nbtrack-*.whl)[server,postgresql,mysql,s3,azure,gcs,sftp]" \
    && useradd --uid 1000 --create-home --home-dir /data nbtrack
USER nbtrack
WORKDIR /data
VOLUME /data
ENV NBTRACK_URI=sqlite:////data/runs.db NBTRACK_ARTIFACTS=/data/artifacts
EXPOSE 5000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:5000/health', timeout=5)"]
ENTRYPOINT ["nbtrack", "server", "--host", "0.0.0.0"]
