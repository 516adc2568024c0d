// Which plan a project's files lead to.
#include <gtest/gtest.h>

#include "cli/init/detect.h"
#include "cli/init/scan.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli::planning {
namespace {

Tree tree_of(const std::map<std::string, std::string>& files) {
    Tree tree;
    for (const auto& [path, text] : files) tree.files[path].text = text;
    return tree;
}

Plan plan_of(const std::map<std::string, std::string>& files) {
    return detect(tree_of(files));
}

std::string build_of(const Plan& plan) {
    return join(plan.build, " ; ");
}

bool notes(const Plan& plan, std::string_view key) {
    for (const Note& note : plan.notes) {
        if (note.key == key) return true;
    }
    return false;
}

const std::string kListens = "require('http').createServer(f).listen(process.env.PORT || 4000)";

TEST(InitNode, InstallsByTheLockFileThatIsThere) {
    const std::string package =
        R"({"scripts":{"start":"node server.js","build":"tsc"},"dependencies":{"express":"4"}})";
    const auto with = [&](const std::string& lock) {
        return build_of(plan_of({{"package.json", package}, {"server.js", kListens}, {lock, ""}}));
    };
    EXPECT_EQ(with("package-lock.json"),
              "[ -d node_modules ] || npm ci --include=dev ; npm run build");
    EXPECT_EQ(with("yarn.lock"),
              "[ -d node_modules ] || yarn install --frozen-lockfile --production=false ; "
              "yarn run build");
    EXPECT_EQ(with("pnpm-lock.yaml"),
              "[ -d node_modules ] || pnpm install --frozen-lockfile --prod=false ; "
              "pnpm run build");
    const Plan none = plan_of({{"package.json", package}, {"server.js", kListens}});
    EXPECT_EQ(build_of(none), "npm install --include=dev ; npm run build");
    EXPECT_TRUE(none.cache.empty());
    EXPECT_TRUE(notes(none, "build"));
}

TEST(InitNode, BuildsASiteWhoseFilesAreTemplates) {
    const Plan react =
        plan_of({{"package.json",
                  R"({"scripts":{"start":"react-scripts start","build":"react-scripts build"},)"
                  R"("dependencies":{"react-scripts":"5"}})"},
                 {"yarn.lock", ""},
                 {"public/index.html", "%PUBLIC_URL%"}});
    EXPECT_EQ(react.kind, Kind::site);
    EXPECT_TRUE(react.run.ends_with("--directory build")) << react.run;
    EXPECT_TRUE(build_of(react).ends_with("yarn run build")) << build_of(react);
    const Plan vite = plan_of({{"package.json", R"({"scripts":{"dev":"vite","build":"vite build"},)"
                                                R"("devDependencies":{"vite":"5"}})"},
                               {"package-lock.json", ""},
                               {"index.html", "/src/main.ts"}});
    EXPECT_TRUE(vite.run.ends_with("--directory dist")) << vite.run;
    // A page beside what some package.json builds is a page.
    EXPECT_TRUE(
        plan_of({{"package.json", R"({"scripts":{"build":"make-css"}})"}, {"index.html", "<h1>"}})
            .build.empty());
}

TEST(InitNode, RunsTheProgramItselfWhereTheStartScriptIsOneCommand) {
    const auto run = [](const std::string& start) {
        return plan_of({{"package.json", R"({"scripts":{"start":")" + start +
                                             R"("},"dependencies":{"next":"14"}})"},
                        {"server.js", kListens}})
            .run;
    };
    EXPECT_EQ(run("node server.js"), "exec node server.js");
    EXPECT_EQ(run("NODE_ENV=production node server.js"),
              "exec env NODE_ENV=production node server.js");
    EXPECT_EQ(run("next start -p $PORT"), "exec node_modules/.bin/next start -p $PORT");
    EXPECT_EQ(run("npm run migrate && node server.js"), "exec npm start");
}

TEST(InitNode, TakesPortAndHealthPathOutOfTheProgram) {
    const Plan plan = plan_of({{"package.json", R"({"scripts":{"start":"node server.js"}})"},
                               {"server.js", "app.get('/healthz', f); app.listen(5000);"}});
    EXPECT_EQ(plan.kind, Kind::node);
    EXPECT_EQ(plan.port, 5000);
    EXPECT_EQ(plan.ready_path, "/healthz");
    EXPECT_EQ(plan.socket, Socket::preload);
    EXPECT_TRUE(plan.build.empty());
}

TEST(InitNode, OfAPackageThatOnlyBuildsASiteServesItsOutput) {
    const Plan plan =
        plan_of({{"package.json", R"({"scripts":{"start":"vite","build":"vite build"},)"
                                  R"("devDependencies":{"vite":"5"}})"},
                 {"package-lock.json", ""},
                 {"src/main.js", ""}});
    EXPECT_EQ(plan.kind, Kind::site);
    EXPECT_EQ(build_of(plan), "[ -d node_modules ] || npm ci ; npm run build");
    EXPECT_EQ(plan.run, "exec python3 -m http.server \"$PORT\" --directory dist");
}

TEST(InitNode, SurvivesAPackageThatIsNoJson) {
    for (const char* text : {"", "{", "[]", "null", R"({"scripts":[]})",
                             R"({"scripts":{"start":1}})", R"({"dependencies":7,"main":{}})"}) {
        EXPECT_FALSE(plan_of({{"package.json", text}}).run.empty()) << text;
    }
}

TEST(InitPython, CallsGunicornByThePythonOfAVenv) {
    const Plan plan = plan_of({{"requirements.txt", "flask==3.0\ngunicorn\n"},
                               {"app.py", "from flask import Flask\nweb = Flask(__name__)\n"}});
    EXPECT_EQ(plan.run, "exec .venv/bin/python -m gunicorn --bind 0.0.0.0:\"$PORT\" app:web");
    EXPECT_EQ(build_of(plan),
              "python3 -m venv .venv ; "
              ".venv/bin/python -m pip install -q -r requirements.txt");
    EXPECT_EQ(plan.cache.front().first, ".venv");
}

TEST(InitPython, ServesAsyncAppsByUvicorn) {
    const Plan plan =
        plan_of({{"pyproject.toml", "[project]\ndependencies = [\"fastapi\", \"uvicorn\"]"},
                 {"app/main.py", "app = FastAPI(title='x')\n@app.get(\"/health\")"}});
    EXPECT_EQ(plan.run,
              "exec .venv/bin/python -m uvicorn --host 0.0.0.0 --port \"$PORT\" app.main:app");
    EXPECT_EQ(plan.ready_path, "/health");
    EXPECT_EQ(plan.cache.front().second, "pyproject.toml");
}

TEST(InitPython, FindsDjangosWsgiModule) {
    const std::map<std::string, std::string> files = {
        {"manage.py", ""},
        {"shop/wsgi.py", "application = x()"},
        {"shop/settings.py", "STATIC_ROOT = 'x'"},
        {"package.json", R"({"scripts":{"start":"x"}})"}};
    auto with_gunicorn = files;
    with_gunicorn["requirements.txt"] = "Django\ngunicorn==22\n";
    const Plan plan = plan_of(with_gunicorn);
    EXPECT_EQ(plan.run,
              "exec .venv/bin/python -m gunicorn --bind 0.0.0.0:\"$PORT\" shop.wsgi:application");
    EXPECT_EQ(plan.build.back(), ".venv/bin/python manage.py collectstatic --noinput");
    EXPECT_EQ(plan.before_switch.front(), ".venv/bin/python manage.py migrate --noinput");
    const Plan bare = plan_of(files);
    EXPECT_NE(bare.run.find("manage.py runserver --noreload"), std::string::npos);
    EXPECT_TRUE(notes(bare, "run"));
}

TEST(InitPython, AWorkerIsNotAskedForAPort) {
    const Plan plan = plan_of({{"worker.py", "while True: work()"}});
    EXPECT_EQ(plan.run, "exec python3 worker.py");
    EXPECT_EQ(plan.port, 0);
    EXPECT_TRUE(notes(plan, "run"));
}

TEST(InitGo, HasNoListenUnlessTheProgramTakesIt) {
    const std::string main = "package main\nfunc main() { http.ListenAndServe(\":9000\", nil) }";
    const Plan own = plan_of({{"go.mod", "module example.org/shop/v2\n"}, {"main.go", main}});
    EXPECT_EQ(own.socket, Socket::own);
    EXPECT_EQ(own.port, 9000);
    EXPECT_EQ(build_of(own), "go build -o bin/shop .");
    EXPECT_EQ(own.run, "exec bin/shop");
    const Plan passed = plan_of({{"go.mod", "module shop\n"},
                                 {"cmd/tool/main.go", "package main"},
                                 {"cmd/shop/main.go", "package main\n activation.Listeners()"}});
    EXPECT_EQ(passed.socket, Socket::passed);
    EXPECT_EQ(build_of(passed), "go build -o bin/shop ./cmd/shop");
    EXPECT_TRUE(notes(passed, "build"));
}

TEST(InitRust, TakesTheProgramsNameFromTheManifest) {
    const auto run = [](const std::string& cargo) {
        return plan_of({{"Cargo.toml", cargo}, {"src/main.rs", "TcpListener"}}).run;
    };
    EXPECT_EQ(run("[package]\nname = \"shop\"\n[dependencies]\nname = \"x\""),
              "exec target/release/shop");
    EXPECT_EQ(run("[package]\nname = \"shop\"\n[[bin]]\nname = 'shopd'"),
              "exec target/release/shopd");
    const Plan member = plan_of({{"Cargo.toml", "[workspace]\nmembers = [\"web\"]"},
                                 {"web/Cargo.toml", "[package]\nname = \"web\""},
                                 {"web/src/main.rs", "axum"},
                                 {"Cargo.lock", ""}});
    EXPECT_EQ(member.run, "exec target/release/web");
    EXPECT_EQ(build_of(member), "cargo build --release --locked");
    EXPECT_EQ(member.socket, Socket::preload);
}

TEST(InitRuby, TellsRailsRackAndScriptsApart) {
    const Plan rails = plan_of({{"Gemfile", "gem \"rails\"\ngem \"puma\""},
                                {"Gemfile.lock", ""},
                                {"config.ru", ""},
                                {"config/application.rb", ""}});
    EXPECT_EQ(rails.run, "exec bundle exec puma -b tcp://0.0.0.0:\"$PORT\"");
    EXPECT_EQ(rails.before_switch.front(), "bundle exec rails db:migrate");
    EXPECT_TRUE(notes(rails, "env"));
    const Plan rack = plan_of({{"Gemfile", "gem 'rack'"}, {"config.ru", ""}});
    EXPECT_EQ(rack.run, "exec bundle exec rackup -o 0.0.0.0 -p \"$PORT\"");
    EXPECT_EQ(plan_of({{"server.rb", "TCPServer.new(4321)"}}).run, "exec ruby server.rb");
}

TEST(InitPhp, ServesThePublicFolder) {
    EXPECT_EQ(plan_of({{"index.php", ""}}).run, "exec php -S 0.0.0.0:\"$PORT\" -t .");
    const Plan plan = plan_of({{"composer.json", "{}"},
                               {"composer.lock", ""},
                               {"public/index.php", ""},
                               {"package.json", R"({"scripts":{"build":"vite build"}})"}});
    EXPECT_EQ(plan.kind, Kind::php);
    EXPECT_EQ(plan.run, "exec php -S 0.0.0.0:\"$PORT\" -t public public/index.php");
    EXPECT_EQ(plan.cache.front().first, "vendor");
    EXPECT_TRUE(notes(plan, "build"));  // of package.json
}

TEST(InitCMake, FindsTheExecutableThatIsNoTest) {
    const Plan plan =
        plan_of({{"CMakeLists.txt", "project(shop CXX)\nadd_subdirectory(src)"},
                 {"src/CMakeLists.txt",
                  "add_executable(shop_test a.cpp)\nadd_executable(${PROJECT_NAME} b.cpp)"},
                 {"src/b.cpp", "bind(s, a, n); listen(s, 5);"}});
    EXPECT_EQ(plan.run, "exec build/src/shop");
    EXPECT_EQ(plan.socket, Socket::preload);
    EXPECT_TRUE(plan.cache.empty());  // its cache names the folder of another release
}

TEST(InitMake, RunsWhatItsTargetRunRuns) {
    const auto run = [](const std::string& makefile) {
        return plan_of({{"Makefile", makefile}}).run;
    };
    EXPECT_EQ(run("all:\n\tcc x.c\nrun: all\n\t@./shop --quiet\n"), "exec ./shop --quiet");
    EXPECT_EQ(run("run:\n\tcd bin && ./shop\n"), "exec make run");
    EXPECT_EQ(run("PROG := shop\nall: $(PROG)\n"), "exec ./shop");
    EXPECT_EQ(run("shop: a.c\n\tcc -o shop a.c\n"), "exec ./shop");
    EXPECT_TRUE(notes(plan_of({{"Makefile", "lint:\n\tlint\n"}}), "run"));
}

TEST(InitCompose, CountsOnlyWhereNothingElseRuns) {
    const std::string compose = "services:\n  db:\n    ports:\n      - \"127.0.0.1:8081:80\"\n";
    const Plan alone = plan_of({{"compose.yaml", compose}, {"Dockerfile", ""}});
    EXPECT_EQ(alone.kind, Kind::compose);
    EXPECT_EQ(alone.port, 8081);
    EXPECT_EQ(alone.socket, Socket::own);
    const Plan beside = plan_of({{"compose.yaml", compose}, {"app.py", "serve("}});
    EXPECT_EQ(beside.kind, Kind::python);
    EXPECT_TRUE(notes(beside, "run"));
    // Files run nothing themselves: it is compose that serves them.
    EXPECT_EQ(plan_of({{"compose.yaml", compose}, {"index.html", ""}}).kind, Kind::compose);
}

TEST(InitCompose, IsCalledAsItIsThere) {
    const Plan found = plan_of({{"compose.yaml", "services:\n  db:\n    ports: [\"8080:80\"]\n"}});
    const auto called = [&found](Compose there) {
        Plan plan = found;
        call_compose(plan, there);
        return plan;
    };
    EXPECT_EQ(called(Compose::plugin).run, found.run);
    EXPECT_EQ(called(Compose::plugin).notes.size(), found.notes.size());
    const Plan own = called(Compose::program);
    EXPECT_EQ(own.build, std::vector<std::string>{"docker-compose -p \"$LASTGOOD_APP\" build"});
    EXPECT_EQ(own.run,
              "exec docker-compose -p \"$LASTGOOD_APP\" up --abort-on-container-exit "
              "--remove-orphans");
    EXPECT_TRUE(notes(called(Compose::none), "run"));
    Plan other = plan_of({{"Makefile", "lint:\n\tlint\n"}});
    const auto before = other.notes.size();
    call_compose(other, Compose::none);
    EXPECT_EQ(other.notes.size(), before);
}

TEST(InitScript, IsRunAsItIsMeantTo) {
    Tree tree = tree_of({{"start.sh", "exec ./x --port $PORT"}});
    EXPECT_EQ(detect(tree).run, "exec sh start.sh");
    tree.files["start.sh"].executable = true;
    EXPECT_EQ(detect(tree).run, "exec ./start.sh");
    EXPECT_EQ(detect(tree).socket, Socket::preload);
}

TEST(InitSite, ServesTheFolderOfIndexHtml) {
    EXPECT_EQ(plan_of({{"index.html", ""}}).run, "exec python3 -m http.server \"$PORT\"");
    EXPECT_EQ(plan_of({{"public/index.html", ""}, {"README.md", ""}}).run,
              "exec python3 -m http.server \"$PORT\" --directory public");
}

TEST(InitProcfile, SaysHowToRunWhateverWasFound) {
    const Plan python = plan_of({{"Procfile",
                                  "release: python manage.py migrate\n"
                                  "web: gunicorn shop:app -b :$PORT\n"},
                                 {"requirements.txt", "gunicorn"},
                                 {"main.py", ""}});
    EXPECT_EQ(python.kind, Kind::python);
    EXPECT_EQ(python.run, "exec .venv/bin/python -m gunicorn shop:app -b :$PORT");
    EXPECT_EQ(python.before_switch.front(), ".venv/bin/python manage.py migrate");
    EXPECT_EQ(python.socket, Socket::preload);
    EXPECT_EQ(plan_of({{"Procfile", "web: A=1 ./x $PORT"}}).run, "exec env A=1 ./x $PORT");
    EXPECT_EQ(plan_of({{"Procfile", "web: cd x && ./y"}}).run, "cd x && ./y");
}

TEST(InitProcfile, TellsOfLinesThatAreNotRun) {
    const Plan plan = plan_of({{"Procfile",
                                "# worker: old\nweb: ./x $PORT\nrelease: ./migrate\n"
                                "worker: celery -A shop worker\n"}});
    ASSERT_EQ(plan.notes.size(), 1u);
    EXPECT_EQ(plan.notes[0].key, "run");
    EXPECT_TRUE(plan.notes[0].text.starts_with("Procfile also has worker: celery -A shop worker;"))
        << plan.notes[0].text;
}

TEST(Init, TellsOfADotEnvThatNoReleaseHas) {
    const auto told = [](const std::map<std::string, std::string>& files) -> std::string {
        for (const Note& note : plan_of(files).notes) {
            if (note.key == "env_file") return note.text;
        }
        return {};
    };
    for (const char* name : {".env.example", ".env.sample", ".env.dist", ".env.template"}) {
        EXPECT_NE(told({{name, ""}, {"start.sh", ""}}).find(name), std::string::npos) << name;
    }
    for (const char* line : {".env", "/.env", "node_modules\n.env\n", "*.env", ".env*"}) {
        EXPECT_NE(told({{".gitignore", line}}).find("(.gitignore)"), std::string::npos) << line;
    }
    EXPECT_EQ(told({{".gitignore", "node_modules\n#.env\n!.env\n.env.local\n"}}), "");
    EXPECT_EQ(told({{".env", ""}, {".gitignore", ".env"}}), "");
}

TEST(Init, OfATreeThatTellsNothingSaysSo) {
    const Plan plan = plan_of({{"README.md", ""}});
    EXPECT_TRUE(notes(plan, "run"));
    EXPECT_EQ(plan.kind, Kind::script);
}

TEST(InitScan, FindsThePortThatIsBound) {
    EXPECT_EQ(port_in("listen(3000)"), 3000);
    EXPECT_EQ(port_in("const port = process.env.PORT || 8081;"), 8081);
    EXPECT_EQ(port_in("http.ListenAndServe(\":9090\", nil)"), 9090);
    EXPECT_EQ(port_in("bind(\"0.0.0.0:7000\")"), 7000);
    EXPECT_EQ(port_in("port = 5432\nport = 6000"), 6000);
    for (const char* none : {"year = 2024", "listen(80)", "port = 70000", "port 3000.5", "x3000",
                             "postgres://db:5432/x", ""}) {
        EXPECT_EQ(port_in(none), 0) << none;
    }
}

TEST(InitScan, FindsTheLoopbackThatIsBound) {
    for (const char* text :
         {"server.listen(3100, '127.0.0.1')", "app.listen(3000, \"localhost\", () => log('x'))",
          "fastify.listen({\n  port: 3000,\n  host: 'localhost',\n})",
          "const HOST = process.env.HOST || '127.0.0.1';\napp.listen(port, HOST);",
          "app.run(port=3100, host=\"127.0.0.1\")", "TCPServer.new('127.0.0.1', 3000)",
          "let addr: SocketAddr = \"127.0.0.1:80\".parse();\nTcpListener::bind(addr)",
          "let a = SocketAddr::from(([127, 0, 0, 1], 3000));\naxum::Server::bind(&a)",
          "a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);\nbind(fd, &a, sizeof a);",
          "gunicorn --bind 127.0.0.1:8000 app:app", "exec uvicorn --host=localhost app:app"}) {
        EXPECT_EQ(loopback_in(text), "127.0.0.1") << text;
    }
    EXPECT_EQ(loopback_in("server.listen(3100, '::1')"), "::1");
    EXPECT_EQ(loopback_in("TcpListener::bind(\"[::1]:3000\")"), "::1");
    for (const char* text :
         {"", "app.listen(3000)", "new Pool({host: 'localhost'});\napp.listen(3000, '0.0.0.0')",
          "const db = 'localhost';\napp.listen(port)", "fetch('http://localhost:3000/')",
          "app.listen(3000, () => log(`http://localhost:3000`))", "std::bind(&X::run, this)",
          "server.listen(3000, '::')", "a.s_addr = INADDR_ANY; b.s_addr = INADDR_LOOPBACK;",
          "gunicorn -b 0.0.0.0:8000 app:app", "host 10.127.0.0.1"}) {
        EXPECT_EQ(loopback_in(text), "") << text;
    }
}

TEST(InitProcfile, SaysWhereItListensBeforeTheProgramDoes) {
    const std::string local = "require('http').createServer(f).listen(3100, '127.0.0.1')";
    const auto loopback = [&](const std::string& line) {
        return plan_of({{"server.js", local}, {"Procfile", line}}).loopback;
    };
    EXPECT_EQ(loopback(""), "127.0.0.1");
    EXPECT_EQ(loopback("web: node server.js"), "127.0.0.1");
    EXPECT_EQ(loopback("web: node server.js --host 0.0.0.0"), "");
}

}  // namespace
}  // namespace lastgood::cli::planning
