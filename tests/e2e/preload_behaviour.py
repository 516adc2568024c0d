"""`adopt: preload`: programs that know nothing of passed sockets, deployed again and again under
load, and those that can't be had this way, refused with the reason."""

import os
import shutil
import unittest

from harness import PYTHON, Case
from load import Load

NODE = """
require("http").createServer((request, response) => response.end("VERSION node"))
    .listen(process.env.PORT);
"""
# npm start, a process manager: a program that starts another through a shell.
NODE_STARTER = """
const child = require("child_process").spawn("node server.js", { shell: true, stdio: "inherit" });
process.on("SIGTERM", () => child.kill());
child.on("exit", (code) => process.exit(code ?? 0));
"""
NODE_CLUSTER = """
const cluster = require("cluster");
if (cluster.isPrimary) {
    cluster.fork();
    cluster.fork();
} else {
    require("./server.js");
}
"""
PYTHON_SERVER = """
import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"VERSION python"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""
PYTHON_STARTER = """
import signal, subprocess, sys

child = subprocess.Popen([sys.executable, "-S", "-E", "server.py"], close_fds=True)
signal.signal(signal.SIGTERM, lambda *_: child.terminate())
child.wait()
"""
PYTHON_ASYNC = """
import asyncio, os

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: 7\\r\\n\\r\\nVERSION loop")
    await writer.drain()
    writer.close()

async def main():
    # A socket of each kind of address.
    server = await asyncio.start_server(answer, None, int(os.environ["PORT"]))
    await server.serve_forever()

asyncio.run(main())
"""
WSGI = """
def application(environ, start_response):
    body = b"VERSION gunicorn"
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
WEBRICK = """
require "webrick"
server = WEBrick::HTTPServer.new(Port: ENV["PORT"].to_i, AccessLog: [],
                                 Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN))
server.mount_proc("/") { |request, response| response.body = "VERSION webrick" }
trap("TERM") { server.shutdown }
server.start
"""
RUBY = """
require "socket"
server = TCPServer.new(ENV["PORT"].to_i)
trap("TERM") { exit! }
loop do
  Thread.new(server.accept) do |client|
    while (line = client.gets) && line != "\\r\\n"; end
    client.write("HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: 7\\r\\n\\r\\nVERSION ruby")
    client.close
  end
end
"""
NGINX = """
daemon off;
worker_processes 2;
error_log stderr;
pid FOLDER/nginx-VERSION.pid;
events {}
http {
    access_log off;
    server {
        listen PORT;
        listen [::]:PORT;
        location / { return 200 "VERSION nginx"; }
    }
}
"""
JAVA = """
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Server {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        byte[] body = "VERSION java".getBytes();
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }
}
"""


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"no {program}")


class Preloaded(Case):
    def setUp(self):
        super().setUp()
        self.app["adopt"] = "preload"
        self.app["env"] = {"PORT": str(self.app_port)}
        self.app["probation"] = "100ms"
        self.app["ready"]["within"] = "20s"

    def commit_program(self, version, files):
        filled = {name: text.replace("VERSION", version) for name, text in files.items()}
        return self.repo.commit(version, files=filled)

    def deploy(self, version, files):
        commit = self.commit_program(version, files)
        self.push(commit)
        self.wait_good(commit)
        return commit

    def check_switches(self, command, **files):
        """Deployed twice under load: with the third release each slot has had two programs."""
        files = {name.replace("_", "."): text for name, text in files.items()}
        self.app["run"] = command
        self.serve_and_look()
        self.deploy("v1", files)
        with Load(self.app_port) as load:
            for version in ("v2", "v3"):
                self.grow(load)
                self.deploy(version, files)
            self.grow(load)
        self.assertEqual([], [str(failure) for failure in load.failures])
        self.assertEqual({"v1", "v2", "v3"}, set(load.answered))
        print(f"@note {self.id().rpartition('.')[2]}: {load.total} requests, 0 failed, "
              f"the slowest {load.slowest * 1000:.0f} ms")


class Programs(Preloaded):
    @needs("node")
    def test_node(self):
        self.check_switches("node server.js", server_js=NODE)

    @needs("node")
    def test_node_started_by_another_program_and_a_shell(self):
        self.check_switches("node start.js", server_js=NODE, start_js=NODE_STARTER)

    @needs("node")
    def test_a_cluster_of_node(self):
        self.check_switches(["node", "cluster.js"], server_js=NODE, cluster_js=NODE_CLUSTER)

    @needs("npm")
    def test_npm_start(self):
        package = '{ "name": "app", "private": true, "scripts": { "start": "node server.js" } }'
        self.app["env"]["HOME"] = str(self.folder)
        self.app["env"]["npm_config_update_notifier"] = "false"
        self.check_switches("npm start", server_js=NODE, package_json=package)

    def test_python_whose_server_asks_for_a_short_queue(self):
        self.check_switches([PYTHON, "-S", "-E", "server.py"], server_py=PYTHON_SERVER)

    def test_python_with_asyncio(self):
        self.check_switches([PYTHON, "-S", "-E", "server.py"], server_py=PYTHON_ASYNC)

    def test_python_started_by_a_program_that_closes_all(self):
        self.check_switches([PYTHON, "-S", "-E", "start.py"], server_py=PYTHON_SERVER,
                            start_py=PYTHON_STARTER)


class Servers(Preloaded):
    @needs("gunicorn")
    def test_gunicorn(self):
        bind = f"0.0.0.0:{self.app_port}"
        self.check_switches(["gunicorn", "-w", "2", "-b", bind, "wsgi"], wsgi_py=WSGI)

    @needs("ruby")
    def test_ruby(self):
        self.check_switches("ruby server.rb", server_rb=RUBY)

    @needs("ruby")
    def test_webrick_which_shuts_its_sockets_down(self):
        self.check_switches("ruby server.rb", server_rb=WEBRICK)

    @needs("nginx")
    def test_nginx(self):
        conf = NGINX.replace("PORT", str(self.app_port)).replace("FOLDER", str(self.folder))
        self.check_switches("nginx -p . -e stderr -c nginx.conf", nginx_conf=conf)

    @needs("javac")
    def test_java(self):
        self.app["build"] = "javac Server.java"
        self.check_switches("java -Xmx64m Server", Server_java=JAVA)


class Around(Preloaded):
    """What comes with it: users, take-over, other ports, refusals."""

    COMMAND = [PYTHON, "-S", "-E", "server.py"]

    def first(self, text=PYTHON_SERVER):
        self.app["run"] = self.COMMAND
        self.serve_and_look()
        return self.deploy("v1", {"server.py": text})

    def environment(self):
        with open(f"/proc/{self.status()['pid']}/environ", "rb") as file:
            entries = file.read().split(b"\0")
        return dict(entry.decode().split("=", 1) for entry in entries if entry)

    def test_the_program_gets_no_descriptor_by_the_protocol_of_systemd(self):
        self.app["env"]["LD_PRELOAD"] = "libc.so.6"
        self.first()
        environment = self.environment()
        self.assertEqual(f"{self.state}/lastgood-preload.so:libc.so.6", environment["LD_PRELOAD"])
        self.assertEqual(f"24:{self.app_port}", environment["LASTGOOD_LISTEN"])
        self.assertEqual([], [name for name in environment if name.startswith("LISTEN_")])

    @unittest.skipUnless(os.geteuid() == 0, "only root can run an app as another user")
    def test_of_another_user(self):
        self.app["user"] = "nobody"
        self.first()
        self.assertEqual("v1", self.version())

    def test_a_daemon_that_follows_a_killed_one_takes_the_socket_over(self):
        self.first()
        before = self.status()["pid"]
        with Load(self.app_port) as load:
            for _ in range(2):
                self.daemon.kill()
                self.daemon.start()
                self.wait(lambda: self.status()["state"] == "running", "the app to be running")
                self.assertEqual(before, self.status()["pid"])
                self.grow(load, 100)
            self.deploy("v2", {"server.py": PYTHON_SERVER})
            self.grow(load, 100)
        self.assertEqual([], [str(failure) for failure in load.failures])

    def test_other_ports_are_left_alone(self):
        text = PYTHON_SERVER.replace(
            "http.server.Threading",
            "import socket\nother = socket.create_server(('127.0.0.1', 0))\n"
            "open('other', 'w').write(str(other.getsockname()[1]))\nhttp.server.Threading",
        )
        commit = self.first(text)
        other = self.state / "apps" / "backend" / "releases" / commit / "other"
        self.assertNotEqual(self.app_port, int(other.read_text()))

    def test_a_static_program_is_refused_with_the_reason(self):
        # Ubuntu's ldconfig is a script before the real one.
        program = next(path for path in ("/sbin/ldconfig.real", "/sbin/ldconfig") if os.path.exists(path))
        self.first()
        for command in ([program], f"exec {program} -p"):
            self.daemon.stop()
            self.app["run"] = command
            self.serve()
            commit = self.commit_program(f"static-{command[0]}", {})
            self.push(commit)
            reason = self.wait_outcome(commit, "failed")["reason"]
            self.assertIn(f"{program} is statically linked", reason)
            self.assertIn("LISTEN_FDS", reason)

    def test_a_program_that_never_binds_the_port_is_told_as_that(self):
        self.app["ready"]["within"] = "1s"
        self.first()
        idle = self.commit_program("idle", {"server.py": "import signal\nsignal.pause()\n"})
        self.push(idle)
        reason = self.wait_outcome(idle, "failed")["reason"]
        self.assertIn("never bound the port of `listen`", reason)
        self.assertEqual("v1", self.version())


if __name__ == "__main__":
    unittest.main()
