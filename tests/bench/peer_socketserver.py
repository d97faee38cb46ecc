"""Python's socketserver: returns portions of at most 1,024 bytes. peer_socketserver.py PORT"""

import socketserver
import sys


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while portion := self.request.recv(1024):
            self.request.sendall(portion)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
