"""nginx as a reverse proxy before a server."""

import os
import shutil
import subprocess
import time
from contextlib import contextmanager

from .needs import free_ports, missing


@contextmanager
def nginx(folder, upstream, largest="1m"):
    """Run nginx as a proxy of ``upstream`` and yield its address; by default it accepts bodies of 1 MB, as nginx does."""
    program = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])) or missing(
        "nginx is not installed"
    )
    (port,) = free_ports(1)
    folder.mkdir(exist_ok=True)
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""  # its workers would run as nobody, who may not read the folder
    (folder / "nginx.conf").write_text(f"""
        {user} daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
        events {{}}
        http {{ access_log off; {places} client_max_body_size {largest};
            server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {upstream}; proxy_set_header Host $http_host; }} }} }}
    """)
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "start.log")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (folder / "pid").exists():
            assert process.poll() is None, (folder / "start.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
