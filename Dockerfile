FROM python:3.12-slim
WORKDIR /app
COPY requirements/ requirements/
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements/run.txt
COPY . .
RUN pip install --no-cache-dir --no-deps .
USER 1000
CMD ["sightline", "serve", "--host", "0.0.0.0"]
