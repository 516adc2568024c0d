// The tables, as numbered forward-only migrations. A migration that was released is never changed.
#pragma once

#include <array>

namespace lastgood::store {

inline constexpr std::array kMigrations = {
    R"sql(
CREATE TABLE apps (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL               -- the machine's state, JSON
) STRICT;
CREATE TABLE notes (
    app TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (app, name)
) STRICT;
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,                 -- the forge's
    provider TEXT NOT NULL,
    event TEXT NOT NULL,
    app TEXT NOT NULL,
    ref TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    received_at INTEGER NOT NULL,     -- all times: milliseconds since 1970, UTC
    bytes INTEGER NOT NULL,
    UNIQUE (app, provider, id)
) STRICT;
CREATE INDEX deliveries_by_id ON deliveries (id);
CREATE TABLE deployments (
    id INTEGER PRIMARY KEY,
    app TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    trigger TEXT NOT NULL,
    phase TEXT NOT NULL,
    phase_since INTEGER NOT NULL,
    outcome TEXT NOT NULL,            -- empty while it goes on
    reason TEXT NOT NULL,
    delivery TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    fetching_ms INTEGER,
    building_ms INTEGER,
    starting_ms INTEGER,
    probation_ms INTEGER
) STRICT;
CREATE INDEX deployments_by_app ON deployments (app, id);
CREATE TABLE releases (
    app TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    built INTEGER NOT NULL,           -- 0: half-made
    good_order INTEGER,               -- the higher the later it became good; NULL: never
    run_spec TEXT NOT NULL,
    subject TEXT NOT NULL,
    author TEXT NOT NULL,
    PRIMARY KEY (app, commit_id)
) STRICT;
CREATE TABLE quarantine (
    app TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (app, commit_id)
) STRICT;
CREATE TABLE slots (
    app TEXT NOT NULL,
    place TEXT NOT NULL,              -- blue, green or build
    pid INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    PRIMARY KEY (app, place)
) STRICT;
)sql",
    R"sql(
CREATE INDEX deployments_by_delivery ON deployments (app, delivery) WHERE delivery <> '';
)sql",
    R"sql(
ALTER TABLE releases ADD COLUMN settings TEXT NOT NULL DEFAULT '';  -- the repository's own, JSON
)sql",
    R"sql(
CREATE TABLE samples (
    app TEXT NOT NULL,
    at INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL,
    cpu_permille INTEGER NOT NULL,    -- of one CPU, since the sample before
    descriptors INTEGER NOT NULL,
    threads INTEGER NOT NULL,
    processes INTEGER NOT NULL,
    PRIMARY KEY (app, at)
) STRICT, WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,                 -- of the message, the same for each attempt
    app TEXT NOT NULL,
    target TEXT NOT NULL,
    event TEXT NOT NULL,
    message TEXT NOT NULL,            -- JSON, without secrets
    made_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    failure TEXT NOT NULL,            -- of the last attempt
    UNIQUE (app, target, id)
) STRICT;
CREATE INDEX outbox_by_target ON outbox (app, target, seq);
CREATE TABLE outbox_tally (
    app TEXT NOT NULL,
    target TEXT NOT NULL,
    delivered INTEGER NOT NULL,
    given_up INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    last_event TEXT NOT NULL,
    last_delivered INTEGER NOT NULL,
    last_detail TEXT NOT NULL,
    PRIMARY KEY (app, target)
) STRICT;
CREATE INDEX deployments_by_outcome ON deployments (app, outcome, finished_at);
CREATE INDEX deliveries_by_decision ON deliveries (app, decision);
)sql",
};

}  // namespace lastgood::store
