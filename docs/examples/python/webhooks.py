"""Is told of a job's end instead of asking for it: a webhook endpoint and its receiver, with the unmodified openai SDK.

    export OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=<the department's key>
    python webhooks.py https://portal.example.com/hooks --listen 8000

The URL must lead to the port that this program listens on, directly or through a proxy that adds TLS. It makes an
endpoint, has it tested, waits for that event, and takes the endpoint away again.

Needs: pip install openai
"""

import argparse
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from openai import InvalidWebhookSignatureError, OpenAI

EVENTS = ["fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--listen", type=int, default=8000, help="port on this machine")
    return parser.parse_args()


def receiver(client, secret):
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                event = client.webhooks.unwrap(body, dict(self.headers), secret=secret)
            except InvalidWebhookSignatureError:
                self.send_response(400)
            else:
                print(f"told        {event.type}  {event.data.id}", flush=True)
                self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    return Receiver


def main():
    options = arguments()
    client = OpenAI()
    endpoint = client.webhooks.create(name="example", url=options.url, event_types=EVENTS)
    print(f"endpoint    {endpoint.id}  {endpoint.signing_secret_hint}")
    try:
        with HTTPServer(("", options.listen), receiver(client, endpoint.signing_secret)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            tested = client.webhooks.test(endpoint.id, event_type=EVENTS[0])
            print(f"answered    {tested.status_code}")
            server.shutdown()
        print(f"endpoints   {[each.name for each in client.webhooks.list()]}")
    finally:
        client.webhooks.delete(endpoint.id)


if __name__ == "__main__":
    main()
