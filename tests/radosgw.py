"""Runs Ceph's S3 server on loopback: a monitor, a storage daemon in memory, and radosgw.

Where Debian's packages ``radosgw ceph-mon ceph-osd ceph-common`` are installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import which

import trustme

from tests.seaweedfs import ACCESS_KEY, SECRET_KEY, Server, free_ports

PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw")
_CONF = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon},v1:127.0.0.1:{old_mon}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd pool default pg num = 1
osd pool default pg autoscale mode = off
mon max pg per osd = 2000
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
run dir = {folder}
admin socket = {folder}/$name.asok
pid file = {folder}/$name.pid
log file = {folder}/$name.log
mon cluster log file = {folder}/cluster.log
mon data = {folder}/mon
osd data = {folder}/osd
mon data avail crit = -1
rgw data = {folder}/rgw
keyring = {folder}/keyring
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{http} {encrypted}
rgw run sync thread = false
"""


def missing() -> list[str]:
    """The programs that are not installed."""
    return [name for name in PROGRAMS if which(name) is None]


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Over http and https, with the keys of ``seaweedfs``."""
    certificate = trustme.CA()
    certificate.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued = certificate.issue_cert("127.0.0.1", "localhost")
    both = issued.private_key_pem.bytes() + issued.cert_chain_pems[0].bytes()
    (folder / "both.pem").write_bytes(both)
    ports = dict(zip(("mon", "old_mon", "http", "https"), free_ports(4), strict=True))
    fsid = str(uuid.uuid4())
    encrypted = f"ssl_endpoint=127.0.0.1:{ports['https']} ssl_certificate={folder / 'both.pem'}"
    settings = _CONF.format(folder=folder, fsid=fsid, encrypted=encrypted, **ports)
    (folder / "ceph.conf").write_text(settings)
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir()
    with ExitStack() as stack:
        ceph = _Ceph(folder, stack)
        ceph.start_monitor(fsid, ports)
        ceph.start_storage()
        user = ("user", "create", "--uid=t", "--display-name=t")
        keys = (f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
        ceph.run("radosgw-admin", "-n", "client.rgw", *user, *keys)
        ceph.start("radosgw", "-n", "client.rgw", "-f")
        _wait_until_ready(f"http://127.0.0.1:{ports['http']}/")
        yield Server(
            http=f"http://127.0.0.1:{ports['http']}",
            https=f"https://127.0.0.1:{ports['https']}",
            filer=0,
            ca_bundle=str(folder / "ca.pem"),
        )


class _Ceph:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.env = os.environ | {"CEPH_CONF": str(folder / "ceph.conf")}
        self.log = stack.enter_context((folder / "out").open("wb"))

    def run(self, *command: str) -> str:
        result = subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=120, check=False
        )
        if result.returncode:
            raise RuntimeError(f"{' '.join(command)}:\n{result.stderr[-2000:]}")
        return result.stdout.strip()

    def start(self, *command: str) -> None:
        process = subprocess.Popen(command, env=self.env, stdout=self.log, stderr=self.log)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)

    def start_monitor(self, fsid: str, ports: dict[str, int]) -> None:
        keyring, everything = str(self.folder / "keyring"), ("--cap", "mon", "allow *")
        self.run(
            "ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", *everything
        )
        for name in ("client.admin", "client.rgw"):
            caps = ("--cap", "osd", "allow *", "--cap", "mgr", "allow *")
            self.run("ceph-authtool", keyring, "--gen-key", "-n", name, *everything, *caps)
        address = f"[v2:127.0.0.1:{ports['mon']},v1:127.0.0.1:{ports['old_mon']}]"
        monmap = str(self.folder / "monmap")
        self.run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, monmap)
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        self.start("ceph-mon", "-i", "a", "-f")

    def start_storage(self) -> None:
        name, secret = str(uuid.uuid4()), self.run("ceph-authtool", "--gen-print-key")
        secrets = self.folder / "osd.json"
        secrets.write_text(json.dumps({"cephx_secret": secret}))
        self.run("ceph", "osd", "new", name, "-i", str(secrets))
        keyring = str(self.folder / "keyring")
        self.run("ceph-authtool", keyring, "-n", "osd.0", "--add-key", secret)
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", name)
        self.start("ceph-osd", "-i", "0", "-f")


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("radosgw did not start")
