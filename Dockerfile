FROM python:3.12-slim
WORKDIR /app
COPY requirements/ requirements/
# With what Neo4j, Redis and a bucket need: docker-compose.yml uses them.
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements/image.txt
COPY . .
RUN pip install --no-cache-dir --no-deps .
# A named volume takes over the owner of the folder it is mounted on: without this it would be root's.
RUN install -d -o 1000 -g 1000 /data /models
ENV SIGHTLINE_HOME=/data
USER 1000
CMD ["sightline", "serve", "--host", "0.0.0.0"]
