"""The Debian package: what is in it, and its life in a booted machine, from an install that starts nothing
to a purge that leaves nothing."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

from booted import BootedCase, Machine
from harness import APP_COMMAND, BINARY, ENVIRONMENT, PYTHON, ROOT, SECRET, Repo, run, wait_until

BUILD = pathlib.Path(BINARY).parent
TOOLS = ("cpack", "dpkg-deb", "dpkg-shlibdeps", "lintian", "readelf")
# What a machine changes by itself while packages come and go.
OF_THE_MACHINE = ("/run/", "/tmp/", "/var/tmp/", "/var/log/", "/var/cache/", "/var/lib/dpkg/", "/srv/",
                  "/var/lib/systemd/catalog/", "/var/lib/systemd/linger")


def do(*argv, **options):
    done = run(*argv, timeout=120, **options)
    if done.returncode != 0:
        raise AssertionError(f"{argv}: {done.stdout}{done.stderr}")
    return done.stdout


def build(folder):
    """The package of the program that is tested; nothing is compiled for it."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or not (BUILD / "CPackConfig.cmake").exists():
        raise unittest.SkipTest(f"no {', '.join(missing) or BUILD / 'CPackConfig.cmake'}")
    do("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder,
       "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip",  # quicker
       env={"SOURCE_DATE_EPOCH": "1700000000"})
    (package,) = folder.glob("lastgood_*.deb")
    return package


class Package(BootedCase):
    """One package and one machine for all tests: they tell what became of it, the last one its end."""

    ASKING = """
import json, os, sys, time
sys.path.insert(0, "/srv")
from load import Load
with Load({port}, 2) as load:
    while not os.path.exists("/run/enough"):
        time.sleep(0.05)
print(json.dumps({{"total": load.total, "kinds": load.kinds()}}))
"""

    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory(prefix="lastgood-package-")
        cls.addClassCleanup(place.cleanup)
        cls.folder = pathlib.Path(place.name)
        cls.new = build(cls.folder / "cpack")
        cls.unpacked = cls.folder / "unpacked"
        do("dpkg-deb", "-R", cls.new, cls.unpacked)
        cls.old = cls.older()
        super().setUpClass()

    @classmethod
    def older(cls):
        """The same as a lower version, with another program (by one byte)."""
        tree = cls.folder / "older"
        shutil.copytree(cls.unpacked, tree)
        control = tree / "DEBIAN" / "control"
        control.write_text(re.sub(r"^Version: .*$", "Version: 0.0.9-1", control.read_text(), flags=re.M))
        with open(tree / "usr/bin/lastgood", "ab") as program:
            program.write(b"\0")
        package = cls.folder / "lastgood_0.0.9.deb"
        do("dpkg-deb", "-b", "-Zgzip", "-z1", "--root-owner-group", tree, package)
        return package

    @classmethod
    def make_machine(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.end)
        cls.machine.mount()
        root = cls.machine.root
        srv = root / "srv"
        shutil.rmtree(srv, ignore_errors=True)
        srv.mkdir()
        cls.repo = Repo(srv, "backend")
        for path in (cls.old, cls.new, ROOT / "tests/e2e/load.py"):
            shutil.copy(path, srv)
        (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        (root / "run/enough").unlink(missing_ok=True)
        cls.machine.boot()

    def setUp(self):
        """Nothing: here it is the package that starts the service, or does not."""

    def dpkg(self, *argv):
        return self.ok("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", *argv)

    def install(self, package):
        return self.ok("sh", "-c", f"DEBIAN_FRONTEND=noninteractive dpkg -i /srv/{package.name} 2>&1")

    def active(self):
        return self.inside("systemctl", "is-active", "lastgood").stdout.strip()

    def made(self):
        """Files of the machine that the host has not, but for those that come and go by themselves."""
        upper = self.machine.folder / "u" / "up"
        found = set()
        for folder, folders, files in os.walk(upper):
            for name in (*files, *folders):
                path = pathlib.Path(folder, name)
                inside = "/" + str(path.relative_to(upper))
                whiteout = stat.S_ISCHR(path.lstat().st_mode)
                if not whiteout and not os.path.lexists(inside) and not inside.startswith(OF_THE_MACHINE):
                    found.add(inside)
        return found

    def configure(self):
        app = {"repo": "/srv/backend.git", "run": APP_COMMAND, "listen": f"127.0.0.1:{self.APP}",
               "ready": {"http": "/"}, "probation": "300ms"}
        config = json.dumps({"webhook": {"listen": self.HOOK_LISTEN, "secret_file": self.SECRET_FILE},
                             "apps": {"backend": app}})
        self.ok("sh", "-c", f"echo '{SECRET}' >/etc/lastgood/secret; chmod 600 /etc/lastgood/secret; "
                            "chown -R lastgood: /etc/lastgood/secret /srv/backend.git; "
                            f"echo '{config}' >/etc/lastgood/lastgood.yaml")

    def settled(self):
        wait_until(lambda: self.inside("lastgood", "status").returncode == 0, "the daemon's answer")
        wait_until(lambda: self.status()["state"] == "running", "running")

    def processes(self):
        return self.show("MainPID"), self.status()["pid"]

    def test_lintian_finds_nothing(self):
        done = run("lintian", "--fail-on", "error,warning", self.new, timeout=120)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_its_list_of_parts_names_what_the_program_needs(self):
        program = self.unpacked / "usr/bin/lastgood"
        bill = json.loads((self.unpacked / "usr/share/doc/lastgood/lastgood.cdx.json").read_text())
        self.assertEqual(("CycloneDX", "1.5", 1),
                         (bill["bomFormat"], bill["specVersion"], bill["version"]))
        self.assertRegex(bill["serialNumber"], r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertEqual("2023-11-14T22:13:20Z", bill["metadata"]["timestamp"])
        own = bill["metadata"]["component"]
        self.assertEqual(hashlib.sha256(program.read_bytes()).hexdigest(), own["hashes"][0]["content"])
        self.assertRegex(own["properties"][0]["value"], r"^([0-9a-f]{40}|unknown)$")
        needed = set(re.findall(r"\(NEEDED\)[^\[]*\[([^\]]+)\]", do("readelf", "-d", program)))
        self.assertGreater(len(needed), 5)
        told, refs = set(), set()
        for part in bill["components"]:
            self.assertEqual("library", part["type"])
            self.assertTrue(part["purl"].startswith("pkg:deb/"), part)
            version = do("dpkg-query", "-W", "-f", "${Version}", part["name"])
            self.assertEqual(version, part["version"])
            refs.add(part["bom-ref"])
            told |= {one["value"] for one in part["properties"] if one["name"] == "lastgood:needed"}
        self.assertEqual(needed, told)
        self.assertEqual(len(bill["components"]), len(refs))
        self.assertEqual([{"ref": own["bom-ref"], "dependsOn": sorted(refs)}], bill["dependencies"])
        names = {part["name"] for part in bill["components"]}
        self.assertLessEqual({"nlohmann-json3-dev", "libcli11-dev"}, names)

    def test_of_the_same_program_it_is_the_same(self):
        first = hashlib.sha256(self.new.read_bytes()).hexdigest()
        shutil.rmtree(self.folder / "cpack")
        self.assertEqual(first, hashlib.sha256(build(self.folder / "cpack").read_bytes()).hexdigest())

    def test_the_life_of_it_from_install_to_purge(self):
        before = self.made()
        self.is_installed_and_not_started()
        self.configure()
        self.ok("systemctl", "enable", "--now", "lastgood")
        self.deployed("first")
        self.settled()
        self.is_upgraded_under_load()
        self.a_config_that_the_new_one_refuses_keeps_the_old_daemon()
        self.one_that_is_stopped_stays_stopped()
        self.is_removed_and_comes_back()
        self.dpkg("--purge", "lastgood")
        self.assertEqual("inactive", self.active())
        self.assertEqual(set(), self.made() - before)
        self.assertEqual("", self.inside("pgrep", "-a", "-u", "lastgood").stdout)

    def is_installed_and_not_started(self):
        told = self.install(self.old)
        self.assertIn("no app is configured yet; `lastgood init`", told)
        self.assertIn("/usr/bin/lastgood", self.made())
        self.assertEqual("inactive", self.active())
        self.assertEqual("disabled", self.inside("systemctl", "is-enabled", "lastgood").stdout.strip())
        self.assertEqual("/etc/lastgood/lastgood.yaml",
                         self.ok("dpkg-query", "-W", "-f", "${Conffiles}", "lastgood").split()[0])
        self.assertEqual("750 root lastgood", self.ok("stat", "-c", "%a %U %G", "/etc/lastgood"))
        self.assertEqual("750 lastgood lastgood", self.ok("stat", "-c", "%a %U %G", "/var/lib/lastgood"))
        # Who starts it all the same is told why not.
        self.assertNotEqual(0, self.inside("systemctl", "start", "lastgood").returncode)
        wait_until(lambda: self.active() == "failed", "the unit to be failed")
        journal = self.ok("journalctl", "-u", "lastgood", "--no-pager", "-n", "10")
        self.assertIn("no app is configured yet", journal)
        self.ok("systemctl", "reset-failed")

    def is_upgraded_under_load(self):
        daemon, app = self.processes()
        asking = subprocess.Popen(
            ["nsenter", "-t", self.machine.init, "-a", "--", PYTHON, "-c", self.ASKING.format(port=self.APP)],
            env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
        try:
            self.install(self.new)
            self.settled()
        finally:
            self.inside("touch", "/run/enough")
            out, _ = asking.communicate(timeout=40)
        load = json.loads(out)
        self.assertGreater(load["total"], 20)
        self.assertEqual({}, load["kinds"])
        self.assertNotEqual(daemon, self.show("MainPID"), "the daemon is the new one")
        self.assertEqual(app, self.status()["pid"], "and the app is as it was")
        print(f"@note {load['total']} requests over an upgrade, none failed")

    def a_config_that_the_new_one_refuses_keeps_the_old_daemon(self):
        processes = self.processes()
        self.ok("sh", "-c", "cd /etc/lastgood; cp -p lastgood.yaml kept; echo '{\"nonsense\": 1}' >lastgood.yaml")
        told = self.install(self.new)
        self.assertIn("nonsense", told)
        self.assertIn("systemctl restart lastgood", told)
        self.ok("sh", "-c", "cd /etc/lastgood; cat kept >lastgood.yaml; rm kept")
        self.assertEqual(processes, self.processes())

    def one_that_is_stopped_stays_stopped(self):
        self.ok("systemctl", "stop", "lastgood")
        self.install(self.new)
        self.assertEqual("inactive", self.active())
        self.ok("systemctl", "start", "lastgood")
        self.settled()

    def is_removed_and_comes_back(self):
        commit = self.status()["commit"]
        self.dpkg("--remove", "lastgood")
        self.assertEqual("inactive", self.active())
        self.assertEqual("", self.inside("pgrep", "-a", "-u", "lastgood").stdout)
        self.ok("test", "-s", "/var/lib/lastgood/lastgood.db")
        self.ok("test", "-s", "/etc/lastgood/lastgood.yaml")
        self.install(self.new)
        self.settled()
        self.assertEqual(commit, self.status()["commit"])
        self.assertEqual("enabled", self.ok("systemctl", "is-enabled", "lastgood"))


@unittest.skipUnless(os.environ.get("LASTGOOD_E2E_CLEAN_ROOT"), "LASTGOOD_E2E_CLEAN_ROOT=1 fetches a system for it")
class CleanRoot(unittest.TestCase):
    """In a root of nothing but apt: what the package depends on is all that it needs."""

    LIFE = """
set -e
apt-get -q install -y --no-install-recommends /new.deb
lastgood version
lastgood check 2>&1 | grep 'no app is configured yet'
test "$(stat -c '%a %U %G' /etc/lastgood)" = '750 root lastgood'
mkdir /etc/lastgood/secrets; touch /var/lib/lastgood/lastgood.db
dpkg --remove lastgood; test -e /etc/lastgood/lastgood.yaml; test -e /var/lib/lastgood/lastgood.db
dpkg -i /new.deb; dpkg --purge lastgood
echo "left: $(find / -xdev -name '*lastgood*' ! -path '/proc/*' ! -path '/var/log/*' -print | tr '\\n' ' ')"
"""

    @unittest.skipUnless(shutil.which("mmdebstrap") and os.geteuid() == 0, "needs root and mmdebstrap")
    def test_it_installs_runs_and_leaves_nothing(self):
        release = dict(line.split("=", 1) for line in
                       pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
        with tempfile.TemporaryDirectory(prefix="lastgood-clean-") as place:
            package = build(pathlib.Path(place) / "cpack")
            script = pathlib.Path(place) / "life.sh"
            script.write_text(self.LIFE)
            done = run("mmdebstrap", "--variant=apt", f"--customize-hook=upload {package} /new.deb",
                       f"--customize-hook=upload {script} /life.sh",
                       '--customize-hook=chroot "$1" sh /life.sh', release["VERSION_CODENAME"], "/dev/null",
                       timeout=280)
        self.assertEqual(0, done.returncode, (done.stdout + done.stderr)[-3000:])
        self.assertRegex(done.stdout + done.stderr, r"(?m)^left: ?$")


if __name__ == "__main__":
    unittest.main()
