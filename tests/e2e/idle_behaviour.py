"""What it costs when nothing happens."""

import time
import unittest

from harness import Case, wait_until


class Idle(Case):
    alone = True

    def processes(self):
        """The daemon and its receiver."""
        pids = [self.daemon.pid]
        children = f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children"
        with open(children, encoding="ascii") as file:
            for pid in file.read().split():
                with open(f"/proc/{pid}/cmdline", "rb") as command:
                    if b"receiver" in command.read():
                        pids.append(int(pid))
        return pids

    def field(self, pid, name):
        """A field of status, summed over all threads for the counters."""
        import pathlib

        total = 0
        folders = [pathlib.Path(f"/proc/{pid}")]
        if name.endswith("switches"):
            folders = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
        for folder in folders:
            for line in (folder / "status").read_text().splitlines():
                if line.startswith(name + ":"):
                    total += int(line.split()[1])
        return total

    def test_under_30_megabytes_and_2_wake_ups_a_second(self):
        self.app["poll"] = "10m"
        self.first_good()
        pids = self.processes()
        self.assertEqual(2, len(pids), "the daemon and its receiver")
        resident = sum(self.field(pid, "VmRSS") for pid in pids) / 1024

        def wakeups():
            return sum(self.field(pid, "voluntary_ctxt_switches") for pid in pids)

        self.wait(lambda: not self.status()["deployment"], "quiet")
        quiet = [wakeups(), time.monotonic()]

        def settled():  # what the last deployment left to do
            now = wakeups()
            if now != quiet[0]:
                quiet[:] = [now, time.monotonic()]
            return time.monotonic() - quiet[1] > 0.4

        try:
            wait_until(settled, "0.4 s without a wake-up", timeout=5)
        except AssertionError:
            pass  # then the count below says how many there are
        seconds = 5
        begun = wakeups()
        end = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() >= end, "the measured time")
        rate = (wakeups() - begun) / seconds
        print(f"@note {resident:.1f} MB resident, {rate:.1f} wake-ups a second")
        self.assertLess(resident, 30)
        self.assertLess(rate, 2)


if __name__ == "__main__":
    unittest.main()
