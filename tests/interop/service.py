"""Starts the real program on a free port, in a folder of its own."""

import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

DEFAULT = pathlib.Path(__file__).resolve().parents[2] / "target/debug/countersign-service"


class Service:
    def __init__(self, *arguments: str, tls: tuple[str, str] | None = None, **environment: str):
        """With further arguments and environment variables for the program; with TLS, its certificate and key."""
        program = os.environ.get("COUNTERSIGN_SERVICE", str(DEFAULT))
        if not os.access(program, os.X_OK):
            raise SystemExit(f"{program} is not there: run `cargo build -p countersign-server`, or set COUNTERSIGN_SERVICE")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.origin = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
        if tls:
            arguments = (*arguments, "--tls-cert", tls[0], "--tls-key", tls[1])
        self._folder = tempfile.TemporaryDirectory(prefix="countersign-interop-")
        self._log = open(pathlib.Path(self._folder.name) / "log", "w+", encoding="utf-8")
        data = f"{self._folder.name}/data"
        self.data = pathlib.Path(data)
        self.outbox = self.data / "outbox"
        self._command = [program, "--listen", f"127.0.0.1:{port}", "--data", data, "--origin", self.origin,
                         "--large-network", "127.0.0.0/8=1000", *arguments]
        self._own_environment = environment
        self._environment = os.environ | environment
        self._backups = 0
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdout=self._log, stderr=subprocess.STDOUT, env=self._environment
        )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.origin}/.well-known/countersign", timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"the service did not start:\n{self.log()}")

    def _run(self, *command: str) -> None:
        data = self._command[self._command.index("--data") + 1]
        subprocess.run([self._command[0], *command, "--data", data], check=True, stdout=self._log, stderr=self._log)

    def rotate_keys(self, only: str) -> None:
        """A running service takes them up by itself."""
        self._run("keys", "rotate", "--only", only)

    def mailed_link(self, to: str, path: str) -> str:
        """The newest link to a page below the path that was mailed to this address, without its origin."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for file in sorted(self.outbox.glob("*.eml"), reverse=True):
                head, _, body = file.read_text(encoding="utf-8").partition("\n\n")
                if f"To: {to}" not in head.splitlines():
                    continue
                for line in body.splitlines():
                    if line.startswith(f"{self.origin}{path}"):
                        return line.removeprefix(self.origin)
            time.sleep(0.02)
        raise AssertionError(f"no message to {to} with {path}")

    def backup(self) -> str:
        self._backups += 1
        file = f"{self._folder.name}/backup{self._backups}"
        self._run("backup", file)
        return file

    def restore(self, backup: str) -> None:
        """What the service did since the backup is lost, but for its journal."""
        self._process.terminate()
        self._process.wait()
        self._run("restore", "--replace", backup)
        self._start()

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def crash_and_restart(self) -> None:
        """Ends the program with no time to tidy up, as a power cut would."""
        self.restart()

    def restart(self, **environment: str) -> None:
        """The same, and starts it with other environment variables."""
        self._process.kill()
        self._process.wait()
        self._environment = os.environ | self._own_environment | environment
        self._start()

    def is_gone(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._folder.cleanup()
