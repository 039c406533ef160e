#!/usr/bin/env python3
"""The script that one would otherwise write: the reads of a quiet night, comparing nothing.

    cargo bench --bench nights -- --serve --contacts 10000     # prints where both CRMs are, as JSON
    python3 benches/peers/reads.py '{"cliengo": ...}'

With aiohttp where that is installed, else with requests in sixteen threads. Prints requests, wall and CPU seconds, and the
highest mark of its memory.
"""

import asyncio
import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

CRMS = json.loads(sys.argv[1])
KEY = {"api_key": CRMS["api_key"]}
HEADERS = {"Authorization": f"Bearer {CRMS['token']}", "Version": "2021-07-28"}
AT_A_TIME = 16


def cliengo(path, **query):
    return "GET", CRMS["cliengo"] + path, {"params": {**KEY, **query}}


def ghl(path, body=None):
    extra = {"headers": HEADERS} | ({"json": body} if body else {})
    return "POST" if body else "GET", CRMS["ghl"] + path, extra


def children(one_cliengo, one_ghl):
    for contact in one_cliengo:
        yield cliengo(f"/contacts/{contact}/tasks")
        yield cliengo(f"/contacts/{contact}/notes")
    for contact in one_ghl:
        yield ghl(f"/contacts/{contact}/notes")


def ghl_page(after):
    body = {"locationId": CRMS["location"], "pageLimit": 100, "sort": [{"field": "dateAdded", "direction": "asc"}]}
    return ghl("/contacts/search", body | ({"searchAfter": after} if after else {}))


def night(ask, ask_all):
    """`ask` sends one request, `ask_all` many at a time; says how many there were."""
    ids, after, asked = [], None, 0
    while True:
        asked += 1
        rows = ask(*ghl_page(after))["contacts"]
        ids += [row["id"] for row in rows]
        if len(rows) < 100:
            break
        after = rows[-1]["searchAfter"]
    theirs, offset = [], 0
    while offset <= 1000:
        asked += 1
        rows = ask(*cliengo("/contacts/", limit=50, offset=offset))["results"]
        theirs += [row["id"] for row in rows]
        if len(rows) < 50:
            break
        offset += 50
    # Of a longer list only the first rows can be reached: as many requests are made for these, over and over.
    theirs = [theirs[n % len(theirs)] for n in range(len(ids))]
    requests = list(children(theirs, ids))
    ask_all(requests)
    return asked + len(requests)


def with_requests():
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=AT_A_TIME))

    def ask(method, url, extra):
        answer = session.request(method, url, **extra)
        answer.raise_for_status()
        return answer.json()

    def ask_all(all_of_them):
        with ThreadPoolExecutor(AT_A_TIME) as threads:
            for _ in threads.map(lambda one: ask(*one), all_of_them):
                pass

    return night(ask, ask_all)


def with_aiohttp(aiohttp):
    loop = asyncio.new_event_loop()

    async def open_session():
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_A_TIME))

    session = loop.run_until_complete(open_session())

    async def one(method, url, extra):
        async with session.request(method, url, **extra) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def many(all_of_them):
        waiting = iter(all_of_them)

        async def work():
            for request in waiting:
                await one(*request)

        await asyncio.gather(*(work() for _ in range(AT_A_TIME)))

    made = night(lambda *request: loop.run_until_complete(one(*request)), lambda them: loop.run_until_complete(many(them)))
    loop.run_until_complete(session.close())
    return made


begun = time.monotonic()
try:
    import aiohttp

    how, made = "aiohttp", with_aiohttp(aiohttp)
except ImportError:
    how, made = "requests", with_requests()
wall, used = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF)
cpu = used.ru_utime + used.ru_stime
print(f"{how}: {made} requests, {wall:.1f} s, {cpu:.1f} s of CPU, {cpu / made * 1e6:.0f} µs each, {used.ru_maxrss / 1024:.0f} MiB")
