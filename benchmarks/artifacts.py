"""The cost of libraries for artifact stores and of nbtrack's own stores, against servers on this machine.

    python benchmarks/artifacts.py [--size MIB] [--files N] [LIBRARY:SERVICE …]

Needs the test extra and s3fs, adlfs, sshfs. Each measurement runs in its own process, which separates memory and imports. Server
and client share the machine, so the lines compare with each other and not with a network.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

SMALL = 10_000
AT_ONCE = 8


class Obstore:
    imports = "obstore, obstore.store"

    def __init__(self, service, place):
        import obstore
        from obstore import store

        self.lib = obstore
        http = {"allow_http": True}
        if service == "s3":
            at = dict(endpoint=place["MLFLOW_S3_ENDPOINT_URL"], region="us-east-1", client_options=http)
            keys = dict(access_key_id=place["AWS_ACCESS_KEY_ID"], secret_access_key=place["AWS_SECRET_ACCESS_KEY"])
            self.store = store.S3Store("tests", **at, **keys)
        else:
            account = connection(place)
            at = dict(endpoint=account["BlobEndpoint"], account_name=account["AccountName"], account_key=account["AccountKey"])
            self.store = store.AzureStore("tests", **at, client_options=http)

    def up(self, local, remote):
        self.lib.put(self.store, remote, Path(local), chunk_size=8 << 20, max_concurrency=4)

    def down(self, remote, local):
        with open(local, "wb") as file:
            for block in self.lib.get(self.store, remote).stream(min_chunk_size=4 << 20):
                file.write(block)

    def many(self, pairs, work):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda pair: work(*pair), pairs))

    def up_many(self, pairs):
        self.many(pairs, self.up)

    def down_many(self, pairs):
        self.many(pairs, self.down)


class Fsspec:
    def __init__(self, service, place):
        self.service = service
        if service == "s3":
            import s3fs

            keys = dict(key=place["AWS_ACCESS_KEY_ID"], secret=place["AWS_SECRET_ACCESS_KEY"])
            self.fs = s3fs.S3FileSystem(endpoint_url=place["MLFLOW_S3_ENDPOINT_URL"], **keys)
        elif service == "azure":
            import adlfs

            self.fs = adlfs.AzureBlobFileSystem(connection_string=place["AZURE_STORAGE_CONNECTION_STRING"])
        else:
            import sshfs

            at = sftp(place)
            self.fs = sshfs.SSHFileSystem(at[0], port=at[1], username=at[2], client_keys=[place["KEY"]], known_hosts=None)
        self.base = sftp(place)[3] if service == "sftp" else "tests"

    @property
    def imports(self):
        return {"s3": "s3fs", "azure": "adlfs", "sftp": "sshfs"}[self.service]

    def at(self, remote):
        return f"{self.base}/{remote}"

    def up(self, local, remote):
        self.fs.put_file(str(local), self.at(remote))

    def down(self, remote, local):
        self.fs.get_file(self.at(remote), str(local))

    def up_many(self, pairs):
        self.fs.put([str(local) for local, _ in pairs], [self.at(remote) for _, remote in pairs], batch_size=AT_ONCE)

    def down_many(self, pairs):
        self.fs.get([self.at(remote) for remote, _ in pairs], [str(local) for _, local in pairs], batch_size=AT_ONCE)


class Paramiko:
    imports = "paramiko"

    def __init__(self, service, place):
        import paramiko

        host, port, user, self.base = sftp(place)
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(host, port, user, key_filename=place["KEY"])
        self.sftp = client.open_sftp()

    def up(self, local, remote):
        self.sftp.put(str(local), f"{self.base}/{remote}")

    def down(self, remote, local):
        self.sftp.get(f"{self.base}/{remote}", str(local))

    def up_many(self, pairs):
        for pair in pairs:
            self.up(*pair)

    def down_many(self, pairs):
        for pair in pairs:
            self.down(*pair)


class Nbtrack:
    imports = "nbtrack.store.artifacts.open"

    def __init__(self, service, place):
        from nbtrack.store.artifacts.open import open_artifacts

        os.environ.update(place)
        self.store = open_artifacts(f"{place['ROOT']}/benchmark")

    def up(self, local, remote):
        self.store.put(remote, Path(local))

    def down(self, remote, local):
        self.store.download(remote, Path(local))

    def up_many(self, pairs):
        for pair in pairs:
            self.up(*pair)

    def down_many(self, pairs):
        self.store.download("many", Path(pairs[0][1]).parent)


LIBRARIES = {"obstore": Obstore, "fsspec": Fsspec, "paramiko": Paramiko, "nbtrack": Nbtrack}
CASES = [
    *[f"{library}:{service}" for service in ("s3", "azure") for library in ("obstore", "fsspec")],
    "paramiko:sftp",
    "fsspec:sftp",
    *[f"nbtrack:{service}" for service in ("s3", "azure", "gcs", "sftp")],
]


def connection(place):
    return dict(part.split("=", 1) for part in place["AZURE_STORAGE_CONNECTION_STRING"].split(";") if part)


def sftp(place):
    from urllib.parse import urlsplit

    parts = urlsplit(place["ROOT"])
    return parts.hostname, parts.port, parts.username, parts.path


def timed(work, *args):
    """Return the elapsed seconds, and the CPU seconds of this process."""
    start, cpu = time.perf_counter(), time.process_time()
    work(*args)
    return time.perf_counter() - start, time.process_time() - cpu


def memory(work, *args):
    """Return the elapsed seconds, the CPU seconds, and the peak growth of the process in MiB."""
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = resident("VmRSS")
    return *timed(work, *args), resident("VmHWM") - before


def resident(which):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(which)) / 1024


def child(library, service, size, count):
    """Measure one library against one service, and print the result."""
    place = json.loads(os.environ["PLACE"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subject = LIBRARIES[library](service, place)
        small = [folder / f"small-{n}" for n in range(count)]
        for path in small:
            path.write_bytes(os.urandom(SMALL))
        result = {}
        result["up_one_ms"] = statistics.median(timed(subject.up, path, f"one-{n}")[0] for n, path in enumerate(small)) * 1e3
        result["down_one_ms"] = (
            statistics.median(timed(subject.down, f"one-{n}", folder / "down")[0] for n, _ in enumerate(small)) * 1e3
        )
        many = [(path, f"many/{path.name}") for path in small]
        if service == "sftp" and library != "nbtrack":
            many = [(path, f"many-{path.name}") for path in small]
        result["up_many_s"] = timed(subject.up_many, many)[0]
        (folder / "back").mkdir()
        result["down_many_s"] = timed(subject.down_many, [(remote, folder / "back" / Path(remote).name) for _, remote in many])[0]
        big = folder / "big"
        make_big(big, size)
        for way, work in (("up", (subject.up, big, "big")), ("down", (subject.down, "big", folder / "big-back"))):
            result.update(zip([f"{way}_s", f"{way}_cpu", f"{way}_mib"], memory(*work), strict=True))
        assert (folder / "big-back").stat().st_size == size << 20
    print(json.dumps(result))


def make_big(path, size):
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for _ in range(size):
            file.write(block)


def import_ms(names):
    code = f"import time; t = time.perf_counter(); import {names}; print(1000 * (time.perf_counter() - t))"
    runs = [subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(5)]
    return min(float(run.stdout) for run in runs)


def place_of(service):
    from tests.store.artifacts import servers

    return {"s3": servers.seaweed, "azure": servers.azurite, "gcs": servers.google, "sftp": servers.openssh}[service]()


def measure(case, size, count):
    library, service = case.split(":")
    with place_of(service) as place:
        given = {**place.environ, "ROOT": place.root, "KEY": str(Path(place.url) / "user")}
        environ = {**os.environ, "PLACE": json.dumps(given)}
        command = [sys.executable, __file__, "--child", library, service, "--size", str(size), "--files", str(count)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        return print(f"| {case} | {done.stderr.strip().splitlines()[-1][:100]} |", flush=True)
    found = json.loads(done.stdout.splitlines()[-1])
    kind = LIBRARIES[library]
    names = {"s3": "s3fs", "azure": "adlfs", "sftp": "sshfs"}[service] if library == "fsspec" else kind.imports
    cells = [
        f"{size / found['up_s']:.0f} / {size / found['down_s']:.0f}",
        f"{found['up_cpu']:.1f} / {found['down_cpu']:.1f}",
        f"{found['up_mib']:.0f} / {found['down_mib']:.0f}",
        f"{found['up_one_ms']:.1f} / {found['down_one_ms']:.1f}",
        f"{found['up_many_s']:.2f} / {found['down_many_s']:.2f}",
        f"{import_ms(names):.0f}",
    ]
    print(f"| {case} | " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--child", nargs=2)
    parser.add_argument("cases", nargs="*", default=CASES)
    options = parser.parse_args()
    if options.child:
        return child(*options.child, options.size, options.files)
    print(f"{options.size} MiB, and {options.files} files of {SMALL:,} bytes; each cell is up / down\n")
    print("| | MiB/s | cores' seconds | more memory, MiB | ms a small file | s for all, 8 at once | import, ms |")
    print("|---|---|---|---|---|---|---|")
    for case in options.cases:
        measure(case, options.size, options.files)


if __name__ == "__main__":
    main()
