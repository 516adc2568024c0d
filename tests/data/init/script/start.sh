#!/bin/sh
# Whatever a shell can start.
mkdir -p files
echo "hello from script" > files/index.html
exec python3 -m http.server "${PORT:-8080}" --directory files
