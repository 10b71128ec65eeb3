"""The container that tests share: none of them meets what another has left."""

import pytest

from tests.box import Box


@pytest.mark.docker
@pytest.mark.parametrize(
    ("agent", "root", "emptied"),
    [
        ("echo x > /tmp/x; mkdir /dev/shm/y; rm -r reference", "true", True),
        ("sleep 1000 & setsid sleep 1000 &", "true", True),  # the recorder ends both
        ("true", "sleep 1000 > /dev/null 2>&1 &", False),
        ("chmod 700 .", "true", False),
        ("ipcmk --shmem 10", "true", False),
    ],
)
def test_what_is_left_is_emptied_or_a_new_container_comes(
    box: Box, agent: str, root: str, emptied: bool
) -> None:
    box.run(agent)
    box.root(root)
    box.close()
    old = box.root("hostname")
    box.freshen()
    assert (box.root("hostname") == old) is emptied
    assert box.root("find ~agent /tmp /dev/shm /run/proctor -mindepth 1") == ""
    assert box.root("stat -c %a ~agent; pgrep sleep; true") == "755\n"
    assert len(box.root("cat /proc/sysvipc/shm").splitlines()) == 1
