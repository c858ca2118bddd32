"""What the kit is told to run for a token: asks the bench, where the people sit in front of their browsers."""

import socket
import sys

port, *words = sys.argv[1:]
with socket.create_connection(("127.0.0.1", int(port)), 120) as connection:
    connection.sendall("\t".join(words).encode() + b"\n")
    answer = b""
    while part := connection.recv(65_536):
        answer += part
sys.stdout.write(answer.decode())
sys.exit(0 if answer.startswith(b"{") else 1)
