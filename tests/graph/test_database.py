"""What the SQLite files promise beyond the ports: many at once, sudden death, damage, other versions."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import apsw
import pytest

from core.errors import StoreUnavailable
from core.ids import JobId
from core.memory import Observation, Query, Want
from core.ports import GraphStore
from core.work import Job
from graph.ledger import SqliteLedger
from graph.plain.store import MemoryStore
from graph.sqlite.database import Database
from graph.sqlite.migrations import LEDGER, MEMORY
from graph.sqlite.store import SqliteStore
from helpers.observations import coverage, entity, event, observation, track

ROOT = Path(__file__).parents[2]
CAR = entity(1, "car")


def chunk_of_a_walk(index: int) -> Observation:
    """One chunk of a car's long stay, as ingest would write it."""
    start = index * 10.0
    return observation(
        index,
        CAR,
        track(1, start, start + 10, label="car"),
        event("stopped", start + 1, start + 2, CAR),
        coverage(start, start + 10),
    )


def run(code: str, *args: object) -> subprocess.Popen[str]:
    """Another Python that can import the project and the test helpers."""
    path = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]\n"
    return subprocess.Popen(
        [sys.executable, "-c", path + code, *map(str, args)], stdout=subprocess.PIPE, text=True
    )


def is_whole(path: Path) -> bool:
    db = apsw.Connection(str(path))
    try:
        return bool(db.pragma("integrity_check") == "ok")
    finally:
        db.close()


WRITER = """
import tests.graph.test_database as t
from graph.sqlite.store import SqliteStore
store = SqliteStore(sys.argv[1])
for index in range(10_000):
    store.write(t.chunk_of_a_walk(index))
    print(index, flush=True)
"""


@pytest.mark.parametrize("told", [1, 7, 40])
def test_what_a_killed_writer_was_told_is_written_is_there(tmp_path: Path, told: int) -> None:
    path = tmp_path / "memory.db"
    with run(WRITER.replace("import tests.graph.test_database as t", _LOADER), path) as writer:
        assert writer.stdout is not None
        last = -1
        for line in writer.stdout:
            last = int(line)
            if last >= told:
                break
        writer.kill()
        last = max([last, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
    assert is_whole(path)
    store, expected = SqliteStore(path), MemoryStore()
    written = len(store.find(Query(want=Want.CHUNKS)).chunks)
    assert written in (last + 1, last + 2), "every acknowledged chunk, and at most the one it died in"
    for index in range(written):
        expected.write(chunk_of_a_walk(index))
    assert_same(store, expected)
    store.write(chunk_of_a_walk(written))
    store.close()


_LOADER = f"""
import importlib.util
spec = importlib.util.spec_from_file_location("written_by", {str(Path(__file__))!r})
t = importlib.util.module_from_spec(spec)
spec.loader.exec_module(t)
"""


def assert_same(store: GraphStore, expected: GraphStore) -> None:
    for want in Want:
        assert store.find(Query(want=want)) == expected.find(Query(want=want))


def test_a_write_that_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    db = Database(tmp_path / "memory.db", MEMORY)

    def fail_midway() -> None:
        with db.write() as held:
            held.execute("INSERT INTO chunks VALUES (NULL, 'a', 's', 0, 0, 1, 0)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()
    with db.read() as held:
        assert held.execute("SELECT count(*) FROM chunks").get == 0
    db.close()


def test_threads_write_and_read_at_once(tmp_path: Path) -> None:
    path, problems = tmp_path / "memory.db", []
    store, expected = SqliteStore(path), MemoryStore()
    for index in range(30):
        expected.write(chunk_of_a_walk(index))

    def work(first: int, own: SqliteStore) -> None:
        try:
            for index in range(first, 30, 3):
                own.write(chunk_of_a_walk(index))
                found = own.find(Query(want=Want.TRACKS)).tracks
                assert len(found[0].points) % 20 == 0, "whole chunks only"
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shows it
            problems.append(error)

    other = SqliteStore(path)
    threads = [threading.Thread(target=work, args=(n, (store, store, other)[n])) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert_same(store, expected)
    store.close()
    other.close()


CLAIM = """
from core.errors import Conflict
from core.work import Job
from graph.ledger import SqliteLedger
ledger = SqliteLedger(sys.argv[1])
won = []
for n in range(40):
    try:
        ledger.put(Job(id=f"job {n}", kind="ingest", key=str(n), message=sys.argv[2]), new=True)
        won.append(n)
    except Conflict:
        pass
print(*won)
ledger.close()
"""


def test_of_two_processes_that_claim_a_row_exactly_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    claimants = [run(CLAIM, path, name) for name in ("a", "b")]
    wins = {
        name: process.communicate(timeout=60)[0].split()
        for name, process in zip("ab", claimants, strict=True)
    }
    assert [process.returncode for process in claimants] == [0, 0]
    assert sorted(map(int, wins["a"] + wins["b"])) == list(range(40))
    ledger = SqliteLedger(path)
    assert all(f"{n}" in wins[ledger.get(Job, f"job {n}").message] for n in range(40))  # type: ignore[union-attr]
    ledger.close()


def test_two_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    code = "from graph.sqlite.store import SqliteStore\nSqliteStore(sys.argv[1]).close()"
    makers = [run(code, tmp_path / "memory.db") for _ in range(3)]
    assert [maker.wait(60) for maker in makers] == [0, 0, 0]
    for maker in makers:
        assert maker.stdout is not None
        maker.stdout.close()


@pytest.mark.parametrize("make", [SqliteStore, SqliteLedger])
def test_the_file_and_its_folder_are_for_their_owner_alone(tmp_path: Path, make: type[SqliteStore]) -> None:
    store = make(tmp_path / "home" / "x.db")
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    assert {f.stat().st_mode & 0o777 for f in (tmp_path / "home").iterdir()} == {0o600}
    store.close()


def test_a_file_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch(mode=0o644)
    SqliteLedger(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("make", [SqliteStore, SqliteLedger])
@pytest.mark.parametrize(
    ("content", "cause"), [(b"once upon a time " * 500, "not a database"), (b"SQLite format 3\0" * 300, "database|damaged")]
)  # fmt: skip
def test_a_file_that_is_no_database_is_left_alone(
    tmp_path: Path, make: type[SqliteStore], content: bytes, cause: str
) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=cause) as caught:
        make(path)
    assert f"mv {path}" in caught.value.next_step
    assert path.read_bytes() == content


def test_a_damaged_file_is_reported_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    store = SqliteStore(path)
    for index in range(40):
        store.write(chunk_of_a_walk(index))
    store.close()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * len(content[8192:])
    path.write_bytes(content)

    def read_all() -> None:
        with contextlib.closing(SqliteStore(path)) as damaged:
            for want in Want:
                damaged.find(Query(want=want))

    with pytest.raises(StoreUnavailable, match="damaged") as caught:
        read_all()
    assert f"mv {path}" in caught.value.next_step


def test_a_file_of_a_newer_version_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    SqliteStore(path).close()
    db = apsw.Connection(str(path))
    db.execute(f"PRAGMA user_version = {MEMORY.version + 1}")
    db.close()
    with pytest.raises(StoreUnavailable, match="newer") as caught:
        SqliteStore(path)
    assert "pip install --upgrade sightline" in caught.value.next_step


def test_a_file_of_an_older_version_is_brought_up_a_step_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    store = SqliteStore(path)
    store.write(chunk_of_a_walk(0))
    store.close()
    more = ("ALTER TABLE chunks ADD COLUMN weather TEXT", "UPDATE chunks SET weather = 'rain'")
    newer = type(MEMORY)(name="memory", mark=MEMORY.mark, steps=(*MEMORY.steps, *more))
    db = Database(path, newer)
    with db.read() as held:
        assert held.pragma("user_version") == MEMORY.version + 2
        assert held.execute("SELECT weather FROM chunks").get == "rain"
    db.close()


def test_a_step_that_fails_leaves_the_version_before_it(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    broken = ("CREATE TABLE weather (a)", "CREATE TABLE wind (a); CREATE TABLE weather (a)")
    with pytest.raises(StoreUnavailable, match="weather"):
        Database(path, type(MEMORY)(name="memory", mark=MEMORY.mark, steps=(*MEMORY.steps, *broken)))
    db = apsw.Connection(str(path))
    assert db.pragma("user_version") == MEMORY.version + 1
    assert [
        name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE name IN ('weather', 'wind')")
    ] == ["weather"]
    db.close()


def test_a_ledger_is_not_taken_for_a_memory_nor_a_stranger_s_file_for_ours(tmp_path: Path) -> None:
    ledger, other = tmp_path / "ledger.db", tmp_path / "other.db"
    SqliteLedger(ledger).close()
    db = apsw.Connection(str(other))
    db.execute("CREATE TABLE photos (a)")
    db.close()
    for path in (ledger, other):
        with pytest.raises(StoreUnavailable, match="not a memory of Sightline"):
            SqliteStore(path)


def test_a_folder_where_the_file_should_be_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        SqliteStore(tmp_path)


def test_a_full_disk_loses_nothing_that_was_written(tmp_path: Path) -> None:
    db = Database(tmp_path / "ledger.db", LEDGER)
    with db.write() as held:
        held.execute("INSERT INTO rows (kind, id, row) VALUES ('a', 'b', '{}')")

    def fill() -> None:
        with db.write() as held:
            held.execute(f"PRAGMA max_page_count = {held.pragma('page_count') + 2}")
            held.execute(
                "INSERT INTO rows (kind, id, row) VALUES ('a', 'c', json_quote(hex(zeroblob(100000))))"
            )

    with pytest.raises(StoreUnavailable, match="disk is full") as caught:
        fill()
    assert "make room" in caught.value.next_step
    with db.write() as held:
        assert held.execute("SELECT id FROM rows").get == "b"
    db.close()


def test_a_memory_on_a_full_disk_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    store, expected = SqliteStore(path), MemoryStore()
    limited = store._db._take()
    limited.execute(f"PRAGMA max_page_count = {limited.pragma('page_count') + 20}").fetchall()
    store._db._give_back(limited)

    def fill() -> None:
        for index in range(10_000):
            store.write(chunk_of_a_walk(index))
            expected.write(chunk_of_a_walk(index))

    with pytest.raises(StoreUnavailable, match="disk is full") as caught:
        fill()
    assert "make room" in caught.value.next_step
    assert_same(store, expected)
    written = len(expected.find(Query(want=Want.CHUNKS)).chunks)
    assert written > 0
    for memory in (store, expected):  # the connection with the limit was closed as it failed
        memory.write(chunk_of_a_walk(written))
    assert_same(store, expected)
    store.close()
    assert is_whole(path)


READ = """
import os
from core.errors import StoreUnavailable
from graph.sqlite.store import SqliteStore
if os.geteuid() == 0:  # whom no mode of a file keeps out
    os.setgid(65534)
    os.setuid(65534)
try:
    SqliteStore(sys.argv[1])
except StoreUnavailable as error:
    print(error)
"""


def test_a_file_that_may_not_be_written_is_reported_and_left_as_it_is(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp())
    path = folder / "memory.db"
    store = SqliteStore(path)
    store.write(chunk_of_a_walk(0))
    store.close()
    before = path.read_bytes()
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        with run(READ, path) as reader:
            told = reader.communicate(timeout=60)[0]
    finally:
        folder.chmod(0o755)
    assert "cannot be opened for writing" in told
    assert "may be written to" in told
    assert path.read_bytes() == before
    shutil.rmtree(folder)


def test_a_file_that_another_holds_is_reported_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.sqlite.database.BUSY_MS", 50)
    holder, waiter = Database(tmp_path / "x.db", MEMORY), Database(tmp_path / "x.db", MEMORY)
    with holder.write(), pytest.raises(StoreUnavailable, match="another writer"), waiter.write():
        pass
    with waiter.write():
        pass
    holder.close()
    waiter.close()


def test_a_closed_file_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "memory.db")
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.find(Query(want=Want.EVENTS))


def test_a_stored_row_this_version_cannot_read_is_reported_without_its_secrets(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    ledger.put(Job(id=JobId("j"), kind="ingest", key="hunter2"))
    db = Database(tmp_path / "ledger.db", LEDGER)
    with db.write() as held:
        held.execute("UPDATE rows SET row = json_set(row, '$.state', 'dreaming hunter2')")
    db.close()
    with pytest.raises(StoreUnavailable, match="Job cannot be read: state") as caught:
        ledger.get(Job, "j")
    assert "hunter2" not in str(caught.value)
    ledger.close()


def test_time_bounds_use_the_indexes_however_long_the_history(tmp_path: Path) -> None:
    """A query bounded in time steps through about as many pages in a long history as in a short one."""

    def steps(hours: int) -> int:
        store = SqliteStore(tmp_path / f"{hours}.db")
        for hour in range(hours):
            store.write(chunk_of_a_walk(hour * 360))
        counted = 0

        def count() -> bool:
            nonlocal counted
            counted += 1
            return False

        with store._db.read() as held:
            held.set_progress_handler(count, 10)
        span = chunk_of_a_walk(20 * 360).chunk.span
        assert len(store.find(Query(want=Want.EVENTS, span=span, text="car")).events) == 1
        store.close()
        return counted

    assert steps(300) < 2 * steps(40)
