# SPDX-License-Identifier: Apache-2.0
"""HTTP over a Unix domain socket."""
import http.client
import socket


class Connection(http.client.HTTPConnection):
    def __init__(self, path, patience):
        super().__init__("localhost", timeout=patience)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)
