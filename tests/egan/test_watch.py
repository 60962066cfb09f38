"""The command: what it refuses, and where it answers."""

import signal
import subprocess
import sys
import urllib.request

import pytest

from egan.watch import LOOPBACK, bound, main


def test_what_is_no_folder_is_refused(tmp_path, capsys):
    assert main([str(tmp_path / "none")]) == 2
    assert "is not a folder; give the folder of runs" in capsys.readouterr().err


def test_a_port_that_somebody_has_is_refused(tmp_path, capsys):
    with bound(0) as place:
        port = place.getsockname()[1]
        assert main([str(tmp_path), "--port", str(port)]) == 2
    assert f"--port {port} cannot be had" in capsys.readouterr().err
    assert main([str(tmp_path), "--port", "70000"]) == 2


@pytest.mark.parametrize("module", ["starlette", "uvicorn"])
def test_a_missing_library_is_named_with_its_extra(tmp_path, capsys, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    assert main([str(tmp_path)]) == 2
    assert "pip install 'egan[watch]'" in capsys.readouterr().err


def test_it_answers_on_the_loopback_address_until_ctrl_c(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "egan.watch", str(tmp_path), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        try:
            assert one.stdout is not None
            said = one.stdout.readline()
            url = said.split(" is at ")[1].split()[0]
            assert url.startswith(f"http://{LOOPBACK}:")
            with urllib.request.urlopen(url, timeout=60) as answer:
                assert b"No run is here yet" in answer.read()
            one.send_signal(signal.SIGINT)
            _, trouble = one.communicate(timeout=60)
        finally:
            one.kill()
    assert one.returncode == 0
    assert trouble == ""
    assert not list(tmp_path.iterdir())


def test_help_loads_neither_torch_nor_ray():
    code = (
        "import sys, contextlib\nfrom egan.watch import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "print([name for name in ('torch', 'ray', 'starlette') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    assert "python -m egan.watch runs/" in done.stdout
