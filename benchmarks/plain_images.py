"""Pairs the usual way: whole files in two <img>, by a server of a few lines."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGE = """<!doctype html><meta charset="utf-8"><title>Two pictures</title><link rel="icon" href="data:,">
<style>body { margin: 0; background: #777; display: flex }
img { width: 50vw; height: 90vh; object-fit: contain }</style>
<img id="left"><img id="right">
<script>
  const pairs = PAIRS, preload = PRELOAD;
  window.shown = []; window.answered = []; window.ahead = [];
  let number = 0;
  async function show() {
    const [left, right] = pairs[number % pairs.length];
    document.querySelector('#left').src = left;
    document.querySelector('#right').src = right;
    await Promise.all([...document.images].map((image) => image.decode()));
    await new Promise(requestAnimationFrame);
    requestAnimationFrame((at) => {
      shown.push(at);
      if (!preload) return;
      window.ahead = pairs[(number + 1) % pairs.length].map((src) => Object.assign(new Image(), { src }));
      for (const image of ahead) image.decode();
    });
  }
  addEventListener('keydown', (event) => { answered.push(event.timeStamp); number += 1; show(); });
  show();
</script>"""


@contextmanager
def plain_images(files: Sequence[Path], *, preload: bool) -> Iterator[str]:
    """The address of a page that shows the files two by two."""
    pairs = [[f"/{n}.png", f"/{n + 1}.png"] for n in range(0, len(files) - 1, 2)]
    page = PAGE.replace("PAIRS", json.dumps(pairs)).replace("PRELOAD", json.dumps(preload))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = page.encode() if self.path == "/" else files[int(self.path.strip("/").split(".")[0])].read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if self.path == "/" else "image/png")
            self.send_header("Cache-Control", "private, max-age=7200, immutable")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # a page may be left in the middle of a picture
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
