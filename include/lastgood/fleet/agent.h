// The fleet's agent as a process of its own: `lastgood fleet-agent`, started by the daemon
// (host.h), which never talks to the network itself.
//
// It holds this host's lease in etcd, watches what concerns the host, tells the daemon which commit
// to deploy, and is the group's controller when it is elected. What it must not forget it keeps in
// a file; when it dies the daemon starts it again, and no app notices.
#pragma once

namespace lastgood::fleet {

// Descriptor 3 is the channel to the daemon, whose first message is the settings. Ends with the
// channel or with SIGTERM. Returns the exit code.
int agent_main();

}  // namespace lastgood::fleet
