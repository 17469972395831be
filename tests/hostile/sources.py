"""Runs of other tools as strangers may send them: each puts what it needs into a folder."""

from __future__ import annotations

import os
import random
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

from hostile.mutations import mutate
from hostile.predictions import PREDICTIONS
from sources.databases import MLFLOW, TRACKIO, a_trackio, an_mlflow, build
from sources.writers import (
    VERSION,
    _part,
    a_log,
    chunk,
    event,
    framed,
    hparams,
    masked,
    scalar,
    varint,
    wandb_items,
    wandb_log,
    wandb_row,
    whole,
)

Put = Callable[[Path], object]

EVENTS, LOG = "events.out.tfevents.1700000000.host.1.0", "run-abc.wandb"
LENGTHS = (0, 1, 10 * 10**9, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
GOOD_EVENTS = framed(VERSION, *(event(i, scalar("loss", i)) for i in range(20)))
GOOD_LOG = a_log([{"loss": i / 3, "a": "x"} for i in range(20)])
HEADER = b":W&B\xe1\xbe\x00"
TABLE = b'"Name","State","Created","lr","acc"\n"a","finished","1","0.1","0.5"\n'
CHART = b'"Step","a - loss","a - loss__MIN","a - loss__MAX"\n"0","1","1","1"\n'


def content(name: str, data: bytes) -> Put:
    return lambda folder: (folder / name).write_bytes(data)


def sized(name: str, data: bytes, size: int) -> Put:
    """A file that says it has many bytes, of which the disk has a few."""

    def put(folder: Path) -> None:
        (folder / name).write_bytes(data)
        os.truncate(folder / name, size)

    return put


def link(name: str, target: str) -> Put:
    return lambda folder: (folder / name).symlink_to(target)


def together(*puts: Put) -> Put:
    return lambda folder: [put(folder) for put in puts]


def a_store(folder: Path) -> Path:
    run = folder / "1/abc"
    (run / "metrics").mkdir(parents=True)
    (run / "params").mkdir()
    (run / "meta.yaml").write_text("run_id: abc\nstatus: 3\nlifecycle_stage: active\n")
    (run / "metrics/loss").write_text("1 0.5 0\n2 0.25 1\n")
    return run


def in_a_store(put: Callable[[Path], object]) -> Put:
    return lambda folder: put(a_store(folder))


def piped(run: Path) -> None:
    (run / "meta.yaml").unlink()
    os.mkfifo(run / "meta.yaml")


def sql(schema: str, statements: str) -> Put:
    """A database with `schema`, changed by statements."""

    def put(folder: Path) -> None:
        path = build(folder / "a.db", schema, [])
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA writable_schema = ON")
        connection.executescript(statements)
        connection.commit()
        connection.close()

    return put


def damaged(make: Callable[[Path], Path], seed: int) -> Put:
    """A database damaged somewhere."""

    def put(folder: Path) -> None:
        path = make(folder / "a.db")
        path.write_bytes(mutate(path.read_bytes(), random.Random(seed)))

    return put


def lengths() -> dict[str, Put]:
    """Lengths that are wrong, some with a right checksum."""
    puts: dict[str, Put] = {}
    for length in LENGTHS:
        head = struct.pack("<Q", length)
        field = b"\x2a" + varint(length) + b"x" * 9
        for name, data in {
            "events": head + masked(head) + b"x" * 50,
            "events unchecked": head + bytes(4) + b"x" * 50,
            "events field": framed(field),
            "events summary": framed(chunk(5, field)),
            "events value": framed(event(1, field)),
        }.items():
            puts[f"{name} {length}"] = content(EVENTS, data)
        puts[f"events of 10 GB, {length}"] = sized(EVENTS, head + masked(head), 10 * 10**9)
        puts[f"log field {length}"] = content(LOG, wandb_log([field]))
        puts[f"log item {length}"] = content(LOG, wandb_log([chunk(2, b"\x0a" + varint(length))]))
        part = struct.pack("<IHB", 0, length & 0xFFFF, 1)
        puts[f"log part {length}"] = content(LOG, HEADER + part + b"x" * 50)
    return puts


def odd_events() -> dict[str, Put]:
    many = [event(1, *(scalar(f"{i}", 1) for i in range(50_000)))]
    deep = b""
    for _ in range(10_000):
        deep = chunk(5, deep)
    values = {
        "a deep message": deep,
        "a group": b"\x0b" * 1000,
        "an endless number": b"\x10" + b"\xff" * 1000,
        "field 0": b"\0" * 1000,
        "a million fields": b"\x08\0" * 1_000_000,
        "a million empty fields": b"\x2a\0" * 1_000_000,
        "a million empty values": chunk(5, b"\x0a\0" * 1_000_000),
        "a tag that is no text": event(1, chunk(1, b"\xff") + b"\x15\0\0\0\0"),
        "a tag that is a number": event(1, whole(1, 3) + b"\x15\0\0\0\0"),
        "a tag of 3 MB": event(1, scalar("x" * 3_000_000, 1)),
        "a value that is a message": event(1, chunk(1, "loss") + chunk(2, b"x" * 5)),
        "a tensor of 3 MB": event(1, chunk(8, whole(1, 1) + chunk(4, bytes(3_000_000)))),
        "a step below 0": event(-1, scalar("loss", 1)),
        "the highest step": event(2**63 - 1, scalar("loss", 1)),
        "many hyperparameters": event(1, hparams({f"{i}": 1.0 for i in range(50_000)})),
        "one that is infinite": event(1, hparams({"lr": float("inf")})),
    }
    puts = {f"events: {name}": content(EVENTS, framed(data)) for name, data in values.items()}
    puts["events: 50,000 tags"] = content(EVENTS, framed(*many))
    return puts | {
        "events: empty": content(EVENTS, b""),
        "events: a folder": lambda folder: (folder / EVENTS).mkdir(),
        "events: a pipe": lambda folder: os.mkfifo(folder / EVENTS),
        "events: endless": link(EVENTS, "/dev/zero"),
        "events: a link to itself": link(EVENTS, EVENTS),
        "events: a cycle": together(content(EVENTS, GOOD_EVENTS), link("train", ".")),
        "events: a cycle of parts": link("train", "."),
        "events: deep folders": lambda folder: (folder / "/".join("d" * 200)).mkdir(parents=True),
    }


def odd_logs() -> dict[str, Put]:
    middle = b"".join(_part(3, b"") for _ in range(4681))
    rows = {
        "a deep value": chunk(2, wandb_items({}))
        + chunk(2, chunk(1, chunk(2, "a") + chunk(16, "[" * 9999))),
        "a huge number": chunk(2, chunk(1, chunk(2, "a") + chunk(16, "9" * 5000)) + chunk(2, b"")),
        "no name": chunk(2, chunk(1, chunk(16, "1")) + chunk(2, b"")),
        "no step": chunk(2, wandb_items({"a": 1})),
        "a name that is no text": chunk(
            2, chunk(1, chunk(2, b"\xff") + chunk(16, "1")) + chunk(2, b"")
        ),
        "a thousand parts of a name": chunk(2, chunk(1, chunk(2, "a") * 1000 + chunk(16, "1"))),
        "a config that isn't JSON": chunk(17, chunk(4, chunk(1, chunk(1, "a") + chunk(16, "{")))),
        "a config with a huge number": chunk(5, wandb_items({"a": 10**400})),
        "a number for a run": whole(17, 3),
        "a number for an exit": whole(18, 3),
        "a million items": chunk(3, b"\x0a\0" * 1_000_000),
        "a deep config": chunk(5, chunk(1, chunk(1, "a") + chunk(16, '{"a":' * 9999))),
    }
    puts = {f"log: {name}": content(LOG, wandb_log([row])) for name, row in rows.items()}
    return puts | {
        "log: header": content(LOG, HEADER),
        "log: half a header": content(LOG, HEADER[:5]),
        "log: zeros": sized(LOG, HEADER, 50_000_000),
        "log: 100 MB of one record": content(
            LOG, HEADER + (_part(2, b"") + middle[:32_754]) * 1000
        ),
        "log: a record of 20 MB": content(LOG, wandb_log([wandb_row(1, text="x" * 20_000_000)])),
        "log: a pipe": lambda folder: os.mkfifo(folder / LOG),
        "log: endless": link(LOG, "/dev/zero"),
        "log: a cycle": together(content(LOG, GOOD_LOG), link("latest-run", ".")),
    }


def odd_stores() -> dict[str, Put]:
    return {
        "store: a cycle": in_a_store(lambda run: (run / "metrics/a").symlink_to(run)),
        "store: a pipe": in_a_store(lambda run: os.mkfifo(run / "metrics/a")),
        "store: endless": in_a_store(lambda run: (run / "params/a").symlink_to("/dev/zero")),
        "store: 10 GB": in_a_store(lambda run: sized("metrics/a", b"1 1 1\n", 10**10)(run)),
        "store: zeros": in_a_store(lambda run: sized("metrics/a", b"1 1 1\n", 10**7)(run)),
        "store: a binary": in_a_store(lambda run: (run / "metrics/a").write_bytes(os.urandom(9999))),
        "store: a huge step": in_a_store(lambda run: (run / "metrics/a").write_text("1 1 1e999\n")),
        "store: steps NaN": in_a_store(lambda run: (run / "metrics/a").write_text("1 1 nan\n")),
        "store: deep": in_a_store(lambda run: (run / "params" / "/".join("d" * 99)).mkdir(parents=True)),
        "store: a bomb": in_a_store(lambda run: (run / "meta.yaml").write_text(
            "run_id: abc\nrun_name: '" + "a" * 900_000 + "\n")),
        "store: many lines": in_a_store(lambda run: (run / "meta.yaml").write_text("a:\n" + " b\n" * 200_000)),
        "store: meta a pipe": in_a_store(piped),
    }  # fmt: skip


def odd_databases() -> dict[str, Put]:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
    views = {
        "runs": f"{endless} x AS run_uuid, 'a' AS name, 'a' AS status, 'a' AS lifecycle_stage, "
        "1 AS experiment_id FROM n",
        "params": f"{endless} x AS run_uuid, 'a' AS key, 'a' AS value FROM n",
    }
    puts: dict[str, Put] = {}
    for table, view in views.items():
        schema = MLFLOW.replace(f"CREATE TABLE {table} ", "CREATE TABLE others ")
        puts[f"database: {table} is a view"] = sql(schema, f"CREATE VIEW {table} AS {view};")
    header = bytearray(b"SQLite format 3\0" + bytes(84))
    return puts | {
        "database: header": content("a.db", bytes(header)),
        "database: 10 GB": sized("a.db", bytes(header), 10**10),
        "database: a log beside": together(an_mlflow_in, content("a.db-wal", os.urandom(5000))),
        "database: a journal beside": together(an_mlflow_in, content("a.db-journal", os.urandom(5000))),
        "database: endless log": together(an_mlflow_in, link("a.db-wal", "/dev/zero")),
        "database: blobs": sql(MLFLOW, "INSERT INTO metrics VALUES (x'ff', x'ff', 1, x'ff', x'ff', 2);"),
        "database: text": sql(MLFLOW, "INSERT INTO metrics VALUES ('a', 'b', 'c', 'd', 'e', 'f');"),
        "database: nulls": sql(MLFLOW, "INSERT INTO runs VALUES (NULL, NULL, NULL, NULL, NULL);"),
        "database: a value of 20 MB": sql(MLFLOW, "INSERT INTO params VALUES ('a', zeroblob(20000000), 'r');"),
        "database: deep JSON": sql(TRACKIO, "INSERT INTO metrics VALUES (1, 'r', '', 'r', 0, '"
            + "[" * 100_000 + "');"),
        "database: a schema that is no SQL": sql(MLFLOW, "UPDATE sqlite_master SET sql = 'x' WHERE name = 'runs';"),
        "database: one page for all": sql(MLFLOW, "UPDATE sqlite_master SET rootpage = 1;"),
        "database: pages beyond the end": sql(MLFLOW, "UPDATE sqlite_master SET rootpage = 99999;"),
        "database: a column that computes": sql(
            TRACKIO.replace("metrics TEXT", "metrics TEXT AS (hex(zeroblob(900000000)))"), ""),
        "database: a trigger": sql(MLFLOW, "CREATE TRIGGER t AFTER INSERT ON runs BEGIN SELECT 1; END;"),
    }  # fmt: skip


def an_mlflow_in(folder: Path) -> None:
    an_mlflow(folder / "a.db")


def odd_exports() -> dict[str, Put]:
    return {
        "export: an open quote": content("a.csv", TABLE + b'"' + b"x" * 1_000_000),
        "export: zeros": content("a.csv", TABLE + bytes(1000)),
        "export: no text": content("a.csv", TABLE + b"\xff\xfe\xfd"),
        "export: 10 GB": sized("a.csv", TABLE, 10**10),
        "export: many columns": content("a.csv", b'"Name","State","Runtime"' + b',"x"' * 200_000),
        "export: a chart of text": content("a.csv", CHART + b'"a","b","c","d"\n"1","1_0","",""\n'),
        "export: header alone": content("a.csv", TABLE.splitlines()[0]),
        "export: a pipe": lambda folder: os.mkfifo(folder / "a.csv"),
    }


def odd_neighbors() -> dict[str, Put]:
    """What lies beside a run, and is looked at because of it."""
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    puts = {
        "a bomb": content("config.yaml", bomb.encode()),
        "brackets": content("config.json", b"[" * 900_000),
        "deep keys": content("config.json", b'{"a":' * 150_000),
        "many keys": content(
            "config.json", b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}"
        ),
        "10 GB": sized("hparams.yaml", b"a: 1\n", 10**10),
        "a pipe": lambda folder: os.mkfifo(folder / "args.yaml"),
        "endless": link("params.json", "/dev/zero"),
        "endless predictions": link("predictions.npz", "/dev/zero"),
        "a link to itself": link("config.yaml", "config.yaml"),
        "a huge log": sized("training.log", b"epoch,loss\n0,1\n", 10**10),
        "zeros in a log": content("training.log", b"epoch,loss\n0,1\n" + bytes(1_000_000)),
        "1,000 strays": lambda folder: [
            (folder / f"{n}.csv").write_text("a,b\n1,2\n") for n in range(1_000)
        ],
    }
    return {
        f"beside: {name}": together(content(EVENTS, GOOD_EVENTS), put) for name, put in puts.items()
    } | {f"beside a log: {name}": together(content("a.csv", b"epoch,loss\n0,1\n"), put)
         for name, put in puts.items()}  # fmt: skip


def mutations() -> dict[str, Put]:
    """Good files damaged somewhere."""
    puts: dict[str, Put] = {}
    for seed in range(25):
        draw = random.Random(seed)
        puts[f"events damaged {seed}"] = content(EVENTS, mutate(GOOD_EVENTS, draw))
        puts[f"log damaged {seed}"] = content(LOG, mutate(GOOD_LOG, draw))
        puts[f"table damaged {seed}"] = content("a.csv", mutate(TABLE, draw))
        puts[f"chart damaged {seed}"] = content("a.csv", mutate(CHART, draw))
        puts[f"MLflow damaged {seed}"] = damaged(an_mlflow, seed)
        puts[f"Trackio damaged {seed}"] = damaged(a_trackio, seed)
    return puts


HOSTILE: dict[str, Put] = (
    lengths()
    | odd_events()
    | odd_logs()
    | odd_stores()
    | odd_databases()
    | odd_exports()
    | odd_neighbors()
    | mutations()
    | PREDICTIONS
)
