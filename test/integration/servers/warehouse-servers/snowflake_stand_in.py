"""A stand-in for Snowflake: fakesnow, spoken to as the Node driver expects it. Not Snowflake.

Results go out as JSON rows, large ones in chunks that are fetched apart, as Snowflake does; what fakesnow cannot run is
an answer and no status 500, which the driver would repeat for minutes; logins are checked. `GET /log` tells which
statements came in and how many chunks were fetched; after `POST /hold?parts=N` no more than N are given out, until
`DELETE /log`. Prints its port as JSON; ends when its standard input does.
"""

import asyncio
import base64
import datetime
import gzip
import json
import os
import secrets
import socket
import sys
import threading
from importlib.metadata import version

import fakesnow.server as fake
import pyarrow
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

USER = os.environ["STAND_IN_USER"]
PASSWORD = os.environ["STAND_IN_PASSWORD"]
TOKEN = os.environ["STAND_IN_TOKEN"]
FIRST_ROWS = 500
CHUNK_ROWS = 5_000

statements = []
chunks = {}
fetched = []
hold = {"after": None, "waiting": 0}


def seconds(value):
    """With nine decimals. The fraction that fakesnow gives counts upwards, before 1970 too."""
    nanoseconds = value["epoch"] * 10**9 + value["fraction"]
    return f"{'-' if nanoseconds < 0 else ''}{abs(nanoseconds) // 10**9}.{abs(nanoseconds) % 10**9:09d}"


def same(given, known):
    return secrets.compare_digest((given or "").encode(), known.encode())


def raw(value, kind):
    """A value as it stands in Snowflake's JSON rows: text, times as seconds since the epoch."""
    if value is None or (isinstance(value, dict) and value.get("epoch") is None):
        return None
    if kind == "boolean":
        return "1" if value else "0"
    if kind == "date":
        return str((value - datetime.date(1970, 1, 1)).days)
    if kind == "time":
        return f"{value // 10**9}.{value % 10**9:09d}"
    if kind in ("timestamp_ntz", "timestamp_ltz"):
        return seconds(value)
    if kind == "timestamp_tz":
        return f"{seconds(value)} {value['timezone']}"
    if kind == "binary":
        return value.hex().upper()
    return value if isinstance(value, str) else str(value)


def rows_of(data):
    if data["queryResultFormat"] != "arrow":
        return data["rowset"]
    packed = data.pop("rowsetBase64")
    if not packed:
        return []
    table = pyarrow.ipc.open_stream(base64.b64decode(packed)).read_all()
    columns = [
        [raw(value, column["type"]) for value in values.to_pylist()]
        for values, column in zip(table.columns, data["rowtype"], strict=True)
    ]
    return [list(row) for row in zip(*columns)]


def in_chunks(request, data, rows):
    data["rowset"], rest = rows[:FIRST_ROWS], rows[FIRST_ROWS:]
    data["queryResultFormat"] = "json"
    data["total"] = data["returned"] = len(rows)
    if not rest:
        return
    data["chunks"] = []
    data["chunkHeaders"] = {}
    for start in range(0, len(rest), CHUNK_ROWS):
        part = rest[start : start + CHUNK_ROWS]
        text = ",".join(json.dumps(row) for row in part).encode()
        name = secrets.token_hex(8)
        chunks[name] = gzip.compress(text, 1)
        data["chunks"].append(
            {
                "url": f"{request.url.scheme}://{request.url.netloc}/chunks/{name}",
                "rowCount": len(part),
                "uncompressedSize": len(text),
                "compressedSize": len(chunks[name]),
            }
        )


async def body_of(request):
    body = await request.body()
    if request.headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return json.loads(body)


async def query(request):
    asked = await body_of(request)
    bindings = asked.get("bindings") or {}
    statements.append(
        {
            "sql": asked["sqlText"],
            "values": [bindings[key]["value"] for key in sorted(bindings, key=int)],
            "describe": bool(asked.get("describeOnly")),
        }
    )
    answer = await fake.query_request(request)
    result = json.loads(answer.body)
    data = result.get("data")
    if result.get("success") and data and data.get("queryResultFormat"):
        in_chunks(request, data, rows_of(data))
        wanted = asked.get("parameters") or {}
        data.setdefault("parameters", []).extend({"name": name, "value": value} for name, value in wanted.items())
    if answer.status_code == 500:
        result["data"] = {"errorCode": result["code"], "sqlState": "0A000"}
        return JSONResponse(result)
    return JSONResponse(result, status_code=answer.status_code)


def is_held():
    return hold["after"] is not None and len(fetched) >= hold["after"]


async def held(request):
    hold["after"] = int(request.query_params["parts"])
    return JSONResponse({})


async def chunk(request):
    hold["waiting"] += 1
    while is_held():
        await asyncio.sleep(0.02)
    hold["waiting"] -= 1
    packed = chunks.pop(request.path_params["name"], None)
    if packed is None:
        return Response(status_code=404)
    fetched.append(True)
    return Response(packed, headers={"content-encoding": "gzip", "content-type": "binary/octet-stream"})


def refusal(code, message):
    return JSONResponse({"data": {}, "code": code, "message": message, "success": False})


async def login(request):
    data = (await body_of(request))["data"]
    if data.get("AUTHENTICATOR") == "PROGRAMMATIC_ACCESS_TOKEN":
        if not same(data.get("TOKEN"), TOKEN):
            return refusal("394400", "Programmatic access token is invalid.")
    elif not same(data.get("LOGIN_NAME"), USER) or not same(data.get("PASSWORD"), PASSWORD):
        return refusal("390100", "Incorrect username or password was specified.")
    return await fake.login_request(request)


async def log(request):
    found = {"queries": list(statements), "parts": len(fetched), "held": is_held() and hold["waiting"] > 0}
    if request.method == "DELETE":
        statements.clear()
        fetched.clear()
        hold["after"] = None
    return JSONResponse(found)


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
print(json.dumps({"port": listener.getsockname()[1], "version": version("fakesnow")}), flush=True)
app = Starlette(
    routes=[
        Route("/hold", held, methods=["POST"]),
        Route("/log", log, methods=["GET", "DELETE"]),
        Route("/chunks/{name}", chunk, methods=["GET"]),
        Route("/session/v1/login-request", login, methods=["POST"]),
        Route("/queries/v1/query-request", query, methods=["POST"]),
        Route("/telemetry/send", lambda _: JSONResponse({"success": True}), methods=["POST"]),
        *fake.routes,
    ]
)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
