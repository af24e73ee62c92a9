"""A stand-in for BigQuery: bqemulator, without its spatial functions, whose start would download an extension. Not
BigQuery, and it checks no credentials. Prints its port as JSON; ends when its standard input does.
"""

import asyncio
import json
import os
import sys
import threading

from bqemulator import __version__
from bqemulator.config import LogLevel, PersistenceMode, Settings
from bqemulator.server import EmulatorServer
from bqemulator.storage.engine import DuckDBEngine

DuckDBEngine._load_spatial = lambda self: None


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


async def main():
    settings = Settings(
        rest_port=0,
        grpc_port=0,
        persistence_mode=PersistenceMode.EPHEMERAL,
        default_project_id=sys.argv[1],
        log_level=LogLevel.ERROR,
        enable_format_extensions=False,
    )
    server = EmulatorServer(settings)
    await server.start()
    print(json.dumps({"port": server.rest_port, "version": __version__}), flush=True)
    await asyncio.Event().wait()


threading.Thread(target=end_with_parent, daemon=True).start()
asyncio.run(main())
