"""No request fails: constant load, a new connection each, over everything that can happen."""

import unittest

from harness import Case
from load import Load

REQUESTS_MIN = 10_000


class Traffic(Case):
    alone = True

    def assert_none_failed(self, load):
        self.assertEqual([], [str(failure) for failure in load.failures])

    def test_no_request_fails_over_a_switch_a_dud_a_crash_before_ready_and_a_rollback(self):
        self.app["ready"]["within"] = "1s"
        first = self.first_good()
        with Load(self.app_port) as load:
            self.grow(load, 2000)
            second = self.repo.commit("v2")
            self.push(second)
            self.wait_good(second)
            self.grow(load, 1500)

            dud = self.repo.commit("dud", start="never_ready")
            self.push(dud)
            self.wait_outcome(dud, "failed")
            self.grow(load, 1000)

            crashing = self.repo.commit("crashing", start="exit")
            self.push(crashing)
            self.wait_outcome(crashing, "failed")
            self.grow(load, 1000)

            self.cli_ok("rollback", "backend")
            self.grow(load, 1500)
            goal = max(0, REQUESTS_MIN - load.total)
            self.grow(load, goal)
        self.assert_none_failed(load)
        self.assertGreaterEqual(load.total, REQUESTS_MIN)
        self.assertEqual({"v1", "v2"}, set(load.answered))
        self.assertEqual(first, self.status()["commit"])
        print(f"@note {load.total} requests, 0 failed, the slowest {load.slowest * 1000:.0f} ms")

    def test_whatever_the_app_does_on_term(self):
        for how in ("exit", "ignore", "finish"):
            with self.subTest(how):
                if not self.daemon:
                    self.app["stop"]["timeout"] = "300ms"
                    self.first_good(how, term=how)
                else:
                    commit = self.repo.commit(how, term=how)
                    self.push(commit)
                    self.wait_good(commit)
                with Load(self.app_port) as load:
                    self.grow(load, 300)
                    after = self.repo.commit(f"after-{how}", term=how)
                    self.push(after)
                    self.wait_good(after)
                    self.wait_one_process()
                    self.grow(load, 300)
                self.assert_none_failed(load)
                self.assertEqual({how, f"after-{how}"}, set(load.answered))

    def test_kept_connections_of_an_app_that_announces_their_end(self):
        self.first_good("v1", keep_alive=True)
        with Load(self.app_port, keep_alive=True) as load:
            self.grow(load, 1000)
            second = self.repo.commit("v2", keep_alive=True)
            self.push(second)
            self.wait_good(second)
            self.wait(lambda: load.answered["v2"] > 500, "kept connections to move")
            self.cli_ok("rollback", "backend")
            before = load.answered["v1"]
            self.wait(lambda: load.answered["v1"] > before + 500, "kept connections to move back")
        self.assert_none_failed(load)

    def test_without_keeping_the_previous_release_none_fails_either(self):
        self.app["keep_previous"] = "off"
        self.first_good()
        with Load(self.app_port) as load:
            self.grow(load, 500)
            for version in ("v2", "v3", "v4"):
                commit = self.repo.commit(version)
                self.push(commit)
                self.wait_good(commit)
        self.assert_none_failed(load)

    def test_in_a_crash_loop_after_the_switch_only_held_requests_fail(self):
        threads = 4
        first = self.first_good()
        self.daemon.stop()
        self.app["probation"] = "30s"
        self.serve()
        self.wait_live(first)
        with Load(self.app_port, threads) as load:
            self.grow(load, 500)
            bad = self.repo.commit("bad", crash_after_ms=40)
            self.push(bad)
            row = self.wait_outcome(bad, "rolled_back")
            self.grow(load, 1000)
        crashes = 3
        self.assertLessEqual(len(load.failures), crashes * threads, load.kinds())
        self.assertEqual(set(), set(load.kinds()) - {"cut"}, "a request that waited has failed")
        self.assertGreater(load.answered["bad"], 0, row)
        print(
            f"@note {load.total} requests, {len(load.failures)} held by a crashing process failed, "
            f"the slowest answered {load.slowest * 1000:.0f} ms"
        )

    def test_a_good_app_that_crashes_loses_what_it_held_alone(self):
        threads = 4
        self.first_good()
        with Load(self.app_port, threads) as load:
            self.grow(load, 300)
            pid = self.status()["pid"]
            try:
                self.version("/crash")
            except Exception:  # the crash cuts this very request
                pass
            self.wait(lambda: self.status()["pid"] not in (0, pid), "the restart")
            self.grow(load, 300)
        self.assertLessEqual(len(load.failures), threads, load.kinds())
        self.assertEqual(set(), set(load.kinds()) - {"cut"}, "a request that waited has failed")


if __name__ == "__main__":
    unittest.main()
