# syntax=docker/dockerfile:1
ARG BASE=python:3.11-slim

# Installs coopbot, prepares the models and indexes the corpus, so that a container starts at once and needs no network.
FROM ${BASE} AS build
ARG TORCH_INDEX=auto
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH COOPBOT_CACHE_DIR=/cache
COPY pyproject.toml README.md LICENSE THIRD-PARTY.md constraints.txt requirements.txt ./
# torch alone from its own index of builds without libraries for graphics cards, if it answers; all else, and else torch too, from PyPI.
COPY .ci/torch .ci/torch
RUN PIP_NO_CACHE_DIR=1 .ci/torch python "$TORCH_INDEX"
COPY src src
# What the image can do besides: "[llm,milvus,otel,redis]" adds Milvus, "" leaves all of it out.
ARG EXTRAS=[llm,otel,redis]
# By their hashes first: requirements.txt has all but torch, with the extras of the default.
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.txt
# The encoder as torch has it is only needed to prepare the models.
RUN pip install --no-cache-dir --constraint constraints.txt ".$EXTRAS" && coopbot prepare && rm -r /cache/sources
COPY corpus corpus
RUN coopbot index

FROM ${BASE}
LABEL org.opencontainers.image.licenses=MIT
RUN useradd --create-home --uid 10001 coopbot
COPY --from=build /venv /venv
COPY LICENSE THIRD-PARTY.md /app/
COPY --from=build --chown=coopbot:coopbot /cache /cache
COPY --from=build --chown=coopbot:coopbot /app/corpus /app/corpus
COPY --from=build --chown=coopbot:coopbot /app/index /app/index
ENV PATH=/venv/bin:$PATH COOPBOT_CACHE_DIR=/cache COOPBOT_HOST=0.0.0.0 COOPBOT_PORT=8000
USER 10001
WORKDIR /app
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["coopbot", "serve"]
