# policap in a container: docker run --rm -v "$PWD:/data:ro" policap replay capture.pcapng -p policies/ -c cluster.yaml
FROM node:20-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# What the package holds: the program, the page, the lessons with their captures.
RUN npm run -s build && npm pack --silent && tar xzf policap-*.tgz && npm prune --omit=dev --no-audit --no-fund
# For submit, worker, status and fetch: peers that policap does without elsewhere.
RUN npm install --save-prod --omit=dev --no-audit --no-fund bullmq ioredis aws4fetch

FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /opt/policap
COPY --from=build /src/package ./
COPY --from=build /src/node_modules ./node_modules
RUN ln -s /opt/policap/bin/policap /usr/local/bin/policap
# Nothing is written but what -w names: the file system may be read-only.
USER node
WORKDIR /data
ENTRYPOINT ["policap"]
CMD ["--help"]
