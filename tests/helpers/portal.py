# SPDX-License-Identifier: GPL-3.0-or-later
"""A captive portal with an untrusted certificate. Prints its port, then “request” or “refused” for each connection."""

import socket
import ssl
import sys

PAGE = b"<h1>Pay first</h1>"

folder = sys.argv[1]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/portal.pem", f"{folder}/key.pem")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    try:
        with context.wrap_socket(connection, server_side=True) as stream:
            # In TLS 1.3 a client that refuses the certificate says so only now.
            if stream.recv(65536):
                print("request", flush=True)
                head = b"HTTP/1.1 401 Unauthorized\r\ncontent-type: text/html\r\n"
                stream.sendall(head + b"content-length: %d\r\n\r\n" % len(PAGE) + PAGE)
            else:
                print("refused", flush=True)
    except OSError:
        print("refused", flush=True)
