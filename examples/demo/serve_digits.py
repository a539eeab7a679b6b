"""Serves the digits model over HTTP on this machine and asks it, one image a request, for some seconds.

Usage: serve_digits.py MODEL.pickle [SECONDS]
Prints one line of JSON: requests answered and the share answered right.
"""
import http.client
import json
import pickle
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from sklearn.datasets import load_digits


def make_server(model) -> HTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One packet an answer: without these, Nagle's algorithm and delayed acknowledgements cost 40 ms a request.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self):
            image = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps({"digit": int(model.predict([image])[0])}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    return HTTPServer(("127.0.0.1", 0), Handler)


def main() -> None:
    with open(sys.argv[1], "rb") as source:
        model = pickle.load(source)
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    images, labels = load_digits(return_X_y=True)
    server = make_server(model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = http.client.HTTPConnection("127.0.0.1", server.server_port)
    requests = right = 0
    began = time.monotonic()
    while requests == 0 or time.monotonic() - began < seconds:
        at = requests % len(images)
        client.request("POST", "/", json.dumps([v / 16.0 for v in images[at]]), {"Content-Type": "application/json"})
        right += json.loads(client.getresponse().read())["digit"] == labels[at]
        requests += 1
    client.close()
    server.shutdown()
    print(json.dumps({"requests": requests, "right": round(right / requests, 4)}))


if __name__ == "__main__":
    main()
