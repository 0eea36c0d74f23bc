"""A Sail server: `python -I -S sail_server.py SITE…` prints its URL, and ends when its input closes."""

import os
import sys

sys.path += sys.argv[1:]

from pysail.spark import SparkConnectServer  # it is on the path only now

server = SparkConnectServer(ip="127.0.0.1", port=0)
server.start(background=True)
sys.stdout.write(f"sc://127.0.0.1:{server.listening_address[1]}\n")
sys.stdout.flush()
sys.stdin.read()
os._exit(0)
