"""Measures `mock --init` from an image in a registry on loopback against `gzip -dc | tar -x` of the
same layers, in turns, and prints a Markdown table.

The image is a root of the mini distribution with a compiler in it, written by mock. The registry is a
directory in the form of /v2/, served by Python. Started by run.sh.
"""

import argparse
import hashlib
import http.server
import json
import os
import re
import shutil
import statistics
import subprocess
import tarfile
import threading
import time
from pathlib import Path


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = Path(self.server.directory) / self.path.lstrip("/")
        if not path.is_file():
            status = 200 if self.path == "/v2/" else 404
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with path.open("rb") as file:
            size = path.stat().st_size
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            self.wfile.flush()
            at = 0
            while at < size:
                at += os.sendfile(self.connection.fileno(), file.fileno(), at, size - at)

    def log_message(self, *_):
        pass


def serve(directory):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.directory = directory
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def publish(archive, directory, parts):
    """Unpacks an OCI archive into the form of a registry; its layer becomes several. Gives their files."""
    layout = directory / "layout"
    with tarfile.open(archive) as tar:
        tar.extractall(layout, filter="data")
    blob = lambda digest: layout / "blobs" / digest.replace(":", "/")
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_bytes())
    config = json.loads(blob(manifest["config"]["digest"]).read_bytes())
    blobs = directory / "v2/bench/mini/blobs"
    manifests = directory / "v2/bench/mini/manifests"
    for path in [blobs, manifests]:
        path.mkdir(parents=True)
    whole = blob(manifest["layers"][0]["digest"])
    packed = split(whole, directory, parts) if parts > 1 else [whole]
    layers, diff_ids, files = [], [], []
    for path in packed:
        data = path.read_bytes()
        digest = sha256(data)
        plain = subprocess.run(["gzip", "-dc", path], stdout=subprocess.PIPE, check=True).stdout
        diff_ids.append(sha256(plain))
        layers.append({**manifest["layers"][0], "digest": digest, "size": len(data)})
        shutil.copy(path, blobs / digest)
        files.append(blobs / digest)
    config["rootfs"]["diff_ids"] = diff_ids
    text = json.dumps(config).encode()
    (blobs / sha256(text)).write_bytes(text)
    manifest["config"].update(digest=sha256(text), size=len(text))
    manifest["layers"] = layers
    (manifests / "1").write_text(json.dumps(manifest))
    return files


def split(whole, directory, parts):
    """The members of a layer, in as many layers."""
    outputs = [directory / f"part-{number}.tar" for number in range(parts)]
    with tarfile.open(whole) as tar:
        tars = [tarfile.open(path, "w", format=tarfile.PAX_FORMAT) for path in outputs]
        members = tar.getmembers()
        for number, member in enumerate(members):
            # Links need what they name to be there.
            part = parts - 1 if member.islnk() else number * parts // len(members)
            tars[part].addfile(member, tar.extractfile(member) if member.isreg() else None)
        for one in tars:
            one.close()
    subprocess.run(["gzip", "-6", *outputs], check=True)
    return [path.with_suffix(".tar.gz") for path in outputs]


def moment(text, line):
    stamp = re.search(rf"^(\S+ \S+),(\d+) - {line}$", text, re.M)
    return time.mktime(time.strptime(stamp[1], "%Y-%m-%d %H:%M:%S")) + int(stamp[2]) / 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--layers", type=int, default=1, help="in how many layers the image is")
    for name in ["repo", "disk", "mock"]:
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    disk, repo = Path(args.disk), Path(args.repo)
    shutil.copytree("configs", disk / "configs")

    def mock(where, *words):
        line = [args.mock, "-q", "-r", "mini-x86_64", "--configdir", disk / "configs"]
        line += ["--config-opts", f"basedir={where}/lib", "--config-opts", f"cache_topdir={where}/cache"]
        line += ["--config-opts", f"mini_repo={repo}/repo", "--disable-plugin=root_cache", *words]
        subprocess.run(line, stdin=subprocess.DEVNULL, check=True)

    (source,) = repo.glob("SRPMS/needsnothing-*.src.rpm")
    mock(disk / "first", "--enable-plugin=export_buildroot_image", "--rebuild", source)
    archive = disk / "first/lib/mini-x86_64/result/buildroot-oci.tar"
    registry = disk / "registry"
    registry.mkdir()
    files = publish(archive, registry, args.layers)
    port = serve(registry)
    image = f"127.0.0.1:{port}/bench/mini:1"

    took = {"mock": [], "tar": [], "init": []}
    for number in range(args.rounds):
        where = disk / f"round-{number}"
        where.mkdir()
        start = time.monotonic()
        mock(where, "--buildroot-image", image, "--config-opts", "buildroot_image_ready=True", "--init")
        took["init"].append(time.monotonic() - start)
        text = (where / "lib/mini-x86_64/result/state.log").read_text()
        took["mock"].append(moment(text, "Finish: unpacking image") - moment(text, "Start: chroot init"))
        tree = disk / f"tree-{number}"
        tree.mkdir()
        start = time.monotonic()
        for path in files:
            line = f"gzip -dc {path} | tar -x --numeric-owner -p -C {tree} -f -"
            subprocess.run(["bash", "-o", "pipefail", "-c", line], check=True)
        took["tar"].append(time.monotonic() - start)
        # Its root is mounted.
        mock(where, "--scrub=all")
        for path in [where, tree]:
            shutil.rmtree(path)

    size = sum(path.stat().st_size for path in files)
    mock(disk / "first", "--scrub=all")
    print(f"{len(files)} layers, {size / 1e6:.0f} MB compressed; load {os.getloadavg()[0]:.1f}, {args.rounds} rounds\n")
    print("| what | median | range | ratio |\n|---|---|---|---|")
    base = statistics.median(took["tar"])
    for name, what in [
        ("mock", "pull, digests, unpack: `Start: chroot init` to `Finish: unpacking image`"),
        ("tar", "`gzip -dc \\| tar -x` of the same layers from files"),
        ("init", "`mock --init` as a whole, with nothing there before"),
    ]:
        times = [1000 * t for t in took[name]]
        median = statistics.median(times)
        print(f"| {what} | {median:.0f} ms | {min(times):.0f}-{max(times):.0f} | {median / 1000 / base:.2f} |")


if __name__ == "__main__":
    main()
