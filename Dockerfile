# Two images from one file: `--target web` without PyTorch, scipy, pyarrow and SQLAlchemy, `--target worker` with them.
# PyPI's PyTorch brings its CUDA libraries on x86-64. For a smaller worker without a GPU give pip the index of PyTorch's
# CPU wheels: --build-arg TORCH_INDEX=URL
FROM python:3.11-slim AS web
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data HOME=/tmp
RUN useradd --uid 10001 --no-create-home blindsight && mkdir /data && chown blindsight /data
WORKDIR /app
COPY requirements-web.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements-web.txt
COPY . .
USER blindsight
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["python", "deploy/ask.py", "http://127.0.0.1:8000/healthz"]
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm"]

FROM web AS worker
USER root
ARG TORCH_INDEX=
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r requirements.txt
USER blindsight
# A worker's pulse is the heartbeat of its batches; what a container can tell is that its process answers for the database.
HEALTHCHECK --interval=60s --timeout=30s --start-period=60s CMD ["python", "manage.py", "check", "--database", "default"]
CMD ["celery", "-A", "config", "worker", "-Q", "gpu", "--pool=solo", "-l", "INFO"]
