"""What the kit is told to run for a token: asks the bench, where the people sit in front of their browsers."""

import http.client
import sys
from urllib.parse import urlencode

address, what, *pairs = sys.argv[1:]
connection = http.client.HTTPConnection(address, timeout=120)
connection.request("POST", f"/{what}", urlencode([tuple(pair.split("=", 1)) for pair in pairs]))
answer = connection.getresponse()
text = answer.read().decode()
sys.stdout.write(text)
sys.exit(0 if answer.status == 200 else text)
