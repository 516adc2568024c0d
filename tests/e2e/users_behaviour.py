"""Apps with users of their own under a systemd that has really booted, by what the manual has beside the
unit."""

import re

from booted import BootedCase
from harness import ROOT


def drop_in():
    text = (ROOT / "docs" / "systemd.md").read_text("utf-8")
    (found,) = re.findall(r"```ini\n(\[Service\]\nUser=root\n.*?)```", text, re.S)
    return found


class Users(BootedCase):
    APP_CONFIG = {"user": "games", "build": "id -un >builder"}

    @classmethod
    def prepare(cls, root):
        folder = root / "etc/systemd/system/lastgood.service.d"
        folder.mkdir()
        (folder / "users.conf").write_text(drop_in())

    def user_of(self, pid):
        return self.ok("ps", "-o", "user=", "-p", str(pid))

    def test_an_app_and_its_build_run_as_its_user_and_outlive_a_restart(self):
        self.ok("chown", "-R", "root:", "/srv/backend.git", "/etc/lastgood/secret")
        self.deployed("of its own user")
        pid = self.status()["pid"]
        self.assertEqual("games", self.user_of(pid))
        self.assertEqual("root", self.user_of(self.show("MainPID")))
        self.assertEqual("games", self.ok("sh", "-c", "cat /var/lib/lastgood/apps/backend/current/builder"))
        self.ok("systemctl", "restart", "lastgood")
        self.assertEqual(pid, self.status()["pid"])
        self.deployed("and after it")
        self.assertEqual("games", self.user_of(self.status()["pid"]))
        self.ok("systemctl", "stop", "lastgood")
        self.assertNotEqual(0, self.inside("pgrep", "-u", "games").returncode)
        self.ok("lastgood", "check")
        self.ok("rm", "/etc/systemd/system/lastgood.service.d/users.conf")
        self.assertIn("only root can run it as games, and the daemon runs as lastgood",
                      self.inside("lastgood", "check").stderr)
